// Why a file cannot be read or written, in words that are right on whichever machine they are read.
#pragma once

#include "base/result.hpp"

#include <string>

namespace vmms {

/// Where a file lies.
enum class FilePlace {
  here,  ///< on the machine of the person who reads the words: `vmms` opened it
  host,  ///< on the machine where vmmsd runs, for readers that may be elsewhere
};

/// "/etc/hosts on the host", "/etc/hosts on this machine"; of the path at most 1000 characters.
std::string place_of(const std::string& path, FilePlace place);

/// Why a file cannot be opened or read: `code` is errno's.
Error cannot_read(const std::string& path, FilePlace place, int code);

/// Why a file cannot be `what` ("written", "made").
Error cannot_write(const std::string& path, FilePlace place, const char* what, int code);
/// The same, because a directory of its path does not exist: says how to have it created.
Error no_directory(const std::string& path, FilePlace place);

}  // namespace vmms
