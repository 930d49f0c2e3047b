// Msvm_CopyFileToGuestJob: files on their way into a guest.
#include "schema/msvm/copy_file_to_guest_job.hpp"

#include "providers/files/copy_job_provider.hpp"
#include "schema/msvm/copy_file_to_guest_setting_data.hpp"

namespace vmms::providers {
namespace {

using schema::msvm::CopyFileToGuestJob;

class CopyFileToGuestJobProvider
    : public CopyJobProvider<CopyFileToGuestJob, schema::msvm::CopyFileToGuestJobProvider> {
 public:
  using CopyJobProvider::CopyJobProvider;

 protected:
  CopyFileToGuestJob instance_of(const cim::job::Job& job) const override {
    CopyFileToGuestJob instance = CopyJobProvider::instance_of(job);
    instance.copy_file_to_guest_setting_data = settings_of<schema::msvm::CopyFileToGuestSettingData>(job);
    return instance;
  }
};

}  // namespace
}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<CopyFileToGuestJobProvider> make_copy_file_to_guest_job_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::CopyFileToGuestJobProvider>(environment);
}
}  // namespace vmms::schema::msvm
