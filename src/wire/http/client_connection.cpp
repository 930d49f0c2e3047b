#include "wire/http/client_connection.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <optional>
#include <utility>
#include <vector>

namespace vmms::wire::http {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace ssl = asio::ssl;
using boost::system::error_code;
using Deadline = std::chrono::steady_clock::time_point;
using Tcp = asio::ip::tcp;
using Protocol = asio::generic::stream_protocol;  // TCP and local sockets
using Stream = beast::basic_stream<Protocol>;

constexpr std::uint32_t header_limit = 64U << 10;
constexpr std::size_t read_size = 64U << 10;

// OpenSSL's own words for why it does not trust the server ("self-signed certificate", "Hostname mismatch").
std::string verification_failure(SSL* session) {
  const long result = SSL_get_verify_result(session);
  return result == X509_V_OK ? std::string{} : X509_verify_cert_error_string(result);
}

}  // namespace

class ClientConnection::Implementation {
 public:
  Implementation(Endpoint endpoint, ConnectionOptions options)
      : endpoint_(std::move(endpoint)), options_(std::move(options)) {
    buffer_.reserve(read_size);  // of a small buffer, Beast reads 512 bytes at a time
  }

  const Endpoint& endpoint() const { return endpoint_; }

  Result<HttpAnswer> post(const std::string& body, const std::string& authorization, Deadline deadline) {
    if (closed_by_server()) close();
    if (!is_open()) {
      if (const Status opened = open(deadline); !opened) {
        close();
        return opened.error();
      }
    }
    http::request<http::string_body> request(http::verb::post, endpoint_.path, 11);
    request.set(http::field::host, host_header());
    request.set(http::field::user_agent, "vmms");
    request.set(http::field::content_type, "application/soap+xml;charset=UTF-8");
    if (!authorization.empty()) request.set(http::field::authorization, authorization);
    request.body() = body;
    request.prepare_payload();
    auto answer = encrypted_ ? exchange(*encrypted_, request, deadline) : exchange(*plain_, request, deadline);
    if (!answer) close();
    return answer;
  }

 private:
  bool is_open() const { return plain_ || encrypted_; }
  Stream& transport() { return encrypted_ ? encrypted_->next_layer() : *plain_; }

  void close() {
    plain_.reset();
    encrypted_.reset();
    buffer_.clear();
  }

  // Anything readable between two exchanges means that the server has ended this connection (or is confused).
  bool closed_by_server() {
    if (!is_open()) return false;
    char byte = 0;
    const auto count = ::recv(transport().socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK) || buffer_.size() != 0;
  }

  // Runs one asynchronous operation to its end; the stream's timer is what bounds it.
  template <class Start>
  error_code wait(Start start) {
    error_code result = asio::error::operation_aborted;
    start([&result](error_code failure, auto&&...) { result = failure; });
    context_.restart();
    context_.run();
    return result;
  }

  Result<std::vector<Protocol::endpoint>> find_addresses() {
    std::vector<Protocol::endpoint> addresses;
    if (!endpoint_.socket.empty()) {
      if (endpoint_.socket.size() >= sizeof(sockaddr_un::sun_path))
        return error(Failure::invalid_argument, fmt::format("{}: the path is too long for a socket", endpoint_.url()));
      addresses.emplace_back(asio::local::stream_protocol::endpoint(endpoint_.socket));
      return addresses;
    }
    for (const std::string& host :
         endpoint_.is_localhost() ? std::vector<std::string>{"::1", "127.0.0.1"} : std::vector{endpoint_.host}) {
      Tcp::resolver resolver(context_);
      error_code failure;
      const auto found = resolver.resolve(host, endpoint_.port, failure);
      if (failure)
        return error(Failure::unreachable, fmt::format("cannot find the host \"{}\" of {}: {}", endpoint_.host,
                                                       endpoint_.url(), failure.message()));
      for (const auto& entry : found) addresses.emplace_back(entry.endpoint());
    }
    return addresses;
  }

  Status open(Deadline deadline) {
    const Deadline connect_by = std::min(deadline, std::chrono::steady_clock::now() + options_.connect_timeout);
    auto addresses = find_addresses();
    if (!addresses) return addresses.error();
    Stream stream(context_);
    stream.expires_at(connect_by);
    error_code failure = wait([&](auto done) { stream.async_connect(*addresses, std::move(done)); });
    if (!endpoint_.socket.empty() && failure == asio::error::access_denied)
      return error(
          Failure::access_denied,
          fmt::format(
              "you may not use {}: it is for the user who runs vmmsd, for root, and for the group that "
              "vmmsd --socket-group names; to ask over the network instead, name a user (--user NAME, VMMS_USER) and "
              "no unix: server",
              endpoint_.url()));
    if (failure == asio::error::connection_refused || failure == boost::system::errc::no_such_file_or_directory)
      return error(Failure::unreachable,
                   fmt::format("nothing listens at {}: is vmmsd running there? Start it, or name the right server with "
                               "--server URL or VMMS_SERVER",
                               endpoint_.url()));
    if (failure == beast::error::timeout)
      return error(
          Failure::unreachable,
          fmt::format("{} did not answer the connection attempt: check the address, and that no firewall drops "
                      "port {}",
                      endpoint_.url(), endpoint_.port));
    if (failure)
      return error(Failure::unreachable, fmt::format("cannot connect to {}: {}", endpoint_.url(), failure.message()));
    error_code ignored;
    stream.socket().set_option(Tcp::no_delay(true), ignored);
    if (!endpoint_.encrypted) {
      plain_.emplace(std::move(stream));
      return {};
    }
    return encrypt(std::move(stream), connect_by);
  }

  Status encrypt(Stream stream, Deadline connect_by) {
    if (const Status ready = prepare_tls(); !ready) return ready;
    encrypted_.emplace(std::move(stream), *tls_);
    SSL* session = encrypted_->native_handle();
    error_code not_an_address;
    asio::ip::make_address(endpoint_.host, not_an_address);
    if (not_an_address) SSL_set_tlsext_host_name(session, endpoint_.host.c_str());
    if (options_.verify_certificate) encrypted_->set_verify_callback(ssl::host_name_verification(endpoint_.host));
    transport().expires_at(connect_by);
    const error_code failure =
        wait([&](auto done) { encrypted_->async_handshake(ssl::stream_base::client, std::move(done)); });
    if (!failure) return {};
    if (const std::string reason = verification_failure(session); !reason.empty())
      return error(Failure::unreachable,
                   fmt::format("the certificate of {} is not trusted: {}. Name the authority that signed it with --ca "
                               "FILE (--insecure switches the check off)",
                               endpoint_.url(), reason));
    if (failure == beast::error::timeout)
      return error(Failure::unreachable, fmt::format("{} did not answer the TLS handshake", endpoint_.url()));
    return error(Failure::unreachable, fmt::format("cannot agree on TLS with {}: {} (does this port speak https?)",
                                                   endpoint_.url(), failure.message()));
  }

  Status prepare_tls() {
    if (tls_) return {};
    ssl::context context(ssl::context::tls_client);
    error_code failure;
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    if (options_.verify_certificate) {
      context.set_verify_mode(ssl::verify_peer, failure);
      if (options_.ca_file.empty())
        context.set_default_verify_paths(failure);
      else
        context.load_verify_file(options_.ca_file, failure);
      if (failure)
        return error(Failure::invalid_argument,
                     fmt::format("cannot read certificates from \"{}\": {}", options_.ca_file, failure.message()));
    }
    tls_.emplace(std::move(context));
    return {};
  }

  template <class AnyStream>
  Result<HttpAnswer> exchange(AnyStream& stream, const http::request<http::string_body>& request, Deadline deadline) {
    transport().expires_at(deadline);
    error_code failure = wait([&](auto done) { http::async_write(stream, request, std::move(done)); });
    // A server may answer and close before it has read everything; its answer is worth more than "broken pipe".
    if (failure && failure != asio::error::broken_pipe && failure != asio::error::connection_reset)
      return describe(failure);
    http::response_parser<http::string_body> parser;
    parser.header_limit(header_limit);
    parser.body_limit(options_.response_limit);
    failure = wait([&](auto done) { http::async_read(stream, buffer_, parser, std::move(done)); });
    if (failure) return describe(failure);
    auto message = parser.release();
    HttpAnswer answer;
    answer.status = message.result_int();
    answer.reason = std::string(message.reason());
    answer.content_type = std::string(message[http::field::content_type]);
    answer.body = std::move(message.body());
    if (!message.keep_alive()) close();
    return answer;
  }

  Error describe(error_code failure) const {
    const std::string url = endpoint_.url();
    if (failure == beast::error::timeout)
      return error(Failure::timed_out,
                   fmt::format("{} did not answer in time; what was asked may still go on there (--timeout SECONDS "
                               "waits longer)",
                               url));
    if (failure == http::error::body_limit || failure == http::error::header_limit ||
        failure == http::error::buffer_overflow)
      return error(Failure::failed, fmt::format("the answer of {} is larger than the {} MiB that are accepted", url,
                                                options_.response_limit >> 20));
    if (failure == http::error::end_of_stream || failure == http::error::partial_message ||
        failure == asio::error::eof || failure == asio::error::connection_reset ||
        failure == asio::error::broken_pipe || failure == ssl::error::stream_truncated)
      return error(
          Failure::unreachable,
          fmt::format("{} closed the connection {}; what was asked may have been done", url,
                      failure == http::error::partial_message ? "in the middle of its answer" : "without an answer"));
    if (failure.category() == http::make_error_code(http::error::bad_version).category())
      return error(Failure::failed,
                   fmt::format("what answers at {} does not speak HTTP as it should: {}{}", url, failure.message(),
                               endpoint_.encrypted ? "" : " (is it an https port?)"));
    return error(Failure::unreachable, fmt::format("the connection to {} broke: {}", url, failure.message()));
  }

  std::string host_header() const {
    if (!endpoint_.socket.empty()) return "localhost";
    const bool brackets = endpoint_.host.find(':') != std::string::npos;
    return fmt::format("{}{}{}:{}", brackets ? "[" : "", endpoint_.host, brackets ? "]" : "", endpoint_.port);
  }

  Endpoint endpoint_;
  ConnectionOptions options_;
  asio::io_context context_{1};
  std::optional<ssl::context> tls_;
  std::optional<Stream> plain_;
  std::optional<beast::ssl_stream<Stream>> encrypted_;
  beast::flat_buffer buffer_;
};

ClientConnection::ClientConnection(Endpoint endpoint, ConnectionOptions options)
    : implementation_(std::make_unique<Implementation>(std::move(endpoint), std::move(options))) {}
ClientConnection::~ClientConnection() = default;
ClientConnection::ClientConnection(ClientConnection&&) noexcept = default;

const Endpoint& ClientConnection::endpoint() const { return implementation_->endpoint(); }

Result<HttpAnswer> ClientConnection::post(const std::string& body, const std::string& authorization,
                                          Deadline deadline) {
  return implementation_->post(body, authorization, deadline);
}

}  // namespace vmms::wire::http
