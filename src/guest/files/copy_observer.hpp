// What a copy tells while it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace vmms::guest {

/// Where the part file of a copy lies, in words that are known before it exists and hold after a restart of ours.
struct PartFile {
  std::string name;         ///< beside the target
  std::string destination;  ///< as the copy was asked for
  std::string source;       ///< the name that the file gets when the destination is a directory
};

/// Who watches a copy, and may end it.
struct CopyObserver {
  std::function<void(std::uint64_t bytes)> moved;      ///< so many more bytes have gone
  std::function<bool()> cancelled;                     ///< asked often
  std::function<void(const PartFile* part)> has_part;  ///< what a crash of ours may leave from now on; null: nothing
};

}  // namespace vmms::guest
