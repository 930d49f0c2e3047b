// Msvm_GuestCommunicationService: programs of a guest that the host may reach through sockets of the hypervisor. Which
// there may be is set (Msvm_GuestCommunicationServiceSettingData); under KVM these sockets are vsock.
#include "schema/msvm/guest_communication_service.hpp"

#include "base/text.hpp"
#include "providers/common/machine_pages.hpp"
#include "providers/guest_services/guest_services.hpp"
#include "providers/guest_services/vsock_port.hpp"
#include "providers/integration/setting_changes.hpp"

namespace vmms::providers {

namespace {

using Service = schema::msvm::GuestCommunicationService;
using CommunicationService = hypervisor::Settings::CommunicationService;
using hypervisor::VirtualMachine;

constexpr std::uint16_t policy_enabled = 2;
constexpr std::uint16_t policy_disabled = 3;

class GuestCommunicationServiceProvider : public schema::msvm::GuestCommunicationServiceProvider {
 public:
  explicit GuestCommunicationServiceProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Service>& query, cim::PageOf<Service>& page) override {
    enumerate_by_machine(environment_, query, page, [this](const VirtualMachine& machine) {
      std::vector<Service> found;
      if (has_instances(machine))
        for (const CommunicationService& service : machine.settings.communication_services)
          found.push_back(instance(machine, service));
      return found;
    });
  }

  Result<Service> get(const cim::Context&, const Key& key) override {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    const auto* service = has_instances(**machine) ? find_communication_service(**machine, key.name) : nullptr;
    if (!service) return unknown(**machine, key.name);
    return instance(**machine, *service);
  }

  Result<Service::StartService::Out> invoke(const cim::Context&, Service::StartService, const Key& key,
                                            const Service::StartService::In&) override {
    return answer<Service::StartService::Out>(act(key, ServiceAction::start));
  }
  Result<Service::StopService::Out> invoke(const cim::Context&, Service::StopService, const Key& key,
                                           const Service::StopService::In&) override {
    return answer<Service::StopService::Out>(act(key, ServiceAction::stop));
  }
  Result<Service::RequestStateChange::Out> invoke(const cim::Context&, Service::RequestStateChange, const Key& key,
                                                  const Service::RequestStateChange::In& in) override {
    return answer<Service::RequestStateChange::Out>(change_service_state(
        in.requested_state, in.timeout_period, [&](ServiceAction action) { return act(key, action); }));
  }

 private:
  bool has_instances(const VirtualMachine& machine) const {
    return is_active(machine) && interface_enabled(environment_, machine);
  }
  static Error unknown(const VirtualMachine& machine, std::string_view name) {
    return error(Failure::not_found,
                 fmt::format("virtual machine '{}' has no guest communication service '{:.100}'", machine.name, name));
  }

  // Why the service cannot be reached; nothing: it can, if it listens.
  std::optional<std::string> obstacle(const VirtualMachine& machine, const CommunicationService& service) const {
    if (!vsock_port(service.id))
      return fmt::format("not mapped: only <port>-facb-11e6-bd58-64006a7986d3 names a vsock port");
    if (!environment_.host.information()->vsock) return "not mapped: the host has no vhost-vsock";
    if (!machine.vsock_context) return "not mapped: the virtual machine has no vsock device";
    return std::nullopt;
  }

  Service instance(const VirtualMachine& machine, const CommunicationService& service) const {
    const auto hindered = obstacle(machine, service);
    // Deferred means what holds for services without a setting: enabled, as the interface's DefaultEnabledStatePolicy.
    const bool allowed = service.policy == policy_enabled ||
                         (service.policy != policy_disabled && environment_.configuration.guest_service_interface);
    Service found;
    found.system_name = machine.id;
    found.name = found.element_name = found.caption = service.id;
    found.started = allowed && !hindered;
    found.enabled_state = *found.started ? 2 : 3;
    found.enabled_default = 2;
    found.requested_state = found.transitioning_to_state = 12;
    found.health_state = 5;
    found.start_mode = "Automatic";
    found.status = "OK";
    found.operational_status = {{std::uint16_t{*found.started ? std::uint16_t{2} : std::uint16_t{10}}}};
    if (hindered)
      found.status_descriptions = {{*hindered}};
    else if (!allowed)
      found.status_descriptions = {{"stopped"}};
    else
      found.status_descriptions = {
          {fmt::format("OK: vsock port {} of context {}", *vsock_port(service.id), *machine.vsock_context)}};
    return found;
  }

  Result<std::uint32_t> act(const Key& key, ServiceAction action) {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    const auto* service = find_communication_service(**machine, key.name);
    if (!service) return unknown(**machine, key.name);
    if (!interface_enabled(environment_, **machine) || obstacle(**machine, *service)) return not_supported;
    const Status changed = environment_.host.change_settings((*machine)->id, [&](hypervisor::Settings& settings) {
      for (CommunicationService& each : settings.communication_services)
        if (equals_no_case(each.id, key.name))
          each.policy = action == ServiceAction::start ? policy_enabled : policy_disabled;
    });
    if (!changed) return changed.error();
    return completed;
  }

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<GuestCommunicationServiceProvider> make_guest_communication_service_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::GuestCommunicationServiceProvider>(environment);
}
}  // namespace vmms::schema::msvm
