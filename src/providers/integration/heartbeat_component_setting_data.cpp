// Msvm_HeartbeatComponentSettingData: whether the guest is asked for signs of life. Exists for every VM.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_HeartbeatComponentSettingData.hpp"

namespace vmms::providers {

template <>
std::unique_ptr<schema::msvm::HeartbeatComponentSettingDataProvider> make_provider(Environment& environment) {
  using Provider = IntegrationSettingProvider<schema::msvm::HeartbeatComponentSettingData,
                                              schema::msvm::HeartbeatComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, heartbeat);
}

}  // namespace vmms::providers
