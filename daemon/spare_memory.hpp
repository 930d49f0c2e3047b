// Memory that clients made the process take once, and that nobody needs any more.
#pragma once

#include <cstddef>

namespace vmms::daemon {

/// malloc keeps what is free in its arenas, some of them for ever: a crowd that came once would be seen in the
/// process's size until its end.
class SpareMemory {
 public:
  /// Bytes that may lie idle.
  static constexpr std::size_t most_idle = std::size_t{64} << 20;

  /// Gives it back to the kernel when that is worth it. Takes malloc's locks for some milliseconds then: for a quiet
  /// moment, not for each request. False when there is little to give.
  bool give_back();

 private:
  std::size_t given_ = 0;  ///< bytes that malloc still counts as its own
};

}  // namespace vmms::daemon
