// Msvm_VssComponent: whether backups may freeze the guest's file systems.
#include "schema/msvm/vss_component.hpp"

#include "providers/integration/integration_components.hpp"

namespace vmms::schema::msvm {
std::unique_ptr<VssComponentProvider> make_vss_component_provider(::vmms::providers::Environment& environment) {
  using Provider = ::vmms::providers::IntegrationComponentProvider<VssComponent, VssComponentProvider>;
  return std::make_unique<Provider>(environment, ::vmms::providers::volume_backup);
}
}  // namespace vmms::schema::msvm
