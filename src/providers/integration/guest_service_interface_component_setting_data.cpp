// Msvm_GuestServiceInterfaceComponentSettingData: whether the Guest Service Interface is on. Exists for every VM, also
// for one that is off.
#include "schema/msvm/guest_service_interface_component_setting_data.hpp"

#include "providers/integration/integration_components.hpp"

namespace vmms::providers {

namespace {

using Setting = schema::msvm::GuestServiceInterfaceComponentSettingData;
using Base = IntegrationSettingProvider<Setting, schema::msvm::GuestServiceInterfaceComponentSettingDataProvider>;

class GuestServiceInterfaceComponentSettingDataProvider : public Base {
 public:
  explicit GuestServiceInterfaceComponentSettingDataProvider(Environment& environment)
      : Base(environment, guest_service_interface) {}

 private:
  void complete(const Machine&, Setting& setting) override {
    setting.default_enabled_state_policy = environment_.configuration.guest_service_interface ? 2 : 3;
  }
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<GuestServiceInterfaceComponentSettingDataProvider>
make_guest_service_interface_component_setting_data_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::GuestServiceInterfaceComponentSettingDataProvider>(environment);
}
}  // namespace vmms::schema::msvm
