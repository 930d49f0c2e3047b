// One HTTP connection to a server, as the client needs it: post a body, get the answer, blocking, with a deadline.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace vmms::wire::http {

/// Where a server listens.
struct Endpoint {
  bool encrypted = false;
  std::string host = "127.0.0.1";
  std::string port = "5985";
  std::string path = "/wsman";
  std::string socket = {};  ///< path of a local socket; then host and port have no meaning

  /// Reads `http://host[:port][/path]`, `https://…`, or `unix:/path/of/a/socket`. Ports default to 5985 and 5986, the
  /// path to `/wsman`. A user or password inside the URL is refused: it would show in process lists.
  static Result<Endpoint> parse(std::string_view url);
  std::string url() const;
  /// Whether requests stay on this machine.
  bool is_loopback() const;
  /// `localhost`, or a name below it: this host, whatever a resolver says or whether there is one (RFC 6761 6.3).
  bool is_localhost() const;
};

struct ConnectionOptions {
  bool verify_certificate = true;
  std::string ca_file;  ///< trusted certificates (PEM); empty: those of the system
  std::chrono::milliseconds connect_timeout{10'000};
  std::size_t response_limit = 16U << 20;  ///< bytes of one response body
};

struct HttpAnswer {
  unsigned status = 0;
  std::string reason;
  std::string content_type;
  std::string body;
};

/// Keeps its connection open between calls and opens a new one when the server has closed it. Not thread-safe.
class ClientConnection {
 public:
  ClientConnection(Endpoint endpoint, ConnectionOptions options);
  ~ClientConnection();
  ClientConnection(ClientConnection&&) noexcept;

  const Endpoint& endpoint() const;

  /// Sends one SOAP envelope and waits for the answer, whatever its status. `authorization` is the header's value,
  /// empty for none. Never sent twice: a method may not be repeatable. Errors: unreachable (no connection, cut off),
  /// timed_out, invalid_argument (the CA file), failed (the answer is not acceptable HTTP).
  Result<HttpAnswer> post(const std::string& body, const std::string& authorization,
                          std::chrono::steady_clock::time_point deadline);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace vmms::wire::http
