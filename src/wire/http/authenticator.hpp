// Who asks? The server puts this question before it hands a request on; the answers lie in wire/auth.
#pragma once

#include "wire/http/exchange.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace vmms::wire::http {

/// What a mechanism remembers of a connection: the header it verified last, or how far a handshake has come.
struct MechanismState {
  virtual ~MechanismState() = default;
};

/// Whether the client waits for its answer, as far as anybody can know.
enum class Presence : std::uint8_t {
  here,
  finished,  ///< it said that it sends no more: most who do so have left, some wait
  gone,
};

/// Of one connection, for its whole life. Touched on the connection's thread only, inside `authenticate`; what a
/// mechanism needs elsewhere it takes along as a share of `mechanism` or `presence`.
struct ConnectionState {
  std::string address = {};  ///< of the peer, without port (IPv6: its /64 network): what failures are counted by
  std::string network = {};  ///< IPv6: the /48 network that the address is in
  std::shared_ptr<MechanismState> mechanism = {};
  std::shared_ptr<std::atomic<Presence>> presence = {};  ///< set by the connection; null: here
};

/// Either somebody or an answer that is sent in place of the handler's.
struct Verdict {
  cim::PrincipalPtr principal = cim::nobody();
  std::optional<Response> refusal = {};
};

/// May be called from any thread, during `authenticate` or later, once.
using Verified = std::function<void(Verdict)>;

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// Called on the connection's thread at the end of a request's header: the body counts for nothing, and is not read
  /// before the verdict. Must not wait. `request` and `state` are valid during the call only. A `verified` that nobody
  /// calls ends at Limits::answer.
  virtual void authenticate(const Request& request, ConnectionState& state, Verified verified) = 0;
};

}  // namespace vmms::wire::http
