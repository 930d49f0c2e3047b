// The HTTP/1.1 server. Asio is not visible outside this folder.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "wire/http/authenticator.hpp"
#include "wire/http/exchange.hpp"
#include "wire/http/limits.hpp"
#include "wire/http/listener.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vmms::wire::http {

/// The TLS listeners' certificate, in PEM files.
struct TlsFiles {
  std::string certificate = {};  ///< the server's certificate first, then intermediate ones; empty: self-signed
  std::string key = {};          ///< empty: it is in the certificate's file
  std::string state = {};        ///< folder for the self-signed pair: tls-certificate.pem and tls-key.pem
};

struct ServerOptions {
  std::vector<Listener> listeners = {};
  TlsFiles tls = {};
  /// Without it, a listener without TLS must be on loopback: Basic authentication shows the password to the network.
  bool allow_cleartext = false;
  std::size_t threads = 2;
  Limits limits = {};
  Ledger ledger = {};  ///< accounts for connections, requests and answers; a share of the process's one
};

/// Serves from start() to stop(), once. Handlers and authenticator are called on the server's threads. The
/// authenticator and what the handlers refer to must outlive stop(), and a thread that stop() had to leave behind.
class Server {
 public:
  Server(ServerOptions options, Authenticator& authenticator, Protocols protocols);
  /// With one protocol, for listeners that name none.
  Server(ServerOptions options, Authenticator& authenticator, Handlers handlers);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();  ///< stop() without grace

  /// The listeners, in their order, with the ports that they got. Listens on all (but optional ones) or on none, once.
  /// Clients that connect wait until start().
  Result<std::vector<Listener>> open();

  /// Serves; opens first, unless that was done.
  Result<std::vector<Listener>> start();

  /// Reads a certificate and key again, perhaps from other files. Calling the returned function makes new connections
  /// use them; it does nothing where there is no TLS.
  Result<std::function<void()>> read_certificate(const TlsFiles& files);

  /// Accepts no more, closes idle connections, lets answers in progress finish for up to `grace`, then closes all.
  /// False when a handler holds a thread of the server and that thread had to be left behind.
  bool stop(std::chrono::milliseconds grace = std::chrono::seconds(1));

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace vmms::wire::http
