// Msvm_GuestServiceInterfaceSettingDataComponent: the settings of a Guest Service Interface and those of the guest
// communication services that they hold.
#include "base/text.hpp"
#include "providers/integration/setting_changes.hpp"
#include "schema/Msvm_GuestServiceInterfaceSettingDataComponent.hpp"

namespace vmms::providers {

namespace {

using Component = schema::msvm::GuestServiceInterfaceSettingDataComponent;
using Found = std::vector<Component>;

Component component(std::string_view machine_id, std::string_view service_id) {
  Component association;
  association.group_component = component_setting_path(machine_id, guest_service_interface);
  association.part_component = communication_setting_path(machine_id, service_id);
  return association;
}

class GuestServiceInterfaceSettingDataComponentProvider
    : public schema::msvm::GuestServiceInterfaceSettingDataComponentProvider {
 public:
  explicit GuestServiceInterfaceSettingDataComponentProvider(Environment& environment) : environment_(environment) {}

  Result<Found> from(const cim::Context&, Component::GroupComponent, const cim::ObjectPath& end) override {
    const std::string_view id = end.value("InstanceID");
    if (!is_setting_of(guest_service_interface, id)) return Found{};
    const auto machine = find_machine(environment_, machine_of_instance_id(id));
    if (!machine) return machine.error();
    Found found;
    for (const auto& service : (*machine)->settings.communication_services)
      found.push_back(component((*machine)->id, service.id));
    return found;
  }

  Result<Found> from(const cim::Context&, Component::PartComponent, const cim::ObjectPath& end) override {
    const std::string_view id = end.value("InstanceID");
    const std::string_view service = service_of_communication_setting(id);
    if (service.empty()) return Found{};
    const auto machine = find_machine(environment_, machine_of_instance_id(id));
    if (!machine) return machine.error();
    const auto* known = find_communication_service(**machine, service);
    if (!known) return Found{};
    return Found{component((*machine)->id, known->id)};
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::GuestServiceInterfaceSettingDataComponentProvider> make_provider(
    Environment& environment) {
  return std::make_unique<GuestServiceInterfaceSettingDataComponentProvider>(environment);
}

}  // namespace vmms::providers
