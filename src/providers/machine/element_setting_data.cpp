// Msvm_ElementSettingData: an integration component and its settings, and a machine's settings with themselves.
#include "schema/msvm/element_setting_data.hpp"

#include "base/text.hpp"
#include "providers/common/machines.hpp"

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
    association.is_current = 1;
    association.is_default = 1;
    association.is_next = 0;
    return association;
  }

  // Real hosts show a machine's settings as their own current settings.
  Result<Found> of_settings(const cim::ObjectPath& end) const {
    if (!equals_no_case(end.class_name, "Msvm_VirtualSystemSettingData")) return Found{};
    const auto machine = find_machine(environment_, machine_of_instance_id(end.value("InstanceID")));
    if (!machine) return machine.error();
    ElementSettingData association;
    association.managed_element = association.setting_data = settings_path((*machine)->id);
    association.is_current = 2;
    return Found{association};
  }

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<ElementSettingDataProvider> make_element_setting_data_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::ElementSettingDataProvider>(environment);
}
}  // namespace vmms::schema::msvm
