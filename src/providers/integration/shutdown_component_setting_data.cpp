// Msvm_ShutdownComponentSettingData: whether the host may shut the guest down from within. Exists for every VM.
#include "schema/msvm/shutdown_component_setting_data.hpp"

#include "providers/integration/integration_components.hpp"

namespace vmms::schema::msvm {
std::unique_ptr<ShutdownComponentSettingDataProvider> make_shutdown_component_setting_data_provider(
    ::vmms::providers::Environment& environment) {
  using Provider =
      ::vmms::providers::IntegrationSettingProvider<ShutdownComponentSettingData, ShutdownComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, ::vmms::providers::shutdown_component);
}
}  // namespace vmms::schema::msvm
