// Msvm_ShutdownComponentSettingData: whether the host may shut the guest down from within. Exists for every VM.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_ShutdownComponentSettingData.hpp"

namespace vmms::providers {

template <>
std::unique_ptr<schema::msvm::ShutdownComponentSettingDataProvider> make_provider(Environment& environment) {
  using Provider = IntegrationSettingProvider<schema::msvm::ShutdownComponentSettingData,
                                              schema::msvm::ShutdownComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, shutdown_component);
}

}  // namespace vmms::providers
