// Msvm_TimeSyncComponentSettingData: whether the guest's clock is set when the VM goes on. Exists for every VM.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_TimeSyncComponentSettingData.hpp"

namespace vmms::providers {

template <>
std::unique_ptr<schema::msvm::TimeSyncComponentSettingDataProvider> make_provider(Environment& environment) {
  using Provider = IntegrationSettingProvider<schema::msvm::TimeSyncComponentSettingData,
                                              schema::msvm::TimeSyncComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, time_synchronization);
}

}  // namespace vmms::providers
