// Vmms_CopyFileFromGuestJob: files on their way out of a guest.
#include "providers/files/copy_job_provider.hpp"
#include "schema/Vmms_CopyFileFromGuestJob.hpp"
#include "schema/Vmms_CopyFileFromGuestSettingData.hpp"

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

template <>
std::unique_ptr<schema::vmms::CopyFileFromGuestJobProvider> make_provider(Environment& environment) {
  return std::make_unique<CopyFileFromGuestJobProvider>(environment);
}

}  // namespace vmms::providers
