// Where the server listens, as options and the ready line write it: "127.0.0.1:5985", "[::1]:5986", or the path of a
// local socket.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmms::wire::http {

struct Listener {
  std::string address;     ///< numeric, without brackets
  std::uint16_t port = 0;  ///< 0: the kernel chooses
  bool tls = false;
  std::string protocol = {};  ///< the protocol whose handlers answer there, see Protocols
  std::string path = {};      ///< of a local (Unix) socket; then there is neither address nor port
  std::string group = {};     ///< whose members may use the local socket; empty: only its owner and root

  bool is_optional = false;  ///< when it cannot be opened, the server goes on without it

  bool is_local() const { return !path.empty(); }
  friend bool operator==(const Listener&, const Listener&) = default;
};

/// Reads ADDR:PORT. ADDR is an IPv4 address, an IPv6 address in brackets, `localhost` (127.0.0.1) or `*` (every address
/// of the host, both families). Names are not looked up. Failure invalid_argument.
Result<Listener> parse_listener(std::string_view text, bool tls);

/// ADDR:PORT again, or the path.
std::string to_string(const Listener& listener);

/// Whether only this host can reach it.
bool is_loopback(const Listener& listener);

}  // namespace vmms::wire::http
