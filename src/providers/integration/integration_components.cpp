#include "providers/integration/integration_components.hpp"

namespace vmms::providers {

using hypervisor::PowerState;
using hypervisor::VirtualMachine;

std::string_view status_text(ComponentStatus operational_status) {
  switch (operational_status) {
    case ComponentStatus::degraded:
      return "Degraded";
    case ComponentStatus::no_contact:
      return "No Contact";
    case ComponentStatus::lost_communication:
      return "Lost Comm";
    default:
      return "OK";
  }
}

Contact contact(const Environment& environment, const VirtualMachine& machine, guest::Clock::time_point deadline) {
  if (const Status health = environment.host.machine().health(); !health)
    return {ComponentStatus::lost_communication, "Lost Communication: " + health.error().message};
  if (machine.power == PowerState::paused) return {ComponentStatus::dormant, "The virtual machine is paused"};
  if (!machine.agent_channel)
    return {ComponentStatus::no_contact,
            "No way into the guest: the domain has no channel org.qemu.guest_agent.0; add one to it"};
  if (!machine.agent_connected)
    return {ComponentStatus::no_contact,
            "No Contact: no agent is connected; the guest is starting, or qemu-guest-agent is not installed or not "
            "running in it"};
  const auto guest = environment.guests.find(machine.id);
  const Status alive = guest ? guest->heartbeat(deadline) : Status();
  // A caller with a short deadline gets what the record says.
  if (!alive && alive.error().kind != Failure::timed_out)
    return {ComponentStatus::lost_communication, "Lost Communication: " + alive.error().message};
  return {ComponentStatus::ok, "OK"};
}

Contact contact(const Environment& environment, const VirtualMachine& machine, const IntegrationComponent& component,
                guest::Clock::time_point deadline) {
  if (&component != &guest_service_interface && !component_enabled(environment, machine, component))
    return {ComponentStatus::no_contact, "The component is disabled"};
  return contact(environment, machine, deadline);
}

}  // namespace vmms::providers
