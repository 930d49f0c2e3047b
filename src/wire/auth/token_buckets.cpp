#include "wire/auth/token_buckets.hpp"

#include <algorithm>

namespace vmms::wire::auth {

TokenBuckets::Clock::time_point TokenBuckets::ready_at(std::string_view key, Clock::time_point now) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return now;
  return found->second->full_at - (rate_.burst - 1) * rate_.refill;
}

TokenBuckets::Entry& TokenBuckets::touch(std::string_view key, Clock::time_point now) {
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    return entries_.front();
  }
  while (!entries_.empty() && (entries_.size() >= most_keys_ || entries_.back().full_at <= now)) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({std::string(key), now});
  by_key_.emplace(entries_.front().key, entries_.begin());
  return entries_.front();
}

void TokenBuckets::take(std::string_view key, Clock::time_point now) {
  Entry& entry = touch(key, now);
  entry.full_at = std::min(std::max(entry.full_at, now) + rate_.refill, now + rate_.burst * rate_.refill);
}

void TokenBuckets::give_back(std::string_view key, Clock::time_point now) {
  Entry& entry = touch(key, now);
  entry.full_at = std::max(entry.full_at - rate_.refill, now);
}

}  // namespace vmms::wire::auth
