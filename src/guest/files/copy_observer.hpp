// What a copy reports while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace vmms::guest {

/// Where the part file of a copy is, in terms that are known before it exists and still hold after vmmsd restarts.
struct PartFile {
  std::string name;         ///< beside the target
  std::string destination;  ///< as requested
  std::string source;       ///< the name that the file gets when the destination is a directory
};

/// The observer of a copy, which may end it.
struct CopyObserver {
  std::function<void(std::uint64_t bytes)> moved;      ///< so many more bytes have gone
  std::function<bool()> cancelled;                     ///< called often
  std::function<void(const PartFile* part)> has_part;  ///< what a crash of vmmsd may leave from now on; null: nothing
};

}  // namespace vmms::guest
