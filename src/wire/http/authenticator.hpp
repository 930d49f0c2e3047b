// Finds out who the client is, before the server passes a request on; implemented in wire/auth.
#pragma once

#include "wire/http/exchange.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace vmms::wire::http {

/// What a mechanism remembers of a connection: the header that it verified last, or the state of a handshake.
struct MechanismState {
  virtual ~MechanismState() = default;
};

/// Whether the client waits for its answer, as far as that can be known.
enum class Presence : std::uint8_t {
  here,
  finished,  ///< it closed its sending side: most such clients have left, some wait
  gone,
};

/// Of one connection, for its whole life. Used on the connection's thread only, inside `authenticate`; elsewhere a
/// mechanism keeps a share of `mechanism` or `presence`.
struct ConnectionState {
  std::string address = {};  ///< of the peer, without port (IPv6: its /64 network): what failures are counted by
  std::string network = {};  ///< IPv6: the /48 network that the address is in
  std::shared_ptr<MechanismState> mechanism = {};
  std::shared_ptr<std::atomic<Presence>> presence = {};  ///< set by the connection; null: here
};

/// Either a user or an answer that is sent in place of the handler's.
struct Verdict {
  cim::PrincipalPtr principal = cim::nobody();
  std::optional<Response> refusal = {};
};

/// May be called from any thread, during `authenticate` or later, once.
using Verified = std::function<void(Verdict)>;

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// Called on the connection's thread at the end of a request's header: the body does not matter, and is not read
  /// before the verdict. Must not wait. `request` and `state` are valid during the call only. A `verified` that is
  /// never called ends at Limits::answer.
  virtual void authenticate(const Request& request, ConnectionState& state, Verified verified) = 0;
};

}  // namespace vmms::wire::http
