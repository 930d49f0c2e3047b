#include "base/log_limiter.hpp"

#include <gtest/gtest.h>

namespace vmms {
namespace {

using namespace std::chrono_literals;

class LogLimiterTest : public testing::Test {
 protected:
  LogLimiter::Clock::time_point now_ = LogLimiter::Clock::time_point(1000s);
  LogLimiter limiter_{{.at_once = 3, .each_second = 0.5, .at_once_of_all = 5, .each_second_of_all = 1, .addresses = 3}};
};

TEST_F(LogLimiterTest, AnAddressGetsSomeLinesAndThenWhatItMissedIsTold) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter_.admit("a", now_), 0u);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(limiter_.admit("a", now_), std::nullopt);
  EXPECT_EQ(limiter_.admit("b", now_), 0u) << "others are not concerned";
  EXPECT_EQ(limiter_.admit("a", now_ + 2s), 7u);
  EXPECT_EQ(limiter_.admit("a", now_ + 2s), std::nullopt);
}

TEST_F(LogLimiterTest, AllAddressesTogetherAreBounded) {
  int admitted = 0;
  for (int i = 0; i < 100; ++i) admitted += limiter_.admit(std::to_string(i), now_).has_value();
  EXPECT_EQ(admitted, 5);
  EXPECT_EQ(limiter_.admit("x", now_ + 10s) ? 1 : 0, 1);
}

TEST_F(LogLimiterTest, NothingThatIsLeftOutIsForgotten) {
  std::uint64_t accounted = 0;
  for (int i = 0; i < 1000; ++i)
    if (const auto left_out = limiter_.admit(std::to_string(i % 50), now_ + i * 100ms)) accounted += 1 + *left_out;
  EXPECT_LT(accounted, 1000u);
  EXPECT_EQ(accounted + limiter_.take_left_out().lines, 1000u);
  EXPECT_EQ(limiter_.take_left_out().lines, 0u);
}

TEST_F(LogLimiterTest, AClockThatStandsStillGivesNothing) {
  for (int i = 0; i < 3; ++i) limiter_.admit("a", now_);
  EXPECT_EQ(limiter_.admit("a", now_ - 10s), std::nullopt);
}

}  // namespace
}  // namespace vmms
