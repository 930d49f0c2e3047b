#include "hypervisor/simulator/machines.hpp"

#include "hypervisor/power.hpp"
#include "hypervisor/simulator/fleet.hpp"

#include <fmt/format.h>

#include <utility>

namespace vmms::hypervisor::simulator {

VirtualMachinePtr SimulatedVirtualMachines::find(std::string_view id) const { return fleet_.index().find(id); }

std::vector<VirtualMachinePtr> SimulatedVirtualMachines::list(std::string_view after, std::size_t limit) const {
  return fleet_.index().list(after, limit);
}

Status SimulatedVirtualMachines::start(std::string_view id) {
  const auto lock = fleet_.lock();
  const auto found = fleet_.known(id);
  if (!found) return found.error();
  const auto& [record, machine] = *found;
  if (record->power == PowerState::running)
    return error(Failure::invalid_state, fmt::format("VM \"{}\" is running already", record->name));
  if (machine->description->start_fails)
    return error(Failure::failed,
                 fmt::format("VM \"{}\" did not start: its description in the simulated fleet has the fault \"start\"",
                             record->name));
  fleet_.enter(record->id, *machine, PowerState::running);
  return {};
}

Status SimulatedVirtualMachines::turn_off(std::string_view id) {
  const auto lock = fleet_.lock();
  const auto found = fleet_.known(id);
  if (!found) return found.error();
  const auto& [record, machine] = *found;
  if (record->power == PowerState::off)
    return error(Failure::invalid_state, fmt::format("VM \"{}\" is off already", record->name));
  if (machine->description->turn_off_fails)
    return error(Failure::failed,
                 fmt::format("VM \"{}\" was not turned off: its description in the simulated fleet has the fault "
                             "\"turn_off\"",
                             record->name));
  fleet_.enter(record->id, *machine, PowerState::off);
  return {};
}

Status SimulatedVirtualMachines::rest(std::string_view id, PowerState power) {
  const auto lock = fleet_.lock();
  const auto found = fleet_.known(id);
  if (!found) return found.error();
  const auto& [record, machine] = *found;
  if (record->power == power || (record->power != PowerState::running && record->power != PowerState::paused))
    return error(Failure::invalid_state,
                 fmt::format("VM \"{}\" is {}, not running", record->name, power_name(record->power)));
  fleet_.enter(record->id, *machine, power);
  return {};
}

Status SimulatedVirtualMachines::request_power(std::string_view id, PowerRequest request) {
  return fleet_.request_power(id, request);
}

Status SimulatedVirtualMachines::change_settings(std::string_view id, const std::function<void(Settings&)>& change) {
  const auto changed = fleet_.index().update(id, [&](VirtualMachine& record) {
    const Settings before = record.settings;
    change(record.settings);
    if (record.settings != before) record.configuration_changed = record_time();
  });
  return changed ? Status() : no_such_vm(id);
}

void SimulatedVirtualMachines::listen(Listener listener) { fleet_.index().listen(std::move(listener)); }

}  // namespace vmms::hypervisor::simulator
