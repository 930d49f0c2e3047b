// Vmms_CopyFileFromGuestJob: files on their way out of a guest.
#include "schema/vmms/copy_file_from_guest_job.hpp"

#include "providers/files/copy_job_provider.hpp"
#include "schema/vmms/copy_file_from_guest_setting_data.hpp"

namespace vmms::providers {
namespace {

using schema::vmms::CopyFileFromGuestJob;

class CopyFileFromGuestJobProvider
    : public CopyJobProvider<CopyFileFromGuestJob, schema::vmms::CopyFileFromGuestJobProvider> {
 public:
  using CopyJobProvider::CopyJobProvider;

 protected:
  CopyFileFromGuestJob instance_of(const cim::job::Job& job) const override {
    CopyFileFromGuestJob instance = CopyJobProvider::instance_of(job);
    instance.copy_file_from_guest_setting_data = settings_of<schema::vmms::CopyFileFromGuestSettingData>(job);
    return instance;
  }
};

}  // namespace
}  // namespace vmms::providers

namespace vmms::schema::vmms {
std::unique_ptr<CopyFileFromGuestJobProvider> make_copy_file_from_guest_job_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::CopyFileFromGuestJobProvider>(environment);
}
}  // namespace vmms::schema::vmms
