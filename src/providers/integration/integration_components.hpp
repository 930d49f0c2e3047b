// The integration components of a VM: what the host offers each guest, one device and one setting each. What they have
// in common; the file of each class has what is special to it.
#pragma once

#include "base/text.hpp"
#include "cim/typed_provider.hpp"
#include "providers/common/machines.hpp"
#include "providers/common/parallel.hpp"
#include "providers/integration/setting_provider.hpp"
#include "schema/CIM_ManagedSystemElement.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::providers {

/// OperationalStatus of integration components; that of a paused VM is dormant.
using ComponentStatus = schema::cim::ManagedSystemElement::OperationalStatus;

/// Status, the text for OperationalStatus; "OK" for those without their own text.
std::string_view status_text(ComponentStatus operational_status);

/// Whether and how a guest can be reached now.
struct Contact {
  ComponentStatus status = ComponentStatus::ok;
  std::string text;  ///< for people
};

/// By the record; of an agent that is connected, by a sign of life (guest::Guest::heartbeat).
Contact contact(const Environment& environment, const hypervisor::VirtualMachine& machine,
                guest::Clock::time_point deadline);
/// The same for one component: one that is off asks no guest and has no contact.
Contact contact(const Environment& environment, const hypervisor::VirtualMachine& machine,
                const IntegrationComponent& component, guest::Clock::time_point deadline);

/// The devices of a class, one for each VM that is on. `T` is typed by its class.
template <class T, class Base>
class IntegrationComponentProvider : public Base {
 public:
  using Key = typename T::Key;
  using Query = cim::TypedQuery<T>;
  using Machine = hypervisor::VirtualMachine;

  IntegrationComponentProvider(Environment& environment, const IntegrationComponent& component)
      : environment_(environment), component_(component) {}

  void enumerate(const cim::Context& context, const Query& query, cim::PageOf<T>& page) override {
    if (query.keys.device_id && !equals_no_case(*query.keys.device_id, device_id(component_))) return;
    std::vector<hypervisor::VirtualMachinePtr> machines;
    const std::string after = query.after ? query.after->system_name : std::string();
    for_each_machine(environment_, query.keys.system_name, after, [&](const hypervisor::VirtualMachinePtr& machine) {
      if ((!after.empty() && machine->id <= after) || !is_active(*machine)) return true;
      machines.push_back(machine);
      return machines.size() <= query.limit;
    });
    // Waits for all silent guests at the same time.
    const bool more = machines.size() > query.limit;
    std::vector<T> found(machines.size() - (more ? 1 : 0));
    in_parallel(offer_for(environment_, context), found.size(),
                [&](std::size_t i) { found[i] = instance(context, *machines[i], query); });
    for (T& each : found) page.add(std::move(each));
    if (more) page.full();
  }

  Result<T> get(const cim::Context& context, const Key& key) override {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    if (!equals_no_case(key.device_id, device_id(component_)))
      return error(Failure::not_found, fmt::format("virtual machine '{}' has no {} {:.100}; it is {}", (*machine)->name,
                                                   T::cim_class().name, key.device_id, device_id(component_)));
    return instance(context, **machine, Query());
  }

 protected:
  /// What is special to the class; `contact` is what OperationalStatus and StatusDescriptions show, unless these are
  /// set here, and has no text when the caller does not read it.
  virtual void complete(const cim::Context&, const Machine&, const Query&, Contact&, T&) {}

  Environment& environment_;
  const IntegrationComponent& component_;

 private:
  T instance(const cim::Context& context, const Machine& machine, const Query& query) {
    using Property = typename T::Property;
    T found;
    found.system_name = machine.id;
    found.enabled_state =
        component_enabled(environment_, machine, component_) ? T::EnabledState::enabled : T::EnabledState::disabled;
    Contact reached;
    if (query.wants_any({Property::operational_status, Property::status, Property::status_descriptions}))
      reached = contact(environment_, machine, component_, guest_deadline(context));
    found.operational_status.reset();
    found.status_descriptions.reset();
    complete(context, machine, query, reached, found);
    if (!found.operational_status) found.operational_status = {{reached.status}};
    if (!found.status_descriptions) found.status_descriptions = {{std::move(reached.text)}};
    found.status = std::string(status_text(reached.status));
    return found;
  }
};

/// The settings of a class, one for each VM, also those that are off.
template <class T, class Base>
class IntegrationSettingProvider : public Base {
 public:
  using Key = typename T::Key;
  using Machine = hypervisor::VirtualMachine;

  IntegrationSettingProvider(Environment& environment, const IntegrationComponent& component)
      : environment_(environment), component_(component) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<T>& query, cim::PageOf<T>& page) override {
    enumerate_by_machine(environment_, query, page, [this](const Machine& machine) {
      T found;
      found.instance_id = setting_instance_id(machine.id, component_.id);
      found.enabled_state =
          component_enabled(environment_, machine, component_) ? T::EnabledState::enabled : T::EnabledState::disabled;
      complete(machine, found);
      return std::vector<T>{std::move(found)};
    });
  }
  Status modify(const cim::Context&, const Key& key, const T& changes) override {
    return modify_settings(environment_, key, changes);
  }

 protected:
  /// What is special to the class.
  virtual void complete(const Machine&, T&) {}

  Environment& environment_;
  const IntegrationComponent& component_;
};

}  // namespace vmms::providers
