#include "wire/auth/failure_limiter.hpp"

#include <algorithm>

namespace vmms::wire::auth {
namespace {

using std::chrono::milliseconds;

constexpr unsigned free_failures = 5;
constexpr milliseconds first_delay(250);
constexpr milliseconds longest_delay(4000);
constexpr std::chrono::seconds memory(60);

}  // namespace

milliseconds FailureLimiter::failed(const std::string& key, Clock::time_point now) {
  auto found = entries_.find(key);
  if (found == entries_.end()) {
    if (entries_.size() >= most_keys) make_room(now);
    found = entries_.emplace(key, Entry{}).first;
  } else if (now - found->second.last > memory) {
    found->second.count = 0;
  }
  Entry& entry = found->second;
  entry.last = now;
  ++entry.count;
  if (entry.count <= free_failures) return milliseconds(0);
  const unsigned doublings = std::min(entry.count - free_failures - 1, 10U);
  return std::min(longest_delay, first_delay * (1 << doublings));
}

void FailureLimiter::make_room(Clock::time_point now) {
  std::erase_if(entries_, [now](const auto& entry) { return now - entry.second.last > memory; });
  if (entries_.size() < most_keys) return;
  entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                  [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
}

}  // namespace vmms::wire::auth
