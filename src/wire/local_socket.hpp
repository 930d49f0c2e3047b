// Where a daemon's local socket is by default: what vmmsd makes and vmms looks for.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <string>

namespace vmms::wire {

/// Of the host's daemon, which root runs.
inline constexpr const char* host_socket = "/run/vmms/vmmsd.sock";

/// Of a daemon that the caller runs: the host's for root, else `$XDG_RUNTIME_DIR/vmms/vmmsd.sock`; nothing where there
/// is no such folder.
inline std::optional<std::string> own_socket() {
  if (::geteuid() == 0) return host_socket;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (!runtime || *runtime != '/') return std::nullopt;
  return std::string(runtime) + "/vmms/vmmsd.sock";
}

}  // namespace vmms::wire
