#include "cli/progress.hpp"

#include "cli/guest_file.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace vmms::cli {

void Progress::expect(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  expected_ += bytes;
}

void Progress::moved(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  moved_ += bytes;
  last_ = Clock::now();
  show(std::min<std::uint64_t>(100, moved_ * 100 / std::max<std::uint64_t>(expected_, 1)));
}

void Progress::at(std::uint64_t percent) {
  const std::lock_guard lock(mutex_);
  moved_ = expected_ / 100 * percent;
  if (percent != shown_) last_ = Clock::now();
  show(percent);
}

void Progress::sign_of_life() {
  const std::lock_guard lock(mutex_);
  last_ = Clock::now();
}

std::uint64_t Progress::bytes() const {
  const std::lock_guard lock(mutex_);
  return moved_;
}

Progress::Clock::duration Progress::stands_still() const {
  const std::lock_guard lock(mutex_);
  return Clock::now() - last_;
}

// With the mutex held.
void Progress::show(std::uint64_t percent) {
  if (percent == shown_) return;
  shown_ = percent;
  const double time = seconds();
  const double rate = time > 0 ? static_cast<double>(moved_) / time : 0;
  const double left = rate > 0 ? static_cast<double>(expected_ - std::min(expected_, moved_)) / rate : 0;
  if (console_.json) {
    console_.print(boost::json::value(boost::json::object{{"event", "progress"},
                                                          {"percent", percent},
                                                          {"bytes", moved_},
                                                          {"bytes_per_second", static_cast<std::uint64_t>(rate)},
                                                          {"remaining_seconds", static_cast<std::uint64_t>(left)}}));
    console_.out.flush();  // programs that read events wait for them
    return;
  }
  constexpr std::size_t width = 30;
  const std::size_t filled = percent * width / 100;
  const std::string bar =
      fmt::format("{:3} % [{}{}]", percent, std::string(filled, '='), std::string(width - filled, ' '));
  if (expected_ == 0) {
    console_.progress(bar);
    return;
  }
  console_.progress(fmt::format("{} of {}, {}/s, {:.0f} s left", bar, size_text(static_cast<double>(expected_)),
                                size_text(rate), left));
}

}  // namespace vmms::cli
