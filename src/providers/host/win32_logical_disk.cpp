// Win32_LogicalDisk of root/cimv2: the file systems of the host on its disks, as Win32_Volume has them.
#include "providers/host/volumes.hpp"
#include "schema/cimv2/Win32_LogicalDisk.hpp"

namespace vmms::providers {

namespace {

using LogicalDisk = schema::cimv2::win32::LogicalDisk;

class Win32LogicalDiskProvider : public schema::cimv2::win32::LogicalDiskProvider {
 public:
  explicit Win32LogicalDiskProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<LogicalDisk>& query,
                 cim::PageOf<LogicalDisk>& page) override {
    enumerate_volumes(environment_, query, page, [](const auto& volume, LogicalDisk& found) {
      found.size = volume.size;
      found.volume_name = found.description;
      found.maximum_component_length = static_cast<std::uint32_t>(volume.longest_name);
      found.media_type = 12;  // fixed
    });
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::LogicalDiskProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32LogicalDiskProvider>(environment);
}

}  // namespace vmms::providers
