// One HTTP request and its one answer: all that the protocols (wsman, cimxml) see of the network.
#pragma once

#include "base/ledger.hpp"
#include "cim/principal.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace vmms::wire::http {

struct Header {
  std::string name;
  std::string value;
};

struct Response;

struct Request {
  std::string method;  ///< "POST"
  std::string target;  ///< "/wsman"
  std::string content_type;
  std::string body;
  std::vector<Header> headers;
  cim::PrincipalPtr principal = cim::nobody();  ///< the signed-in user
  AccountPtr account = {};                      ///< pays for what the request costs; null: nothing is charged
  std::string peer;                             ///< "127.0.0.1:4711", for the log
  std::optional<std::uint32_t> peer_user_id;    ///< the user on the other end of a local socket, as the kernel says
  bool encrypted = false;
  /// For a request without credentials: the answer to everything that is not open to everybody.
  std::shared_ptr<const Response> refusal = {};

  std::string_view header(std::string_view name) const;  ///< case-insensitive, empty when absent
};

struct Response {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::vector<Header> headers = {};
};

/// Shared by the connection and the code that answers. `respond` may be called from any thread; the first answer
/// counts.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual const Request& request() const = 0;
  /// The request's body, which is no longer in request() then. For the one thread that handles the request.
  virtual std::string take_body() = 0;
  /// Reports how many bytes of the request are still held in the form that was read: the client pays for these from now
  /// on, as long as the exchange lives. Until then it pays for the body. Failure busy when that is too much. Only
  /// inside the handler.
  virtual Status keep(std::size_t bytes) = 0;
  /// False when it was answered before, by the deadline or otherwise, and when the client has as many unread answers as
  /// it may; then an answer says so instead.
  virtual bool respond(Response response) = 0;
  /// From now on the connection owns the deadline: without an answer by then, it sends what `late` returns.
  virtual void expire_at(std::chrono::steady_clock::time_point deadline, std::function<Response()> late) = 0;
};

/// Called on the thread that read the request; must not wait.
using Handler = std::function<void(std::shared_ptr<Exchange>)>;

/// What is served at a path.
struct Endpoint {
  Endpoint() = default;
  template <class Function>
  requires std::is_convertible_v<Function, Handler>
  // NOLINTNEXTLINE(google-explicit-constructor): most endpoints are their handler
  Endpoint(Function who_signed_in) : handler(std::move(who_signed_in)) {}
  Endpoint(Handler who_signed_in, Handler who_did_not, std::function<bool(const Request&)> which = nullptr)
      : handler(std::move(who_signed_in)), for_everybody(std::move(who_did_not)), is_for_everybody(std::move(which)) {}

  Handler handler = {};  ///< null: only `for_everybody` is served
  /// Requests without credentials that `is_for_everybody` picks (null: all) by their header come here, of at most
  /// Limits::everybodys_bytes. Their address pays. This handler answers what is everybody's to know, and
  /// Request::refusal to the rest.
  Handler for_everybody = {};
  std::function<bool(const Request&)> is_for_everybody = {};
};

/// By exact path ("/wsman"); only POST is passed on.
using Handlers = std::map<std::string, Endpoint, std::less<>>;

/// By Listener::protocol: each protocol has its own listeners.
using Protocols = std::map<std::string, Handlers, std::less<>>;

}  // namespace vmms::wire::http
