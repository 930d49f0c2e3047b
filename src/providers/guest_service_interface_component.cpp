// Msvm_GuestServiceInterfaceComponent: the way from the host to the services of one guest.
#include "schema/msvm/guest_service_interface_component.hpp"

#include "base/text.hpp"
#include "guest/agent.hpp"
#include "guest/discovery.hpp"
#include "providers/machines.hpp"

namespace vmms::providers {

namespace {

using hypervisor::PowerState;
using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;
using schema::msvm::GuestServiceInterfaceComponent;

std::string device_id() { return fmt::format("Microsoft:{}", guest_service_interface_id); }

// OperationalStatus of integration components.
constexpr std::uint16_t ok = 2;
constexpr std::uint16_t degraded = 3;
constexpr std::uint16_t no_contact = 12;
constexpr std::uint16_t paused = 15;

struct Contact {
  std::uint16_t status;
  std::string text;  ///< which way into the guest is in use and why, for the person who looks
};

Contact contact(const Environment& environment, const VirtualMachine& machine) {
  if (machine.power == PowerState::paused) return {paused, "The virtual machine is paused"};
  if (!machine.agent_channel)
    return {no_contact, "No way into the guest: the domain has no channel org.qemu.guest_agent.0; add one to it"};
  if (!machine.agent_connected)
    return {no_contact,
            "No Contact: no agent is connected; the guest is starting, or qemu-guest-agent is not installed or not "
            "running in it"};
  const auto guest = environment.guests.find(machine.id);
  const auto known = guest ? guest->known_capabilities() : nullptr;
  if (!known) return {ok, "OK: the guest's own qemu-guest-agent"};
  const bool whole = known->can_execute && !known->service_manager.empty() && known->confinement.empty();
  std::string text =
      fmt::format("{}: the guest's own qemu-guest-agent {}", whole ? "OK" : "Degraded", known->agent_version);
  if (!known->service_manager.empty())
    text += ", " + known->service_manager;
  else if (known->can_execute)  // else nobody could look
    text += ", no known service manager";
  if (!known->os_name.empty()) text += ", " + known->os_name;
  if (!known->forbidden.empty())
    text += fmt::format("; the agent forbids {}: {}", known->forbidden, guest::allow_advice);
  else if (!whole && !known->reason.empty())
    text += "; " + known->reason;
  if (!known->confinement.empty() && known->reason.find("SELinux") == std::string::npos)
    text += "; " + guest::confinement_advice(known->confinement);
  if (known->service_manager == "systemd") text += "; " + guest->own_agent_description();
  return {whole ? ok : degraded, std::move(text)};
}

GuestServiceInterfaceComponent component(const Environment& environment, const VirtualMachine& machine) {
  GuestServiceInterfaceComponent instance;
  instance.system_name = machine.id;
  instance.enabled_state = interface_enabled(environment, machine) ? 2 : 3;
  Contact found = contact(environment, machine);
  instance.operational_status = {{found.status}};
  instance.status_descriptions = {{std::move(found.text)}};
  if (found.status == no_contact) instance.status = "No Contact";
  if (found.status == degraded) instance.status = "Degraded";
  return instance;
}

class Provider : public schema::msvm::GuestServiceInterfaceComponentProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  cim::PageOf<GuestServiceInterfaceComponent> enumerate(
      const cim::Context&, const cim::TypedQuery<GuestServiceInterfaceComponent>& query) override {
    cim::PageOf<GuestServiceInterfaceComponent> page;
    if (query.keys.device_id && !equals_no_case(*query.keys.device_id, device_id())) return page;
    const std::string after = query.after ? query.after->system_name : std::string();
    for_each_machine(environment_, query.keys.system_name, after, [&](const VirtualMachinePtr& machine) {
      if ((!after.empty() && machine->id <= after) || !is_active(*machine)) return true;
      if (page.items.size() == query.limit) {
        page.more = true;
        return false;
      }
      page.items.push_back(component(environment_, *machine));
      return true;
    });
    return page;
  }

  Result<GuestServiceInterfaceComponent> get(const cim::Context&, const Key& key) override {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    if (!equals_no_case(key.device_id, device_id()))
      return error(Failure::not_found, fmt::format("virtual machine '{}' has no Guest Service Interface {}; it is {}",
                                                   (*machine)->name, key.device_id, device_id()));
    return component(environment_, **machine);
  }

  Result<RequestStateChange::Out> invoke(const cim::Context& context, RequestStateChange, const Key& key,
                                         const RequestStateChange::In& in) override {
    const auto instance = get(context, key);
    if (!instance) return instance.error();
    RequestStateChange::Out out;
    out.return_value = 1;
    if (in.requested_state == 2 || in.requested_state == 3) {
      const Status changed = environment_.host.change_settings(key.system_name, [&](hypervisor::Settings& settings) {
        settings.guest_service_interface = in.requested_state == 2;
      });
      if (!changed) return changed.error();
      out.return_value = 0;
    }
    return out;
  }

 private:
  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<GuestServiceInterfaceComponentProvider> make_guest_service_interface_component_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::msvm
