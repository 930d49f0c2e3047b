#include "providers/integration/guest_shutdown.hpp"

#include <spdlog/spdlog.h>

namespace vmms::providers {

using guest::ShutdownMode;
using hypervisor::PowerState;

Status shut_down_guest(const Environment& environment, std::string_view machine_id, ShutdownMode mode,
                       guest::Clock::time_point deadline) {
  const auto found = find_active_machine(environment, machine_id);
  if (!found) return found.error();
  const hypervisor::VirtualMachine& machine = **found;
  if (!component_enabled(environment, machine, shutdown_component))
    return error(Failure::invalid_state, fmt::format("the shutdown component of virtual machine '{}' is disabled: its "
                                                     "guest cannot be shut down from within",
                                                     machine.name));
  if (machine.power != PowerState::running)
    return error(Failure::invalid_state, fmt::format("virtual machine '{}' is paused or ending: its guest cannot shut "
                                                     "down",
                                                     machine.name));
  Status told = error(Failure::not_supported, "no agent is connected");
  if (const auto guest = environment.guests.find(machine.id); guest && machine.agent_connected) {
    // Its port is gone when the guest wakes up, which would keep the port's number taken and the next one nameless.
    if (mode == ShutdownMode::hibernate) guest->drop_own_agent();
    told = guest->system()->shut_down(mode, deadline);
  }
  const bool no_agent = !told && (told.error().kind == Failure::not_supported ||
                                  told.error().kind == Failure::unreachable || told.error().kind == Failure::timed_out);
  if (!no_agent) return told;
  if (mode == ShutdownMode::hibernate)
    return error(told.error().kind,
                 fmt::format("virtual machine '{}' cannot hibernate: {}", machine.name, told.error().message));
  spdlog::info("virtual machine '{}' is shut down by its power button: {:.300}", machine.name, told.error().message);
  using Request = hypervisor::PowerRequest;
  return environment.host.machines().request_power(machine.id,
                                                   mode == ShutdownMode::reboot ? Request::reboot : Request::shut_down);
}

}  // namespace vmms::providers
