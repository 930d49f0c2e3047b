#include "base/log_limiter.hpp"

#include <algorithm>

namespace vmms {

LogLimiter::LogLimiter(Options options)
    : options_(options), all_{options.at_once_of_all, Clock::time_point::min(), 0} {}

bool LogLimiter::take(Bucket& bucket, double most, double each_second, Clock::time_point now) {
  if (bucket.filled == Clock::time_point::min()) bucket.filled = now;
  const double seconds = std::max(std::chrono::duration<double>(now - bucket.filled).count(), 0.0);
  bucket.lines = std::min(most, bucket.lines + seconds * each_second);
  bucket.filled = now;
  if (bucket.lines < 1) return false;
  bucket.lines -= 1;
  return true;
}

LogLimiter::Bucket& LogLimiter::bucket_of(std::string_view address, Clock::time_point now) {
  if (const auto found = buckets_.find(address); found != buckets_.end()) return found->second;
  if (buckets_.size() >= options_.addresses) {
    if (now - swept_ >= std::chrono::seconds(1)) sweep(now);
    if (buckets_.size() >= options_.addresses) address = {};
  }
  return buckets_.try_emplace(std::string(address), Bucket{options_.at_once, now, 0}).first->second;
}

void LogLimiter::sweep(Clock::time_point now) {
  swept_ = now;
  // An address silent for so long that its bucket is full again need not be remembered.
  const auto full = std::chrono::duration<double>(options_.at_once / options_.each_second);
  std::erase_if(buckets_, [&](const auto& entry) {
    if (now - entry.second.filled < full) return false;
    forgotten_.lines += entry.second.left_out;
    forgotten_.addresses += entry.second.left_out > 0 ? 1 : 0;
    return true;
  });
}

std::optional<std::uint64_t> LogLimiter::admit(std::string_view address, Clock::time_point now) {
  const std::scoped_lock lock(mutex_);
  Bucket& bucket = bucket_of(address.substr(0, 128), now);
  // An address that has used up its own lines must not use up those of all.
  if (take(bucket, options_.at_once, options_.each_second, now) &&
      take(all_, options_.at_once_of_all, options_.each_second_of_all, now))
    return std::exchange(bucket.left_out, 0);
  ++bucket.left_out;
  return std::nullopt;
}

LogLimiter::LeftOut LogLimiter::take_left_out() {
  const std::scoped_lock lock(mutex_);
  LeftOut result = std::exchange(forgotten_, {});
  for (auto& [address, bucket] : buckets_) {
    result.addresses += bucket.left_out > 0 ? 1 : 0;
    result.lines += std::exchange(bucket.left_out, 0);
  }
  return result;
}

LogLimiter& stranger_lines() {
  static LogLimiter limiter;
  return limiter;
}

void tell_left_out() {
  const auto [lines, addresses] = stranger_lines().take_left_out();
  if (lines > 0)
    spdlog::warn("{} lines about {} addresses from which nobody has signed in were left out: there were too many",
                 lines, addresses);
}

}  // namespace vmms
