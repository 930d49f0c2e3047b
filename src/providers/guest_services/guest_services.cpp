#include "providers/guest_services/guest_services.hpp"

#include "base/escaped.hpp"
#include "base/shortened.hpp"

#include <spdlog/spdlog.h>

namespace vmms::providers {

using hypervisor::PowerState;

namespace {

std::string_view verb_of(ServiceAction action) {
  switch (action) {
    case ServiceAction::start:
      return "StartService";
    case ServiceAction::stop:
      return "StopService";
    case ServiceAction::change_mode:
      return "ChangeStartMode";
  }
  return "";
}

}  // namespace

Status check_reachable(const hypervisor::VirtualMachine& machine) {
  if (machine.power == PowerState::paused)
    return error(
        Failure::unreachable,
        fmt::format("virtual machine '{}' is paused: its guest cannot answer; resume it with: vmms vm start {}",
                    machine.name, command_word(machine)));
  return {};
}

Result<ServiceAnswer> act_on_service(const Environment& environment, std::string_view machine_id,
                                     std::string_view service, ServiceAction action,
                                     const std::function<Status(const ServiceTarget&)>& act) {
  const std::string_view verb = verb_of(action);
  const auto named = [service] { return json_string(shortened(service, 300)); };
  const auto machine = find_active_machine(environment, machine_id);
  if (!machine) return machine.error();
  if (!interface_enabled(environment, **machine)) {
    spdlog::info("{} of {} in virtual machine '{}': 1, the Guest Service Interface is off", verb, named(),
                 (*machine)->name);
    return ServiceAnswer::not_supported;
  }
  auto guest = environment.guests.find((*machine)->id);
  if (!guest) return error(Failure::not_found, fmt::format("virtual machine '{}' is gone", (*machine)->name));
  // Our own agent starts and stops services also where the guest's has gone.
  if (!(*machine)->agent_connected && !guest->has_own_agent()) {
    spdlog::info("{} of {} in virtual machine '{}': 1, no agent is connected", verb, named(), (*machine)->name);
    return ServiceAnswer::not_supported;
  }
  if (const Status reachable = check_reachable(**machine); !reachable) return reachable.error();
  const Status done = act({*machine, std::move(guest)});
  if (done) return ServiceAnswer::completed_with_no_error;
  if (done.error().kind == Failure::not_supported) {
    spdlog::info("{} of {} in virtual machine '{}': 1, {:.1000}", verb, named(), (*machine)->name,
                 done.error().message);
    return ServiceAnswer::not_supported;
  }
  return done.error();
}

Result<ServiceAnswer> change_service_state(
    std::optional<schema::msvm::GuestService::RequestStateChange::RequestedState> requested,
    const std::optional<cim::DateTime>& timeout, const std::function<Result<ServiceAnswer>(ServiceAction)>& act) {
  using RequestedState = schema::msvm::GuestService::RequestStateChange::RequestedState;
  if (limits_time(timeout)) return ServiceAnswer::use_of_timeout_parameter_not_supported;
  const bool starts = requested == RequestedState::enabled;
  if (!starts && requested != RequestedState::disabled) return ServiceAnswer::not_supported;
  const auto result = act(starts ? ServiceAction::start : ServiceAction::stop);
  if (!result && result.error().kind == Failure::invalid_state) return ServiceAnswer::invalid_state_for_this_operation;
  return result;
}

}  // namespace vmms::providers
