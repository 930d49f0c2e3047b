// Msvm_VirtualSystemSettingDataComponent: a machine's settings and the settings of its parts. The way to the
// integration components' settings while the machine is off.
#include "base/text.hpp"
#include "providers/integration/setting_changes.hpp"
#include "schema/Msvm_VirtualSystemSettingDataComponent.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::VirtualSystemSettingDataComponent;
using Found = std::vector<Component>;

class VirtualSystemSettingDataComponentProvider : public schema::msvm::VirtualSystemSettingDataComponentProvider {
 public:
  explicit VirtualSystemSettingDataComponentProvider(Environment& environment) : environment_(environment) {}

  Result<Found> from(const cim::Context&, Component::GroupComponent, const cim::ObjectPath& end) override {
    if (!equals_no_case(end.class_name, "Msvm_VirtualSystemSettingData")) return Found{};
    return of_machine(machine_of_instance_id(end.value("InstanceID")));
  }

  Result<Found> from(const cim::Context&, Component::PartComponent, const cim::ObjectPath& end) override {
    auto found = of_machine(machine_of_instance_id(end.value("InstanceID")));
    // Not of this kind, whether or not there is such a machine.
    if (!found) return Found{};
    std::erase_if(*found, [&](const Component& each) { return !similar_object(*each.part_component, end); });
    return found;
  }

 private:
  Result<Found> of_machine(std::string_view id) const {
    const auto machine = find_machine(environment_, id);
    if (!machine) return machine.error();
    Found found;
    for (const IntegrationComponent* component : integration_components) {
      Component& association = found.emplace_back();
      association.group_component = settings_path((*machine)->id);
      association.part_component = component_setting_path((*machine)->id, *component);
    }
    return found;
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::VirtualSystemSettingDataComponentProvider> make_provider(Environment& environment) {
  return std::make_unique<VirtualSystemSettingDataComponentProvider>(environment);
}

}  // namespace vmms::providers
