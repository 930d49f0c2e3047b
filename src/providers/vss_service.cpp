// Msvm_VssService: freezing and thawing the guest's file systems for backups.
#include "schema/msvm/vss_service.hpp"

#include "providers/agent_services.hpp"

namespace vmms::providers {
namespace {

constexpr AgentService vss_service{
    .name = "vsssvc",
    .element_name = "VSS Service",
    .setting = &hypervisor::Settings::vss_service,
    .capability = &guest::Capabilities::can_freeze,
    .commands = "guest-fsfreeze-freeze and guest-fsfreeze-thaw",
    .exists_without_interface = false,
};

}  // namespace
}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<VssServiceProvider> make_vss_service_provider(::vmms::providers::Environment& environment) {
  using Provider = ::vmms::providers::AgentServiceProvider<VssService, VssServiceProvider>;
  return std::make_unique<Provider>(environment, ::vmms::providers::vss_service);
}
}  // namespace vmms::schema::msvm
