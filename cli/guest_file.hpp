// A file of a guest, as a path on the command line and as the server reports it.
#pragma once

#include "cli/session.hpp"
#include "schema/Vmms_GuestFile.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::cli {

/// Whether it is "VM:PATH", not a path of this machine (write ./a:b for a file whose name has a colon).
bool names_guest(const std::string& text);

/// "VM:PATH" taken apart. A VM's name may have colons: the longest that is a VM counts.
/// Errors: invalid_argument, as of Session::find_virtual_machine.
struct GuestPath {
  VirtualMachine machine;
  std::string path;
};
Result<GuestPath> find_guest_path(Session& session, const std::string& text);

/// Paths of the services, Msvm_GuestFileService and Vmms_GuestFileService.
cim::ObjectPath into_guest(const VirtualMachine& machine);
cim::ObjectPath out_of_guest(const VirtualMachine& machine);

using FileType = schema::vmms::GuestFile::FileType;

/// An embedded Vmms_GuestFile.
struct GuestFile {
  std::string name;
  FileType type = FileType::other;
  std::uint64_t size = 0;
  std::uint64_t permissions = 0;
  std::string owner;
  std::string group;
  std::string modified;                               ///< "2026-11-22 23:15:00", UTC
  std::optional<std::int64_t> modified_seconds = {};  ///< since 1970
};
/// Nothing when the text is not one.
std::optional<GuestFile> read_guest_file(std::string_view embedded);

/// Whether a time in seconds since 1970 is between the years 1601 and 9999.
bool is_datetime(std::int64_t seconds);

/// "1.5 MB".
std::string size_text(double bytes);

}  // namespace vmms::cli
