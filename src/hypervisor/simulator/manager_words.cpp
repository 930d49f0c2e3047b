#include "hypervisor/simulator/manager_words.hpp"

#include <fmt/format.h>

namespace vmms::hypervisor::simulator {

namespace {

constexpr std::string_view suffix = ".service";
// Win32 errors.
constexpr int service_disabled = 1058;

bool is_systemd(ManagerState manager) { return manager == ManagerState::systemd || manager == ManagerState::starting; }

}  // namespace

std::string manager_name(ManagerState manager, std::string_view unit) {
  if (!is_systemd(manager) && unit.ends_with(suffix)) unit.remove_suffix(suffix.size());
  return std::string(unit);
}

ToolEnd no_such_service(ManagerState manager, std::string_view verb, std::string_view unit) {
  const std::string name = manager_name(manager, unit);
  switch (manager) {
    case ManagerState::windows:
      return {};  // the script sees that there is none
    case ManagerState::openrc:
      return {1, fmt::format(" * rc-service: service `{}' does not exist\n", name)};
    case ManagerState::sysvinit:
      return {1, fmt::format("{}: unrecognized service\n", name)};
    default:
      return {5,
              fmt::format("Failed to {0} {1}: Unit {1} not {2}.\n", verb, name, verb == "stop" ? "loaded" : "found")};
  }
}

ToolEnd start_forbidden(ManagerState manager, std::string_view unit) {
  const std::string name = manager_name(manager, unit);
  switch (manager) {
    case ManagerState::windows:
      return {service_disabled,
              "The service cannot be started, either because it is disabled or because it has no enabled devices "
              "associated with it\n"};
    case ManagerState::openrc:
      return {1, fmt::format(" * ERROR: {} is not executable\n", name)};
    case ManagerState::sysvinit:
      return {1, fmt::format("{}: the script is not executable\n", name)};
    default:
      return {1, fmt::format("Failed to start {0}: Unit {0} is masked.\n", name)};
  }
}

ToolEnd start_failed(ManagerState manager, std::string_view unit) {
  const std::string name = manager_name(manager, unit);
  switch (manager) {
    case ManagerState::windows:
      return {};  // the start was accepted; the service stopped by itself
    case ManagerState::openrc:
      return {1, fmt::format(" * ERROR: {} failed to start\n", name)};
    case ManagerState::sysvinit:
      return {1, fmt::format("Starting {}: failed!\n", name)};
    default:
      return {1, fmt::format("Job for {0} failed because the control process exited with error code.\nSee \"systemctl "
                             "status {0}\" and \"journalctl -xeu {0}\" for details.\n",
                             name)};
  }
}

ToolEnd canceled(ManagerState manager, std::string_view unit) {
  const std::string name = manager_name(manager, unit);
  switch (manager) {
    case ManagerState::windows:
      return {};
    case ManagerState::openrc:
      return {1, fmt::format(" * ERROR: {} stopped by something else\n", name)};
    case ManagerState::sysvinit:
      return {1, fmt::format("{}: interrupted\n", name)};
    default:
      return {1, fmt::format("Job for {} canceled.\n", name)};
  }
}

std::vector<std::string> exit_log(ManagerState manager, const ServiceDescription& service, std::string_view unit) {
  if (manager == ManagerState::windows)
    return {fmt::format("The {} service terminated with the following service-specific error: %%{}",
                        service.description == unit ? manager_name(manager, unit) : service.description,
                        service.exit_status)};
  if (!is_systemd(manager)) return {};
  return {fmt::format("{}: Main process exited, code=exited, status={}/n/a", unit, service.exit_status),
          fmt::format("{}: Failed with result 'exit-code'.", unit)};
}

std::vector<std::string> kill_log(ManagerState manager, std::string_view unit) {
  if (!is_systemd(manager)) return {};
  return {fmt::format("{}: State 'stop-sigterm' timed out. Killing.", unit),
          fmt::format("{}: Failed with result 'timeout'.", unit)};
}

}  // namespace vmms::hypervisor::simulator
