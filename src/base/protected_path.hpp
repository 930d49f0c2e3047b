// Files that decide who may do what, or record who did it: users, keys, configuration, the state, the audit.
#pragma once

#include "base/file_descriptor.hpp"
#include "base/result.hpp"

#include <string>

struct stat;

namespace vmms {

/// Opens a file for reading that only root and the user who runs this program can replace: the file and every
/// folder and link on the way to it, from / on, belong to one of the two, and others may not write into the folders.
/// Where they may (/tmp), the sticky bit protects the entries of others. The permissions of the file itself are the
/// caller's business. Errors: not_found, access_denied (with the place, its mode and what to do), failed.
Result<FileDescriptor> open_protected(const std::string& path);

/// The same for a folder, whose own permissions are the caller's business.
Result<FileDescriptor> open_protected_folder(const std::string& path);

/// The same for a regular file that is appended to; where there is none it is made, with mode 0600. Groups may write
/// the folders on the way, as that of /var/log is on some systems. Errors also: invalid_argument (not a regular file).
Result<FileDescriptor> open_protected_log(const std::string& path);

/// Whether its mode lets other users write: everybody, or a group that is not its user's own (one of the user's name
/// without other members, as Debian makes for each user).
bool others_may_write(const struct stat& status);

}  // namespace vmms
