// Win32_Volume of root/cimv2: the file systems of the host on its disks.
#include "schema/cimv2/Win32_Volume.hpp"

#include "providers/host/volumes.hpp"

namespace vmms::providers {

namespace {

using Volume = schema::cimv2::win32::Volume;

class Win32VolumeProvider : public schema::cimv2::win32::VolumeProvider {
 public:
  explicit Win32VolumeProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Volume>& query, cim::PageOf<Volume>& page) override {
    enumerate_volumes(environment_, query, page, [](const auto& volume, Volume& found) {
      found.capacity = volume.size;
      found.label = found.description;
      found.maximum_file_name_length = static_cast<std::uint32_t>(volume.longest_name);
      found.mounted = true;
      found.boot_volume = found.system_volume = volume.mount_point == "/";
    });
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::VolumeProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32VolumeProvider>(environment);
}

}  // namespace vmms::providers
