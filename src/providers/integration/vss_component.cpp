// Msvm_VssComponent: whether backups may freeze the guest's file systems.
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_VssComponent.hpp"

namespace vmms::providers {

template <>
std::unique_ptr<schema::msvm::VssComponentProvider> make_provider(Environment& environment) {
  using Provider = IntegrationComponentProvider<schema::msvm::VssComponent, schema::msvm::VssComponentProvider>;
  return std::make_unique<Provider>(environment, volume_backup);
}

}  // namespace vmms::providers
