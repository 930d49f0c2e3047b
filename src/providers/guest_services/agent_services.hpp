// Msvm_GuestFileService and Msvm_VssService: services that the guest's agent itself provides. One instance per VM each;
// a service that an administrator stopped stays stopped, stored with the VM.
#pragma once

#include "base/text.hpp"
#include "cim/typed_provider.hpp"
#include "providers/common/machine_pages.hpp"
#include "providers/guest_services/guest_services.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace vmms::providers {

/// What distinguishes one of these services from the other.
struct AgentService {
  std::string_view name;  ///< key Name
  std::string_view element_name;
  std::optional<bool> hypervisor::Settings::*setting;  ///< started or stopped
  bool guest::Capabilities::*capability;               ///< what the agent must allow
  std::string_view commands;                           ///< the agent commands that it needs, for people
  bool exists_without_interface;                       ///< shown, not started, while the interface is off
  const IntegrationComponent* component = nullptr;     ///< must be on as well
};

/// The state of the service, as far as it is known without asking the guest.
struct AgentServiceState {
  std::optional<bool> started;  ///< nothing: it can be neither started nor stopped, since the agent forbids it
  schema::msvm::GuestService::OperationalStatus operational_status;
  std::string text;  ///< the reason, and what to do
};
AgentServiceState state_of(const Environment& environment, const hypervisor::VirtualMachine& machine,
                           const AgentService& service);

/// Why the agent of a guest does not provide the service, and what to do.
std::string refusal(const AgentService& service);

/// Whether the VM has an instance of the service.
bool has_instance(const Environment& environment, const hypervisor::VirtualMachine& machine,
                  const AgentService& service);

/// StartService and StopService.
Result<ServiceAnswer> act_on_agent_service(const Environment& environment, const cim::Context& context,
                                           std::string_view machine_id, const AgentService& service,
                                           ServiceAction action);

/// Fills the properties of CIM_Service that are the same for both.
template <class T>
T agent_service_instance(const Environment& environment, const hypervisor::VirtualMachine& machine,
                         const AgentService& service) {
  T instance;
  AgentServiceState state = state_of(environment, machine, service);
  instance.creation_class_name = std::string(T::cim_class().name);
  instance.system_creation_class_name = std::string(computer_system_class);
  instance.system_name = machine.id;
  instance.name = std::string(service.name);
  instance.caption = instance.element_name = std::string(service.element_name);
  instance.started = state.started;
  instance.enabled_state = !state.started   ? T::EnabledState::not_applicable
                           : *state.started ? T::EnabledState::enabled
                                            : T::EnabledState::disabled;
  instance.enabled_default = T::EnabledDefault::enabled;
  instance.requested_state = T::RequestedState::not_applicable;
  instance.transitioning_to_state = T::TransitioningToState::not_applicable;
  instance.health_state = T::HealthState::ok;
  instance.start_mode = "Automatic";
  instance.status = state.operational_status == T::OperationalStatus::no_contact ? "No Contact" : "OK";
  instance.operational_status = {{state.operational_status}};
  instance.status_descriptions = {{std::move(state.text)}};
  return instance;
}

/// The instances of a query, for a class derived from one of these services.
template <class T>
void enumerate_agent_service(const Environment& environment, const cim::TypedQuery<T>& query, cim::PageOf<T>& page,
                             const AgentService& service) {
  enumerate_by_machine(environment, query, page, [&](const hypervisor::VirtualMachine& machine) {
    return has_instance(environment, machine, service)
               ? std::optional(agent_service_instance<T>(environment, machine, service))
               : std::nullopt;
  });
}

/// One instance by key.
template <class T>
Result<T> get_agent_service(const Environment& environment, const typename T::Key& key, const AgentService& service) {
  const auto machine = find_active_machine(environment, key.system_name);
  if (!machine) return machine.error();
  if (!equals_no_case(key.name, service.name) || !has_instance(environment, **machine, service))
    return error(Failure::not_found, fmt::format("there is no {} '{}' of virtual machine '{}'", T::cim_class().name,
                                                 key.name, (*machine)->name));
  return agent_service_instance<T>(environment, **machine, service);
}

/// The three methods of the family for a class of this kind.
template <class T, class Base>
class AgentServiceProvider : public Base {
 public:
  using Key = typename T::Key;
  AgentServiceProvider(Environment& environment, const AgentService& service)
      : environment_(environment), service_(service) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<T>& query, cim::PageOf<T>& page) override {
    enumerate_agent_service(environment_, query, page, service_);
  }
  Result<T> get(const cim::Context&, const Key& key) override {
    return get_agent_service<T>(environment_, key, service_);
  }
  Result<typename T::StartService::Out> invoke(const cim::Context& context, typename T::StartService, const Key& key,
                                               const typename T::StartService::In&) override {
    return answer<typename T::StartService::Out>(act(context, key, ServiceAction::start));
  }
  Result<typename T::StopService::Out> invoke(const cim::Context& context, typename T::StopService, const Key& key,
                                              const typename T::StopService::In&) override {
    return answer<typename T::StopService::Out>(act(context, key, ServiceAction::stop));
  }
  Result<typename T::RequestStateChange::Out> invoke(const cim::Context& context, typename T::RequestStateChange,
                                                     const Key& key,
                                                     const typename T::RequestStateChange::In& in) override {
    return answer<typename T::RequestStateChange::Out>(change_service_state(
        in.requested_state, in.timeout_period, [&](ServiceAction action) { return act(context, key, action); }));
  }

 private:
  Result<ServiceAnswer> act(const cim::Context& context, const Key& key, ServiceAction action) {
    if (!equals_no_case(key.name, service_.name))
      return error(Failure::not_found, fmt::format("there is no {} named '{}'", T::cim_class().name, key.name));
    return act_on_agent_service(environment_, context, key.system_name, service_, action);
  }

 protected:
  Environment& environment_;
  const AgentService& service_;
};

}  // namespace vmms::providers
