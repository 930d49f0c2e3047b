// Msvm_VssService: freezing and thawing the guest's file systems for backups.
#include "schema/msvm/vss_service.hpp"

#include "providers/guest_services/agent_services.hpp"

namespace vmms::providers {
namespace {

using Service = schema::msvm::VssService;
using Base = AgentServiceProvider<Service, schema::msvm::VssServiceProvider>;

constexpr AgentService vss_service{
    .name = "vsssvc",
    .element_name = "VSS Service",
    .setting = &hypervisor::Settings::vss_service,
    .capability = &guest::Capabilities::can_freeze,
    .commands = "guest-fsfreeze-freeze and guest-fsfreeze-thaw",
    .exists_without_interface = false,
    .component = &volume_backup,
};

constexpr std::uint32_t job_not_supported = 32770;

class VssServiceProvider : public Base {
 public:
  explicit VssServiceProvider(Environment& environment) : Base(environment, vss_service) {}
  using Base::invoke;

  // No agent under KVM tells of clusters.
  Result<Service::QueryGuestClusterInformation::Out> invoke(const cim::Context& context,
                                                            Service::QueryGuestClusterInformation, const Key& key,
                                                            const Service::QueryGuestClusterInformation::In&) override {
    const auto service = get(context, key);
    if (!service) return service.error();
    Service::QueryGuestClusterInformation::Out out;
    out.return_value = service->started.value_or(false) ? job_not_supported : invalid_state_for_operation;
    return out;
  }
};

}  // namespace
}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<VssServiceProvider> make_vss_service_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::VssServiceProvider>(environment);
}
}  // namespace vmms::schema::msvm
