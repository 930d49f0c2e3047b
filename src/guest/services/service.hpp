// A service of the guest's own service manager, as it was found at one moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vmms::guest {

/// Whether a service starts with its guest, and whether it can be started at all.
enum class StartMode : std::uint8_t { automatic, manual, disabled };

/// The states of other service managers are given in systemd's words. Texts are the service manager's own words
/// (systemd: `systemctl show`), empty when it has none.
struct Service {
  std::string name;  ///< canonical unit name, "nginx.service"; aliases are resolved
  std::string description;
  std::string load_state;                    ///< loaded, not-found, masked, bad-setting, error
  std::string active_state;                  ///< active, reloading, inactive, failed, activating, deactivating
  std::string sub_state;                     ///< running, exited, dead, …
  std::string unit_file_state;               ///< enabled, disabled, static, masked, …
  std::string type;                          ///< simple, exec, forking, oneshot, notify, dbus, idle
  std::string result;                        ///< success, exit-code, timeout, signal, start-limit-hit, …
  std::uint32_t main_process_id = 0;         ///< 0: none
  std::optional<std::uint32_t> exit_status;  ///< of the last main process that ended
  std::optional<std::uint32_t> exit_signal;  ///< the signal that ended it
  std::optional<std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>> state_changed;

  bool exists() const { return load_state != "not-found" && !load_state.empty(); }
  bool started() const { return active_state == "active" || active_state == "reloading"; }
  bool starting() const { return active_state == "activating"; }
  StartMode start_mode() const {
    if (unit_file_state.starts_with("masked")) return StartMode::disabled;
    return unit_file_state.starts_with("enabled") || unit_file_state == "generated" ? StartMode::automatic
                                                                                    : StartMode::manual;
  }
};

/// Which kind of check in a unit failed, so that systemd started nothing.
enum class Unmet : std::uint8_t { none, condition, assertion };

/// What StartService, StopService or ChangeStartMode led to.
struct ServiceOutcome {
  Service service;                     ///< the state read after the action, in the same agent command
  std::uint32_t exit_status = 0;       ///< of the service manager's tool; 0: it says that it worked
  std::string message;                 ///< what the tool printed
  std::vector<std::string> log_lines;  ///< the service's last log lines, when the action failed
  Unmet unmet = Unmet::none;
};

}  // namespace vmms::guest
