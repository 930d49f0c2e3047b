#include "hypervisor/simulator/other_managers.hpp"

#include <fmt/format.h>

#include <array>

namespace vmms::hypervisor::simulator {

namespace {

using Action = OtherScript::Action;
constexpr std::string_view suffix = ".service";

std::string short_name(std::string_view unit) {
  if (unit.ends_with(suffix)) unit.remove_suffix(suffix.size());
  return std::string(unit);
}

std::string init_script(const guest::Service& service) {
  std::string_view state = service.exists() ? "stopped" : "none";
  if (service.started()) state = "started";
  if (service.active_state == "activating") state = "starting";
  if (service.active_state == "deactivating") state = "stopping";
  if (service.active_state == "failed") state = "crashed";
  return fmt::format("Name={}\nState={}\nMode={}\nProcess={}\n\n", short_name(service.name), state,
                     service.start_mode() == guest::StartMode::automatic ? "enabled" : "disabled",
                     service.main_process_id);
}

std::string windows_service(const guest::Service& service) {
  if (!service.exists()) return "State=None\n\n";
  std::string_view state = "Stopped";
  if (service.started()) state = "Running";
  if (service.active_state == "activating") state = "Start Pending";
  if (service.active_state == "deactivating") state = "Stop Pending";
  const std::string_view mode = service.start_mode() == guest::StartMode::automatic  ? "Auto"
                                : service.start_mode() == guest::StartMode::disabled ? "Disabled"
                                                                                     : "Manual";
  // Win32 errors: never started, and a status of the service's own.
  constexpr int never_started = 1077;
  constexpr int specific = 1066;
  const bool idle = !service.started() && !service.state_changed && !service.exit_status;
  return fmt::format(
      "Name={}\nState={}\nStartMode={}\nServiceType=Own Process\nProcessId={}\nExitCode={}\n"
      "ServiceSpecificExitCode={}\nDisplayName={}\nDescription=\n\n",
      short_name(service.name), state, mode, service.main_process_id,
      service.exit_status.value_or(0) != 0 ? specific
      : idle                               ? never_started
                                           : 0,
      service.exit_status.value_or(0), service.description);
}

std::string print(const OtherScript& script, const guest::Service& service) {
  return script.windows ? windows_service(service) : init_script(service);
}

}  // namespace

OtherScript other_script(std::string_view name, const std::vector<std::string>& parameters) {
  OtherScript script;
  bool known = false;
  for (const std::string_view manager : {"vmms-openrc-", "vmms-sysvinit-", "vmms-windows-"}) {
    if (!name.starts_with(manager)) continue;
    known = true;
    script.windows = manager == "vmms-windows-";
    name.remove_prefix(manager.size());
  }
  constexpr std::array<std::pair<std::string_view, Action>, 5> actions{{{"list", Action::list},
                                                                        {"state", Action::state},
                                                                        {"start", Action::start},
                                                                        {"stop", Action::stop},
                                                                        {"mode", Action::mode}}};
  for (const auto& [word, action] : actions)
    if (known && name == word) script.action = action;
  if (!parameters.empty()) script.unit = parameters[0] + std::string(suffix);
  // Values of the scripts: service, root directory and on or off; on Windows service and sc.exe's word.
  const std::size_t last = script.windows ? 1 : 2;
  const std::string mode = parameters.size() > last ? parameters[last] : std::string();
  script.verb = mode == "on" || mode == "auto" ? "enable" : mode == "disabled" ? "mask" : "disable";
  return script;
}

std::string print_list(const OtherScript& script, Services& services, Clock::time_point now) {
  std::string text;
  std::string descriptions;
  for (const guest::Service& service : services.list(now)) {
    text += print(script, service);
    if (!script.windows)
      descriptions += fmt::format("Text={}:description=\"{}\"\n", short_name(service.name), service.description);
  }
  return text + descriptions + "End\n";
}

std::string print_state(const OtherScript& script, Services& services, Clock::time_point now) {
  return print(script, services.find(script.unit, now));
}

}  // namespace vmms::hypervisor::simulator
