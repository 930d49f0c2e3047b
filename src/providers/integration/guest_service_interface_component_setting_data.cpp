// Msvm_GuestServiceInterfaceComponentSettingData: whether the Guest Service Interface is on. Exists for every VM, also
// for one that is off.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_GuestServiceInterfaceComponentSettingData.hpp"

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
    using Policy = Setting::DefaultEnabledStatePolicy;
    setting.default_enabled_state_policy =
        environment_.configuration.guest_service_interface ? Policy::enabled : Policy::disabled;
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::GuestServiceInterfaceComponentSettingDataProvider> make_provider(
    Environment& environment) {
  return std::make_unique<GuestServiceInterfaceComponentSettingDataProvider>(environment);
}

}  // namespace vmms::providers
