// Slows down whoever tries one password after the other.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace vmms::wire::auth {

/// Counts failures by key (a peer's address, a user). Not thread-safe.
class FailureLimiter {
 public:
  using Clock = std::chrono::steady_clock;

  /// Counts one and says how long to hold its answer back: nothing for the first five, then 250 ms, doubled each time
  /// up to 4 s. A minute without a failure forgets all. Of more than `most_keys` keys the one that failed longest ago
  /// is forgotten.
  std::chrono::milliseconds failed(const std::string& key, Clock::time_point now);

  std::size_t size() const { return entries_.size(); }

  static constexpr std::size_t most_keys = 4096;

 private:
  struct Entry {
    unsigned count = 0;
    Clock::time_point last;
  };
  void make_room(Clock::time_point now);

  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace vmms::wire::auth
