// The file systems of the host on its disks, in the classes that show them.
#pragma once

#include "cim/typed_provider.hpp"
#include "guest/agent/printable.hpp"
#include "hypervisor/this_machine.hpp"
#include "providers/common/environment.hpp"

namespace vmms::providers {

/// A page of `T`, an instance for each file system. `complete(volume, instance)` sets what only this class has.
template <class T, class Complete>
void enumerate_volumes(const Environment& environment, const cim::TypedQuery<T>& query, cim::PageOf<T>& page,
                       Complete complete) {
  constexpr std::size_t longest_path = 4096;
  constexpr std::size_t longest_caption = 60;
  const auto host = environment.host.machine().information();
  if (!host->this_machine) return;
  for (const auto& volume : hypervisor::this_machine::volumes()) {
    T found;
    found.device_id = guest::printable(volume.mount_point, longest_path);
    if (!query.selects(found.key())) continue;
    if (page.full()) break;
    found.name = found.device_id;
    found.caption = guest::printable(volume.mount_point, longest_caption);
    found.description = guest::printable(volume.source, longest_path);
    found.system_name = host->name;
    found.drive_type = T::DriveType::local_disk;
    found.file_system = volume.type;
    found.access = volume.read_only ? T::Access::readable : T::Access::read_write_supported;
    found.block_size = volume.block_size;
    if (volume.block_size > 0) found.number_of_blocks = volume.size / volume.block_size;
    found.free_space = volume.free;
    found.status = "OK";
    complete(volume, found);
    page.add(std::move(found));
  }
}

}  // namespace vmms::providers
