// Lines of the log that unauthenticated clients cause.
#pragma once

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vmms {

/// How many lines an address may cause before a user has signed in from it: some at once, then a few a minute, and not
/// too many for all addresses together. What is left out is counted. Any thread.
class LogLimiter {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    double at_once = 10;
    double each_second = 0.2;
    double at_once_of_all = 100;
    double each_second_of_all = 10;
    std::size_t addresses = 4096;  ///< that are distinguished; further ones count as one
  };
  /// Lines that were left out, and how many addresses they were about.
  struct LeftOut {
    std::uint64_t lines = 0;
    std::uint64_t addresses = 0;
  };

  LogLimiter() : LogLimiter(Options{}) {}
  explicit LogLimiter(Options options);

  /// Nothing: leave this line out. Else how many about this address were left out since the last that was not.
  std::optional<std::uint64_t> admit(std::string_view address, Clock::time_point now = Clock::now());

  /// Lines left out and not yet reported: each one once.
  LeftOut take_left_out();

 private:
  struct Bucket {
    double lines;
    Clock::time_point filled;
    std::uint64_t left_out = 0;
  };
  static bool take(Bucket& bucket, double most, double each_second, Clock::time_point now);
  Bucket& bucket_of(std::string_view address, Clock::time_point now);
  void sweep(Clock::time_point now);

  const Options options_;
  std::mutex mutex_;
  std::map<std::string, Bucket, std::less<>> buckets_;
  Bucket all_;
  Clock::time_point swept_{};
  LeftOut forgotten_;  // of addresses that are not distinguished any more
};

/// The limiter of this process.
LogLimiter& stranger_lines();

/// Logs a line that an unauthenticated client at `address` caused (see http::ConnectionState), or leaves it out.
/// What was left out is reported with a later line, or by tell_left_out().
template <class... Arguments>
void log_stranger(std::string_view address, spdlog::level::level_enum level, fmt::format_string<Arguments...> format,
                  Arguments&&... arguments) noexcept {
  if (!spdlog::should_log(level)) return;
  try {
    const auto left_out = stranger_lines().admit(address);
    if (!left_out) return;
    const std::string line = fmt::format(format, std::forward<Arguments>(arguments)...);
    if (*left_out == 0)
      spdlog::log(level, "{}", line);
    else
      spdlog::log(level, "{} ({} more lines about this address were left out)", line, *left_out);
  } catch (const std::exception&) {  // there is no memory for a line
  }
}

/// Logs how many lines were left out and not yet reported, if any. Called from time to time, and at the end.
void tell_left_out();

}  // namespace vmms
