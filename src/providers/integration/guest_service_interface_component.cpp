// Msvm_GuestServiceInterfaceComponent: the way from the host to the services of one guest.
#include "guest/agent/agent.hpp"
#include "guest/services/discovery.hpp"
#include "providers/common/state_change.hpp"
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_GuestServiceInterfaceComponent.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::GuestServiceInterfaceComponent;
using Base = IntegrationComponentProvider<Component, schema::msvm::GuestServiceInterfaceComponentProvider>;

class GuestServiceInterfaceComponentProvider : public Base {
 public:
  explicit GuestServiceInterfaceComponentProvider(Environment& environment)
      : Base(environment, guest_service_interface) {}

  Result<Component::RequestStateChange::Out> invoke(const cim::Context&, Component::RequestStateChange, const Key& key,
                                                    const Component::RequestStateChange::In& in) override {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    if (!equals_no_case(key.device_id, device_id(component_)))
      return error(Failure::not_found, fmt::format("virtual machine '{}' has no Guest Service Interface {:.100}",
                                                   (*machine)->name, key.device_id));
    using Code = Component::RequestStateChange::Code;
    using RequestedState = Component::RequestStateChange::RequestedState;
    const bool enables = in.requested_state == RequestedState::enabled;
    Component::RequestStateChange::Out out;
    out.return_value = Code::not_supported;
    if (limits_time(in.timeout_period)) {
      out.return_value = Code::use_of_timeout_parameter_not_supported;
    } else if (enables || in.requested_state == RequestedState::disabled) {
      const Status changed = environment_.host.machines().change_settings(
          key.system_name, [enables](hypervisor::Settings& settings) { settings.guest_service_interface = enables; });
      if (!changed) return changed.error();
      out.return_value = Code::completed_with_no_error;
    }
    return out;
  }

 private:
  // Also says which way into the guest is in use and why.
  void complete(const cim::Context&, const Machine& machine, const Query&, Contact& contact, Component&) override {
    if (contact.text.empty()) return;
    const auto guest = environment_.guests.find(machine.id);
    if (contact.status == ComponentStatus::no_contact && guest && guest->has_own_agent())
      contact = {
          ComponentStatus::degraded,
          "Degraded: our own agent for services; the guest's own qemu-guest-agent is not connected, so files and "
          "all else of the guest cannot be reached"};
    if (contact.status != ComponentStatus::ok) return;
    const auto known = guest ? guest->known_capabilities() : nullptr;
    if (!known) {
      contact.text = "OK: the guest's own qemu-guest-agent";
      return;
    }
    const bool whole = known->can_execute && !known->service_manager.empty() && known->confinement.empty();
    std::string text =
        fmt::format("{}: the guest's own qemu-guest-agent {}", whole ? "OK" : "Degraded", known->agent_version);
    if (!known->service_manager.empty())
      text += ", " + known->service_manager;
    else if (known->can_execute)  // otherwise it is unknown
      text += ", no known service manager";
    if (!known->os_name.empty()) text += ", " + known->os_name;
    if (!known->forbidden.empty())
      text += fmt::format("; the agent forbids {}: {}", known->forbidden, guest::allow_advice);
    else if (!whole && !known->reason.empty())
      text += "; " + known->reason;
    if (!known->confinement.empty() && known->reason.find("SELinux") == std::string::npos)
      text += "; " + guest::confinement_advice(known->confinement);
    if (known->service_manager == "systemd") text += "; " + guest->own_agent_description();
    contact = {whole ? ComponentStatus::ok : ComponentStatus::degraded, std::move(text)};
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::GuestServiceInterfaceComponentProvider> make_provider(Environment& environment) {
  return std::make_unique<GuestServiceInterfaceComponentProvider>(environment);
}

}  // namespace vmms::providers
