// Msvm_ElementSettingData: an integration component and its settings, and a machine's settings with themselves.
#include "base/text.hpp"
#include "providers/common/machines.hpp"
#include "schema/Msvm_ElementSettingData.hpp"

namespace vmms::providers {

namespace {

using hypervisor::VirtualMachine;
using schema::msvm::ElementSettingData;
using Found = std::vector<ElementSettingData>;

class ElementSettingDataProvider : public schema::msvm::ElementSettingDataProvider {
 public:
  explicit ElementSettingDataProvider(Environment& environment) : environment_(environment) {}

  Result<Found> from(const cim::Context&, ElementSettingData::ManagedElement, const cim::ObjectPath& end) override {
    const IntegrationComponent* component = component_of_class(end.class_name);
    if (!component) return of_settings(end);
    const auto machine = find_active_machine(environment_, end.value("SystemName"));
    if (!machine) return machine.error();
    return Found{of_component(**machine, *component)};
  }

  Result<Found> from(const cim::Context&, ElementSettingData::SettingData, const cim::ObjectPath& end) override {
    const IntegrationComponent* component = component_of_setting_class(end.class_name);
    if (!component) return of_settings(end);
    const std::string_view id = end.value("InstanceID");
    if (!is_setting_of(*component, id)) return Found{};
    const auto machine = find_machine(environment_, machine_of_instance_id(id));
    if (!machine) return machine.error();
    // The component exists only while the machine runs; its settings always do.
    if (!is_active(**machine)) return Found{};
    return Found{of_component(**machine, *component)};
  }

 private:
  static ElementSettingData of_component(const VirtualMachine& machine, const IntegrationComponent& component) {
    ElementSettingData association;
    association.managed_element = component_path(machine.id, component);
    association.setting_data = component_setting_path(machine.id, component);
    association.is_current = ElementSettingData::IsCurrent::is_current;
    association.is_default = ElementSettingData::IsDefault::is_default;
    association.is_next = ElementSettingData::IsNext::unknown;
    return association;
  }

  // Real hosts show a machine's settings as their own current settings.
  Result<Found> of_settings(const cim::ObjectPath& end) const {
    if (!equals_no_case(end.class_name, "Msvm_VirtualSystemSettingData")) return Found{};
    const auto machine = find_machine(environment_, machine_of_instance_id(end.value("InstanceID")));
    if (!machine) return machine.error();
    ElementSettingData association;
    association.managed_element = association.setting_data = settings_path((*machine)->id);
    association.is_current = ElementSettingData::IsCurrent::is_not_current;
    return Found{association};
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::ElementSettingDataProvider> make_provider(Environment& environment) {
  return std::make_unique<ElementSettingDataProvider>(environment);
}

}  // namespace vmms::providers
