#include "providers/guest_services/agent_services.hpp"

#include "guest/agent/agent.hpp"

namespace vmms::providers {

using hypervisor::VirtualMachine;
using OperationalStatus = schema::msvm::GuestService::OperationalStatus;

AgentServiceState state_of(const Environment& environment, const VirtualMachine& machine, const AgentService& service) {
  if (!interface_enabled(environment, machine))
    return {false, OperationalStatus::stopped, "stopped: the Guest Service Interface is off"};
  if (service.component && !component_enabled(environment, machine, *service.component))
    return {false, OperationalStatus::stopped, fmt::format("stopped: {} is disabled", service.component->class_name)};
  if (!machine.agent_connected) return {false, OperationalStatus::no_contact, "no agent is connected"};
  // What the agent forbids is known once it was asked; until then it is taken to allow it, as agents do by default.
  const auto guest = environment.guests.find(machine.id);
  const auto known = guest ? guest->known_capabilities() : nullptr;
  if (known && !((*known).*service.capability))
    return {std::nullopt, OperationalStatus::stopped, fmt::format("not available: {}", refusal(service))};
  const bool strict = environment.configuration.strict && service.exists_without_interface;
  if (strict || !is_on(machine.settings, service.setting)) return {false, OperationalStatus::stopped, "stopped"};
  return {true, OperationalStatus::ok, "OK"};
}

std::string refusal(const AgentService& service) {
  return fmt::format("the guest agent forbids or does not know one of {}; {}", service.commands, guest::allow_advice);
}

bool has_instance(const Environment& environment, const VirtualMachine& machine, const AgentService& service) {
  return is_active(machine) && (service.exists_without_interface || interface_enabled(environment, machine));
}

Result<ServiceAnswer> act_on_agent_service(const Environment& environment, const cim::Context& context,
                                           std::string_view machine_id, const AgentService& service,
                                           ServiceAction action) {
  return act_on_service(environment, machine_id, service.name, action, [&](const ServiceTarget& target) -> Status {
    // Msvm_GuestFileService's reference page calls both methods unsupported; strict keeps to it.
    if (environment.configuration.strict && service.exists_without_interface)
      return error(Failure::not_supported, "the configuration says compatibility = \"strict\"");
    if (service.component && !component_enabled(environment, *target.machine, *service.component))
      return error(Failure::not_supported, fmt::format("{} is disabled", service.component->class_name));
    const auto deadline = guest_deadline(context);
    if (const Status alive = target.guest->ping(deadline); !alive) return alive;
    const auto capabilities = target.guest->capabilities(deadline);
    if (!capabilities) return capabilities.error();
    if (!((*capabilities).*service.capability)) return error(Failure::not_supported, refusal(service));
    return environment.host.machines().change_settings(target.machine->id, [&](hypervisor::Settings& settings) {
      settings.*service.setting = action == ServiceAction::start;
    });
  });
}

}  // namespace vmms::providers
