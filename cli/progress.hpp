// The progress of a copy, in bytes and time.
#pragma once

#include "cli/console.hpp"

#include <chrono>
#include <cstdint>
#include <mutex>

namespace vmms::cli {

/// Thread-safe.
class Progress {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Progress(const Console& console) : console_(console) {}

  void expect(std::uint64_t bytes);  ///< so many more will move
  void moved(std::uint64_t bytes);
  void at(std::uint64_t percent);  ///< for callers that know no more
  void sign_of_life();             ///< something happened, although no bytes moved

  std::uint64_t bytes() const;  ///< that have moved
  double seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }
  Clock::duration stands_still() const;  ///< since the last sign of life

 private:
  void show(std::uint64_t percent);

  const Console& console_;
  const Clock::time_point begun_ = Clock::now();
  mutable std::mutex mutex_;
  Clock::time_point last_ = begun_;
  std::uint64_t expected_ = 0;
  std::uint64_t moved_ = 0;
  std::uint64_t shown_ = 101;
};

}  // namespace vmms::cli
