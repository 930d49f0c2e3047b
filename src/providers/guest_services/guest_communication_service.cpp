// Msvm_GuestCommunicationService: programs of a guest that the host may reach through sockets of the hypervisor. Which
// there may be is set (Msvm_GuestCommunicationServiceSettingData); under KVM these sockets are vsock.
#include "base/text.hpp"
#include "providers/common/machine_pages.hpp"
#include "providers/guest_services/guest_services.hpp"
#include "providers/guest_services/vsock_port.hpp"
#include "providers/integration/setting_changes.hpp"
#include "schema/Msvm_GuestCommunicationService.hpp"

namespace vmms::providers {

namespace {

using Service = schema::msvm::GuestCommunicationService;
using CommunicationService = hypervisor::Settings::CommunicationService;
using hypervisor::VirtualMachine;

using Policy = CommunicationService::Policy;

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
    if (!environment_.host.machine().information()->vsock) return "not mapped: the host has no vhost-vsock";
    if (!machine.vsock_context) return "not mapped: the virtual machine has no vsock device";
    return std::nullopt;
  }

  Service instance(const VirtualMachine& machine, const CommunicationService& service) const {
    const auto hindered = obstacle(machine, service);
    // Deferred means what holds for services without a setting: enabled, as the interface's DefaultEnabledStatePolicy.
    const bool allowed = service.policy == Policy::enabled ||
                         (service.policy != Policy::disabled && environment_.configuration.guest_service_interface);
    Service found;
    found.system_name = machine.id;
    found.name = found.element_name = found.caption = service.id;
    found.started = allowed && !hindered;
    found.enabled_state = *found.started ? Service::EnabledState::enabled : Service::EnabledState::disabled;
    found.enabled_default = Service::EnabledDefault::enabled;
    found.requested_state = Service::RequestedState::not_applicable;
    found.transitioning_to_state = Service::TransitioningToState::not_applicable;
    found.health_state = Service::HealthState::ok;
    found.start_mode = "Automatic";
    found.status = "OK";
    found.operational_status = {
        {*found.started ? Service::OperationalStatus::ok : Service::OperationalStatus::stopped}};
    if (hindered)
      found.status_descriptions = {{*hindered}};
    else if (!allowed)
      found.status_descriptions = {{"stopped"}};
    else
      found.status_descriptions = {
          {fmt::format("OK: vsock port {} of context {}", *vsock_port(service.id), *machine.vsock_context)}};
    return found;
  }

  Result<ServiceAnswer> act(const Key& key, ServiceAction action) {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    const auto* service = find_communication_service(**machine, key.name);
    if (!service) return unknown(**machine, key.name);
    if (!interface_enabled(environment_, **machine) || obstacle(**machine, *service))
      return ServiceAnswer::not_supported;
    const Status changed =
        environment_.host.machines().change_settings((*machine)->id, [&](hypervisor::Settings& settings) {
          for (CommunicationService& each : settings.communication_services)
            if (equals_no_case(each.id, key.name))
              each.policy = action == ServiceAction::start ? Policy::enabled : Policy::disabled;
        });
    if (!changed) return changed.error();
    return ServiceAnswer::completed_with_no_error;
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::GuestCommunicationServiceProvider> make_provider(Environment& environment) {
  return std::make_unique<GuestCommunicationServiceProvider>(environment);
}

}  // namespace vmms::providers
