// Msvm_TimeSyncComponentSettingData: whether the guest's clock is set when the VM goes on. Exists for every VM.
#include "schema/msvm/time_sync_component_setting_data.hpp"

#include "providers/integration/integration_components.hpp"

namespace vmms::schema::msvm {
std::unique_ptr<TimeSyncComponentSettingDataProvider> make_time_sync_component_setting_data_provider(
    ::vmms::providers::Environment& environment) {
  using Provider =
      ::vmms::providers::IntegrationSettingProvider<TimeSyncComponentSettingData, TimeSyncComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, ::vmms::providers::time_synchronization);
}
}  // namespace vmms::schema::msvm
