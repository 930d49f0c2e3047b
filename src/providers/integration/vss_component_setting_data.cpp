// Msvm_VssComponentSettingData: whether backups may freeze the guest's file systems. Exists for every VM.
#include "schema/msvm/vss_component_setting_data.hpp"

#include "providers/integration/integration_components.hpp"

namespace vmms::schema::msvm {
std::unique_ptr<VssComponentSettingDataProvider> make_vss_component_setting_data_provider(
    ::vmms::providers::Environment& environment) {
  using Provider =
      ::vmms::providers::IntegrationSettingProvider<VssComponentSettingData, VssComponentSettingDataProvider>;
  return std::make_unique<Provider>(environment, ::vmms::providers::volume_backup);
}
}  // namespace vmms::schema::msvm
