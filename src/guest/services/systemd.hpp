// systemd as a guest's service manager, through systemctl(1) and journalctl(1).
#pragma once

#include "guest/services/service_manager.hpp"

#include <memory>

namespace vmms::guest {

/// `$0` of the scripts, by which a simulated guest knows them.
constexpr std::string_view systemd_list_script = "vmms-systemd-list";
constexpr std::string_view systemd_state_script = "vmms-systemd-state";
constexpr std::string_view systemd_start_script = "vmms-systemd-start";
constexpr std::string_view systemd_stop_script = "vmms-systemd-stop";
constexpr std::string_view systemd_mode_script = "vmms-systemd-mode";

/// `version`: systemd's major version, 0 when unknown. From 247 on systemctl prints times with microseconds; before,
/// whole seconds.
std::unique_ptr<ServiceManager> make_systemd(unsigned version);

/// What systemd reports of a unit once it has unloaded it.
Service unloaded(Service service);
/// not_found, for people.
Error no_such_service(const std::string& name);

}  // namespace vmms::guest
