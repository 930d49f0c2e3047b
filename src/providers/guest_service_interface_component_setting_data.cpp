// Msvm_GuestServiceInterfaceComponentSettingData: whether the Guest Service Interface is on. Exists for every VM, also
// for one that is off.
#include "schema/msvm/guest_service_interface_component_setting_data.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "providers/setting_changes.hpp"

namespace vmms::providers {

namespace {

using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;
using Setting = schema::msvm::GuestServiceInterfaceComponentSettingData;

class Provider : public schema::msvm::GuestServiceInterfaceComponentSettingDataProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  cim::PageOf<Setting> enumerate(const cim::Context&, const cim::TypedQuery<Setting>& query) override {
    cim::PageOf<Setting> page;
    std::optional<std::string> id;
    if (query.keys.instance_id) {
      if (!is_interface_setting(*query.keys.instance_id)) return page;
      id = std::string(machine_of_instance_id(*query.keys.instance_id));
    }
    const std::string after(query.after ? machine_of_instance_id(query.after->instance_id) : std::string_view{});
    for_each_machine(environment_, id, after, [&](const VirtualMachinePtr& machine) {
      if (!after.empty() && machine->id <= after) return true;
      if (page.items.size() == query.limit) {
        page.more = true;
        return false;
      }
      page.items.push_back(setting(*machine));
      return true;
    });
    return page;
  }

  Status modify(const cim::Context&, const Key& key, const Setting& changes) override {
    Setting whole = changes;
    whole.instance_id = key.instance_id;
    const auto change = check_modification(environment_, cim::to_instance(std::move(whole)));
    if (!change) return change.error();
    return apply(environment_, *change);
  }

 private:
  Setting setting(const VirtualMachine& machine) const {
    Setting instance;
    instance.instance_id = setting_instance_id(machine.id, guest_service_interface_id);
    instance.enabled_state = interface_enabled(environment_, machine) ? 2 : 3;
    instance.default_enabled_state_policy = environment_.configuration.guest_service_interface ? 2 : 3;
    return instance;
  }

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<GuestServiceInterfaceComponentSettingDataProvider>
make_guest_service_interface_component_setting_data_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::msvm
