// Memory that the process once took for clients and no longer needs.
#pragma once

#include <cstddef>

namespace vmms::daemon {

/// malloc keeps free memory in its arenas, some of it for ever: one peak of clients would show in the process's size
/// until its end.
class SpareMemory {
 public:
  /// Bytes that may stay unused.
  static constexpr std::size_t most_idle = std::size_t{64} << 20;

  /// Returns it to the kernel when that is worth it. Takes malloc's locks for some milliseconds then: for a quiet
  /// moment, not for each request. False when there is little to give.
  bool give_back();

 private:
  std::size_t given_ = 0;  ///< bytes that malloc still counts as its own
};

}  // namespace vmms::daemon
