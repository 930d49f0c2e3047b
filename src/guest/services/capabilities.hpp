// What the agent of a guest allows, and what it reports of its system.
#pragma once

#include <string>
#include <string_view>

namespace vmms::guest {

/// What guest-get-osinfo of the agent for Windows says.
inline constexpr std::string_view windows_id = "mswindows";

/// What was learnt from the agent of the current connection.
struct Capabilities {
  std::string agent_version;     ///< of qemu-guest-agent
  bool can_execute = false;      ///< guest-exec and guest-exec-status are allowed
  bool can_write_files = false;  ///< guest-file-open/-write/-close are allowed
  bool can_freeze = false;       ///< guest-fsfreeze-* are allowed
  std::string forbidden;         ///< which of the needed commands the agent forbids, for people ("guest-exec, …")
  std::string os_id;             ///< guest-get-osinfo: "debian"; empty when not reported
  std::string os_name;           ///< "Debian GNU/Linux 12 (bookworm)"
  std::string os_version;
  std::string kernel_release;
  std::string machine;
  std::string service_manager;  ///< "systemd"; empty: none known
  std::string confinement;      ///< SELinux's context that the agent is confined to; empty: it is not
  std::string reason;           ///< why there is no service manager, and what to do; empty where there is one
};

}  // namespace vmms::guest
