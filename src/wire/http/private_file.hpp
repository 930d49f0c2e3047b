// Files that hold secrets, or decide who may do what: password hashes, private keys, configuration.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace vmms::wire::http {

/// Reads a file of at most `limit` bytes. Failure not_found when there is none, else failed with the system's reason.
Result<std::string> read_file(const std::string& path, std::size_t limit);

/// The same for a file that only root and the user of this process may change, or replace by another (see
/// base/protected_path.hpp). Failure access_denied when others may; the text says which command fixes that.
Result<std::string> read_protected_file(const std::string& path, std::size_t limit);

/// The same, and only its owner may write it, and only its owner and group may read it.
Result<std::string> read_private_file(const std::string& path, std::size_t limit);

/// Replaces or creates `path` atomically (a temporary file beside it, fsync, rename), readable for its owner only
/// (mode 0600). An existing file keeps its owner and group, and 0640 where it had that; a symbolic link stays one, its
/// target is replaced.
Status write_private_file(const std::string& path, std::string_view content);

}  // namespace vmms::wire::http
