#include "wire/auth/failure_limiter.hpp"

#include <gtest/gtest.h>

namespace vmms::wire::auth {
namespace {

using namespace std::chrono_literals;

TEST(FailureLimiter, DelaysGrowAndAreForgotten) {
  FailureLimiter limiter;
  FailureLimiter::Clock::time_point now;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(limiter.failed("a", now += 1s), 0ms);
  for (const auto expected : {250ms, 500ms, 1000ms, 2000ms, 4000ms, 4000ms}) {
    EXPECT_EQ(limiter.failed("a", now += 1s), expected);
  }
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(limiter.failed("a", now), 4000ms);
  EXPECT_EQ(limiter.failed("b", now), 0ms);
  EXPECT_EQ(limiter.failed("a", now += 61s), 0ms);
}

TEST(FailureLimiter, TableIsBounded) {
  FailureLimiter limiter;
  FailureLimiter::Clock::time_point now;
  for (int i = 0; i < 5; ++i) limiter.failed("old", now);
  now += 1s;
  for (int i = 0; i < 5; ++i) limiter.failed("kept", now += 1ms);
  for (std::size_t i = 0; i < FailureLimiter::most_keys - 1; ++i) limiter.failed(std::to_string(i), now += 1ms);
  EXPECT_EQ(limiter.size(), FailureLimiter::most_keys);
  EXPECT_EQ(limiter.failed("kept", now), 250ms);
  EXPECT_EQ(limiter.failed("old", now), 0ms) << "the oldest one should have made room";
  EXPECT_EQ(limiter.size(), FailureLimiter::most_keys);
  limiter.failed("new", now += 61s);
  EXPECT_EQ(limiter.size(), 1u);
}

}  // namespace
}  // namespace vmms::wire::auth
