// Windows' service control manager, through PowerShell and sc.exe. Written from Microsoft's public documentation and
// tested only against a scripted agent, not on a live Windows.
#pragma once

#include "guest/services/service_manager.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace vmms::guest {

/// First value on the standard input of the scripts.
constexpr std::string_view windows_discovery_script = "vmms-windows-discovery";
constexpr std::string_view windows_list_script = "vmms-windows-list";
constexpr std::string_view windows_state_script = "vmms-windows-state";
constexpr std::string_view windows_start_script = "vmms-windows-start";
constexpr std::string_view windows_stop_script = "vmms-windows-stop";
constexpr std::string_view windows_mode_script = "vmms-windows-mode";

/// Prints `Manager=windows` where PowerShell can be run.
Script windows_discovery();

std::unique_ptr<ServiceManager> make_windows();

/// The key name of a service: up to 256 printable characters of valid UTF-8, neither `/` nor `\`, no space at either
/// end. A suffix ".service", as systemd's units have it, is taken off. not_found for anything else.
Result<std::string> windows_service_name(std::string_view name);

/// What the scripts print of one service: `Name=`, `State=` and other lines, as Win32_Service names them, up to an
/// empty one or the end; `text` moves past them. Nothing when they show no service.
std::optional<Service> read_windows_service(std::string_view& text);

}  // namespace vmms::guest
