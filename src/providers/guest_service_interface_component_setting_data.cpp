// Msvm_GuestServiceInterfaceComponentSettingData: whether the Guest Service Interface is on. Exists for every VM, also
// for one that is off.
#include "schema/msvm/guest_service_interface_component_setting_data.hpp"

#include "base/text.hpp"
#include "providers/setting_provider.hpp"

namespace vmms::providers {

namespace {

using hypervisor::VirtualMachine;
using Setting = schema::msvm::GuestServiceInterfaceComponentSettingData;

class Provider : public schema::msvm::GuestServiceInterfaceComponentSettingDataProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  cim::PageOf<Setting> enumerate(const cim::Context&, const cim::TypedQuery<Setting>& query) override {
    return enumerate_settings(environment_, query,
                              [this](const VirtualMachine& machine) { return std::vector{setting(machine)}; });
  }

  Status modify(const cim::Context&, const Key& key, const Setting& changes) override {
    return modify_settings(environment_, key, changes);
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
