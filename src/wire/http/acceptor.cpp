#include "wire/http/acceptor.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/core.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace vmms::wire::http {

using boost::asio::ip::tcp;
using Local = boost::asio::local::stream_protocol;

namespace {

Error cannot_listen(const Listener& listener, std::string_view why) {
  return error(Failure::failed, fmt::format("cannot listen on {}: {}", to_string(listener), why));
}

Error cannot_listen(const Listener& listener, int number) {
  return cannot_listen(listener, std::error_code(number, std::generic_category()).message());
}

tcp::endpoint to_tcp(const Protocol::endpoint& endpoint) {
  tcp::endpoint address;
  if (endpoint.size() > address.capacity()) return address;
  std::memcpy(address.data(), endpoint.data(), endpoint.size());
  address.resize(endpoint.size());
  return address;
}

Status open_network(Acceptor& acceptor, Listener& listener) {
  boost::system::error_code ec;
  const auto failed = [&] {
    const char* hint = "";
    if (ec == boost::asio::error::address_in_use) {
      hint = "; another program has this port (ss -ltnp shows which), choose another one";
    } else if (ec == boost::asio::error::access_denied) {
      hint = "; ports below 1024 are for root, choose a higher one";
    } else if (ec == boost::system::errc::address_not_available) {
      hint = "; no network interface of this host has that address";
    }
    return cannot_listen(listener, ec.message() + hint);
  };
  const tcp::endpoint endpoint(boost::asio::ip::make_address(listener.address, ec), listener.port);
  if (ec) return failed();
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(boost::asio::socket_base::reuse_address(true), ec);
  if (!ec && endpoint.address().is_v6()) acceptor.set_option(boost::asio::ip::v6_only(false), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(boost::asio::socket_base::max_listen_connections, ec);
  if (ec) return failed();
  listener.port = to_tcp(acceptor.local_endpoint(ec)).port();
  if (ec) return failed();
  return {};
}

/// Whether a process answers on the socket of this path.
bool is_served(const std::string& path) {
  boost::asio::io_context context;
  Local::socket probe(context);
  boost::system::error_code ec;
  probe.connect(Local::endpoint(path), ec);
  return !ec;
}

Status open_local(Acceptor& acceptor, const Listener& listener) {
  const std::string& path = listener.path;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return cannot_listen(listener, "the path is too long for a socket");
  const group* members = listener.group.empty() ? nullptr : ::getgrnam(listener.group.c_str());
  if (!listener.group.empty() && !members) {
    return cannot_listen(
        listener, fmt::format("there is no group {}; make it with: groupadd {}", listener.group, listener.group));
  }
  std::error_code failure;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), failure);
  if (failure) return cannot_listen(listener, failure.message());
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISSOCK(status.st_mode)) return cannot_listen(listener, "there is a file of another kind");
    if (is_served(path))
      return error(
          Failure::already_exists,
          fmt::format("cannot listen on {}: another process serves it; choose another path with --socket", path));
    ::unlink(path.c_str());
  }

  boost::system::error_code ec;
  acceptor.open(Local(), ec);
  if (ec) return cannot_listen(listener, ec.value());
  // A process that may write to the file may connect: only ours until its mode and owner are set.
  const mode_t before = ::umask(0177);
  acceptor.bind(Local::endpoint(path), ec);
  ::umask(before);
  if (ec) return cannot_listen(listener, ec.value());
  if (members) {
    if (::chown(path.c_str(), static_cast<uid_t>(-1), members->gr_gid) != 0 || ::chmod(path.c_str(), 0660) != 0)
      return cannot_listen(listener, fmt::format("it cannot be given to the group {}: {}", listener.group,
                                                 std::error_code(errno, std::generic_category()).message()));
  }
  acceptor.listen(boost::asio::socket_base::max_listen_connections, ec);
  if (ec) return cannot_listen(listener, ec.value());
  return {};
}

}  // namespace

Status open(Acceptor& acceptor, Listener& listener) {
  if (!listener.is_local()) return open_network(acceptor, listener);
  const Status opened = open_local(acceptor, listener);
  // A socket that is bound and of no use must not be left behind.
  boost::system::error_code ec;
  if (!opened && acceptor.is_open() && acceptor.local_endpoint(ec).size() > sizeof(sa_family_t) && !ec)
    remove_socket_file(listener);
  return opened;
}

void remove_socket_file(const Listener& listener) {
  if (listener.is_local()) ::unlink(listener.path.c_str());
}

Connection::Peer peer_of(Socket& socket, bool encrypted) {
  Connection::Peer peer;
  peer.encrypted = encrypted;
  boost::system::error_code ec;
  const Protocol::endpoint endpoint = socket.remote_endpoint(ec);
  if (!ec && endpoint.protocol().family() == AF_UNIX) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      peer.user_id = credentials.uid;
      peer.text = fmt::format("process {} of user {}", credentials.pid, credentials.uid);
      peer.address = fmt::format("user {}", credentials.uid);
    }
    return peer;
  }
  const tcp::endpoint tcp_endpoint = to_tcp(endpoint);
  boost::asio::ip::address address = tcp_endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  }
  peer.text = to_string(Listener{.address = address.to_string(), .port = tcp_endpoint.port()});
  if (address.is_v6()) {
    auto bytes = address.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));  // one customer has at least a /64
    peer.address = boost::asio::ip::address_v6(bytes).to_string() + "/64";
    std::fill(bytes.begin() + 6, bytes.begin() + 8, static_cast<unsigned char>(0));  // many have a /48
    peer.network = boost::asio::ip::address_v6(bytes).to_string() + "/48";
  } else {
    peer.address = address.to_string();
  }
  return peer;
}

}  // namespace vmms::wire::http
