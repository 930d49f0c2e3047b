// Msvm_GuestFileService: files into the guest. Present while the VM runs; started when its interface is on.
#include "schema/msvm/guest_file_service.hpp"

#include "providers/agent_services.hpp"

namespace vmms::providers {
namespace {

constexpr AgentService file_service{
    .name = "guestfilesvc",
    .element_name = "Guest File Service",
    .setting = &hypervisor::Settings::guest_file_service,
    .capability = &guest::Capabilities::can_write_files,
    .commands = "guest-file-open, guest-file-write and guest-file-close",
    .exists_without_interface = true,
};

}  // namespace
}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<GuestFileServiceProvider> make_guest_file_service_provider(
    ::vmms::providers::Environment& environment) {
  using Provider = ::vmms::providers::AgentServiceProvider<GuestFileService, GuestFileServiceProvider>;
  return std::make_unique<Provider>(environment, ::vmms::providers::file_service);
}
}  // namespace vmms::schema::msvm
