// Msvm_HeartbeatComponentSettingData: whether the guest is asked for signs of life. Exists for every VM.
#include "schema/msvm/heartbeat_component_setting_data.hpp"

#include "providers/integration/integration_components.hpp"

namespace vmms::schema::msvm {
std::unique_ptr<HeartbeatComponentSettingDataProvider> make_heartbeat_component_setting_data_provider(
    ::vmms::providers::Environment& environment) {
  using Provider = ::vmms::providers::IntegrationSettingProvider<HeartbeatComponentSettingData,
                                                                 HeartbeatComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, ::vmms::providers::heartbeat);
}
}  // namespace vmms::schema::msvm
