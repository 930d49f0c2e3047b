// How often something may happen to each of many keys.
#pragma once

#include <chrono>
#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace vmms::wire::auth {

/// A bucket of tokens for each key, full at first. The table is bounded: the key that was used longest ago is
/// forgotten, and so are buckets that are full again. Not thread-safe.
class TokenBuckets {
 public:
  using Clock = std::chrono::steady_clock;
  struct Rate {
    unsigned burst;          ///< tokens of a full bucket
    Clock::duration refill;  ///< until the next token is there
  };

  explicit TokenBuckets(Rate rate, std::size_t most_keys = 16384) : rate_(rate), most_keys_(most_keys) {}

  /// When there will be a token; `now` or before when there is one.
  Clock::time_point ready_at(std::string_view key, Clock::time_point now) const;
  bool is_ready(std::string_view key, Clock::time_point now) const { return ready_at(key, now) <= now; }
  /// Takes one; of an empty bucket it takes none.
  void take(std::string_view key, Clock::time_point now);
  /// Puts back one that was taken for nothing.
  void give_back(std::string_view key, Clock::time_point now);

  std::size_t size() const { return entries_.size(); }

 private:
  /// As a time: a bucket is full when it has passed, and each token that is missing puts it off by one refill.
  struct Entry {
    std::string key;
    Clock::time_point full_at;
  };
  using Entries = std::list<Entry>;  // the one that was used last in front

  Entry& touch(std::string_view key, Clock::time_point now);

  const Rate rate_;
  const std::size_t most_keys_;
  Entries entries_;
  std::unordered_map<std::string_view, Entries::iterator> by_key_;  // the keys are those of the entries
};

}  // namespace vmms::wire::auth
