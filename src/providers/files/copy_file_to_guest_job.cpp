// Msvm_CopyFileToGuestJob: files on their way into a guest.
#include "providers/files/copy_job_provider.hpp"
#include "schema/Msvm_CopyFileToGuestJob.hpp"
#include "schema/Msvm_CopyFileToGuestSettingData.hpp"

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

template <>
std::unique_ptr<schema::msvm::CopyFileToGuestJobProvider> make_provider(Environment& environment) {
  return std::make_unique<CopyFileToGuestJobProvider>(environment);
}

}  // namespace vmms::providers
