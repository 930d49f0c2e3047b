// Msvm_VirtualSystemSettingDataComponent: a machine's settings and the settings of its parts. The way to the Guest
// Service Interface's settings while the machine is off.
#include "schema/msvm/virtual_system_setting_data_component.hpp"

#include "base/text.hpp"
#include "providers/machines.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::VirtualSystemSettingDataComponent;
using Found = std::vector<Component>;

class Provider : public schema::msvm::VirtualSystemSettingDataComponentProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  Result<Found> from(const cim::Context&, Component::GroupComponent, const cim::ObjectPath& end) override {
    if (!equals_no_case(end.class_name, "Msvm_VirtualSystemSettingData")) return Found{};
    return of_machine(machine_of_instance_id(end.value("InstanceID")));
  }

  Result<Found> from(const cim::Context&, Component::PartComponent, const cim::ObjectPath& end) override {
    const std::string_view id = end.value("InstanceID");
    if (!equals_no_case(end.class_name, "Msvm_GuestServiceInterfaceComponentSettingData") || !is_interface_setting(id))
      return Found{};
    return of_machine(machine_of_instance_id(id));
  }

 private:
  Result<Found> of_machine(std::string_view id) const {
    const auto machine = find_machine(environment_, id);
    if (!machine) return machine.error();
    Component association;
    association.group_component = settings_path((*machine)->id);
    association.part_component = interface_setting_path((*machine)->id);
    return Found{association};
  }

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<VirtualSystemSettingDataComponentProvider> make_virtual_system_setting_data_component_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::msvm
