// The URL of a server.
#include "base/text.hpp"
#include "wire/http/client_connection.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmms::wire::http {

namespace {

Error malformed(std::string_view url, std::string_view what) {
  return error(Failure::invalid_argument,
               fmt::format("\"{}\" is not the URL of a server: {}; write for instance http://127.0.0.1:5985/wsman "
                           "or unix:/run/vmms/vmmsd.sock",
                           url.substr(0, 200), what));
}

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc{} && end == text.data() + text.size() && value >= 1 && value <= 65535;
}

}  // namespace

Result<Endpoint> Endpoint::parse(std::string_view url) {
  Endpoint endpoint;
  constexpr std::string_view local = "unix:";
  if (url.starts_with(local)) {
    endpoint.socket = url.substr(local.size());
    if (!endpoint.socket.starts_with('/')) return malformed(url, "the path of the socket must begin with a slash");
    return endpoint;
  }
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return malformed(url, "it does not begin with http://, https:// or unix:");
  endpoint.encrypted = equals_no_case(url.substr(0, scheme), "https");
  if (!endpoint.encrypted && !equals_no_case(url.substr(0, scheme), "http"))
    return malformed(url, "it does not begin with http://, https:// or unix:");
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' ' || c >= 0x7F; }))
    return malformed(url, "it contains blanks or characters that are not ASCII");

  std::string_view rest = url.substr(scheme + 3);
  const auto slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos && slash + 1 < rest.size()) endpoint.path = rest.substr(slash);
  if (endpoint.path.find('#') != std::string::npos) return malformed(url, "a server's path has no fragment");
  if (authority.find('@') != std::string_view::npos)
    return error(Failure::invalid_argument,
                 "the server's URL must not hold a user or password: use --user and --password-file, or VMMS_USER and "
                 "VMMS_PASSWORD");

  endpoint.port = endpoint.encrypted ? "5986" : "5985";
  if (authority.starts_with('[')) {
    const auto bracket = authority.find(']');
    if (bracket == std::string_view::npos) return malformed(url, "the closing bracket of the address is missing");
    endpoint.host = authority.substr(1, bracket - 1);
    authority.remove_prefix(bracket + 1);
    in6_addr address{};
    if (inet_pton(AF_INET6, endpoint.host.c_str(), &address) != 1)
      return malformed(url, "no IPv6 address stands between the brackets");
    if (!authority.empty() && authority.front() != ':') return malformed(url, "only a port may follow the address");
  } else {
    endpoint.host = authority.substr(0, authority.find(':'));
    authority.remove_prefix(endpoint.host.size());
  }
  if (endpoint.host.empty() || endpoint.host.find_first_of("[]?#\\") != std::string::npos)
    return malformed(url, "it names no host");
  if (!authority.empty()) {
    endpoint.port = authority.substr(1);
    if (!is_port(endpoint.port)) return malformed(url, "the port is not a number from 1 to 65535");
  }
  return endpoint;
}

std::string Endpoint::url() const {
  if (!socket.empty()) return "unix:" + socket;
  const bool brackets = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}{}", encrypted ? "https" : "http", brackets ? "[" : "", host, brackets ? "]" : "",
                     port, path);
}

bool Endpoint::is_localhost() const {
  constexpr std::string_view localhost = "localhost";
  std::string_view name = host;
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() < localhost.size()) return false;
  const std::string_view before = name.substr(0, name.size() - localhost.size());
  return equals_no_case(name.substr(before.size()), localhost) && (before.empty() || before.ends_with('.'));
}

bool Endpoint::is_loopback() const {
  if (!socket.empty()) return true;
  if (is_localhost()) return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

}  // namespace vmms::wire::http
