// Msvm_VssComponentSettingData: whether backups may freeze the guest's file systems. Exists for every VM.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_VssComponentSettingData.hpp"

namespace vmms::providers {

template <>
std::unique_ptr<schema::msvm::VssComponentSettingDataProvider> make_provider(Environment& environment) {
  using Provider =
      IntegrationSettingProvider<schema::msvm::VssComponentSettingData, schema::msvm::VssComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, volume_backup);
}

}  // namespace vmms::providers
