// Msvm_GuestFileService: files into the guest. Present while the VM runs; started when its interface is on.
#include "providers/files/file_copies.hpp"
#include "providers/guest_services/agent_services.hpp"
#include "schema/Msvm_CopyFileToGuestJob.hpp"
#include "schema/Msvm_GuestFileService.hpp"

namespace vmms::providers {
namespace {

using schema::msvm::CopyFileToGuestJob;
using schema::msvm::GuestFileService;

constexpr AgentService file_service{
    .name = "guestfilesvc",
    .element_name = "Guest File Service",
    .setting = &hypervisor::Settings::guest_file_service,
    .capability = &guest::Capabilities::can_write_files,
    .commands = "guest-file-open, guest-file-write and guest-file-close",
    .exists_without_interface = true,
};

class GuestFileServiceProvider : public AgentServiceProvider<GuestFileService, schema::msvm::GuestFileServiceProvider> {
 public:
  explicit GuestFileServiceProvider(Environment& environment) : AgentServiceProvider(environment, file_service) {}

  using AgentServiceProvider::invoke;
  Result<CopyFilesToGuest::Out> invoke(const cim::Context& context, CopyFilesToGuest, const Key& key,
                                       const CopyFilesToGuest::In& in) override {
    const auto answer =
        start_copies(environment_, context, key.system_name, CopyDirection::to_guest,
                     CopyFileToGuestJob::cim_class().name, read_copy_settings(in.copy_file_to_guest_settings));
    if (!answer) return answer.error();
    CopyFilesToGuest::Out out;
    out.return_value = answer->return_value;
    out.job = answer->job;
    return out;
  }
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::GuestFileServiceProvider> make_provider(Environment& environment) {
  return std::make_unique<GuestFileServiceProvider>(environment);
}

}  // namespace vmms::providers
