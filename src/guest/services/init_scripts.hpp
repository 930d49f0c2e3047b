// Service managers whose services are scripts in /etc/init.d: OpenRC, and SysV init with its LSB headers.
#pragma once

#include "guest/services/service_manager.hpp"

#include <memory>
#include <string>

namespace vmms::guest {

/// `$0` of the scripts.
constexpr std::string_view openrc_list_script = "vmms-openrc-list";
constexpr std::string_view openrc_state_script = "vmms-openrc-state";
constexpr std::string_view openrc_start_script = "vmms-openrc-start";
constexpr std::string_view openrc_stop_script = "vmms-openrc-stop";
constexpr std::string_view openrc_mode_script = "vmms-openrc-mode";
constexpr std::string_view sysvinit_list_script = "vmms-sysvinit-list";
constexpr std::string_view sysvinit_state_script = "vmms-sysvinit-state";
constexpr std::string_view sysvinit_start_script = "vmms-sysvinit-start";
constexpr std::string_view sysvinit_stop_script = "vmms-sysvinit-stop";
constexpr std::string_view sysvinit_mode_script = "vmms-sysvinit-mode";

/// `root`: where the guest's root directory lies; for tests.
std::unique_ptr<ServiceManager> make_openrc(std::string root = {});
std::unique_ptr<ServiceManager> make_sysvinit(std::string root = {});

/// Letters, digits and `_.+@:-`, up to 255, as names of files in /etc/init.d are; a suffix ".service", as systemd's
/// units have it, is taken off. not_found for anything else.
Result<std::string> init_script_name(std::string_view name);

/// What the scripts print of one service: `Name=`, `State=`, `Mode=`, `Process=` and `Description=` lines up to an
/// empty one or the end; `text` moves past them. Impossible values are left out. Nothing when they show no service.
std::optional<Service> read_init_script(std::string_view& text);

}  // namespace vmms::guest
