// Msvm_VssService: freezing and thawing the guest's file systems for backups.
#include "providers/guest_services/agent_services.hpp"
#include "schema/Msvm_VssService.hpp"

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

class VssServiceProvider : public Base {
 public:
  explicit VssServiceProvider(Environment& environment) : Base(environment, vss_service) {}
  using Base::invoke;

  // No agent under KVM reports clusters.
  Result<Service::QueryGuestClusterInformation::Out> invoke(const cim::Context& context,
                                                            Service::QueryGuestClusterInformation, const Key& key,
                                                            const Service::QueryGuestClusterInformation::In&) override {
    const auto service = get(context, key);
    if (!service) return service.error();
    Service::QueryGuestClusterInformation::Out out;
    using Code = Service::QueryGuestClusterInformation::Code;
    out.return_value = service->started.value_or(false) ? Code::not_supported : Code::invalid_state_for_this_operation;
    return out;
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::VssServiceProvider> make_provider(Environment& environment) {
  return std::make_unique<VssServiceProvider>(environment);
}

}  // namespace vmms::providers
