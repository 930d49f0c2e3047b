// What is mounted where, as the kernel reports it in /proc/self/mountinfo (proc(5)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmms {

struct Mount {
  std::uint64_t id = 0;
  std::uint64_t parent = 0;  ///< on which it is mounted
  std::string device;        ///< "98:0"; the same for the same file system, however often it is mounted
  std::string root;          ///< the folder or file of the device that is seen
  std::string mount_point;
  std::string options;  ///< "rw,noatime"
  std::string type;
  std::string source;
};

/// Lines without a mount point are left out.
std::vector<Mount> read_mountinfo(std::string_view text);

/// A folder or file by its place on a device, which is the same through whichever mount it is reached.
struct MountedPlace {
  std::string device;
  std::string path;   ///< relative to the device's own root
  std::string where;  ///< the path through which it is reached here

  /// Whether the other is this one or lies below it.
  bool contains(const MountedPlace& other) const;
};

/// What is reached by a path and below it: the place of the path itself, which comes first, and what is mounted below.
/// `path` is absolute and without links; it need not exist. Mounts hidden by another one count, too: they reappear when
/// that one is unmounted. Empty when no mount contains the path itself (a chroot that is not a mount).
std::vector<MountedPlace> reached_by(const std::vector<Mount>& mounts, const std::string& path);

}  // namespace vmms
