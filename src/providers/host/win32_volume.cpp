// Win32_Volume of root/cimv2: the file systems of the host on its disks.
#include "schema/cimv2/win32/volume.hpp"

#include "guest/agent/printable.hpp"
#include "hypervisor/this_machine.hpp"
#include "providers/common/environment.hpp"

namespace vmms::providers {

namespace {

using Volume = schema::cimv2::win32::Volume;

class Win32VolumeProvider : public schema::cimv2::win32::VolumeProvider {
 public:
  explicit Win32VolumeProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Volume>& query, cim::PageOf<Volume>& page) override {
    const auto host = environment_.host.information();
    if (!host->this_machine) return;
    for (const auto& volume : hypervisor::this_machine::volumes()) {
      Volume found;
      found.device_id = guest::printable(volume.mount_point, 4096);
      if (!query.selects(found.key())) continue;
      if (page.full()) break;
      found.name = found.device_id;
      found.caption = guest::printable(volume.mount_point, longest_caption);
      found.description = guest::printable(volume.source, 4096);
      found.system_name = host->name;
      found.drive_type = local_disk;
      found.file_system = volume.type;
      found.access = volume.read_only ? readable : read_and_written;
      found.block_size = volume.block_size;
      if (volume.block_size > 0) found.number_of_blocks = volume.size / volume.block_size;
      found.free_space = volume.free;
      found.capacity = volume.size;
      found.label = found.description;
      found.maximum_file_name_length = static_cast<std::uint32_t>(volume.longest_name);
      found.mounted = true;
      found.boot_volume = found.system_volume = volume.mount_point == "/";
      found.status = "OK";
      page.add(std::move(found));
    }
  }

 private:
  static constexpr std::size_t longest_caption = 60;
  static constexpr std::uint32_t local_disk = 3;
  static constexpr std::uint16_t readable = 1;
  static constexpr std::uint16_t read_and_written = 3;

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::cimv2::win32 {
std::unique_ptr<VolumeProvider> make_volume_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Win32VolumeProvider>(environment);
}
}  // namespace vmms::schema::cimv2::win32
