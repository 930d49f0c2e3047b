// Who asks? The server puts this question before it hands a request on; the answers lie in wire/auth.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "wire/http/exchange.hpp"

namespace vmms::wire::http {

/// What a mechanism remembers of a connection: the header it verified last, or how far a handshake has come.
struct MechanismState {
  virtual ~MechanismState() = default;
};

/// Of one connection, for its whole life. Touched on the connection's thread only, inside `authenticate`; what a
/// mechanism needs elsewhere it takes along as a share of `mechanism`.
struct ConnectionState {
  std::string address;  ///< of the peer, without port (IPv6: its /64 network): what failures are counted by
  std::shared_ptr<MechanismState> mechanism;
};

/// Either somebody or an answer that is sent in place of the handler's.
struct Verdict {
  cim::PrincipalPtr principal = cim::nobody();
  std::optional<Response> refusal = {};
  std::chrono::milliseconds delay{0};  ///< how long the refusal is held back; costs a timer, no thread
};

/// May be called from any thread, during `authenticate` or later, once.
using Verified = std::function<void(Verdict)>;

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// Called on the connection's thread with a whole request; must not wait. `request` and `state` are valid during the
  /// call only. A `verified` that nobody calls ends at Limits::answer.
  virtual void authenticate(const Request& request, ConnectionState& state, Verified verified) = 0;
};

}  // namespace vmms::wire::http
