#include "wire/auth/token_buckets.hpp"

#include <gtest/gtest.h>

namespace vmms::wire::auth {
namespace {

using namespace std::chrono_literals;

TEST(TokenBuckets, ABurstThenARate) {
  TokenBuckets buckets({.burst = 3, .refill = 2s});
  TokenBuckets::Clock::time_point now{100s};
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(buckets.is_ready("a", now));
    buckets.take("a", now);
  }
  EXPECT_FALSE(buckets.is_ready("a", now));
  EXPECT_EQ(buckets.ready_at("a", now), now + 2s);
  EXPECT_TRUE(buckets.is_ready("b", now)) << "each key has its own";
  buckets.take("a", now);  // of nothing nothing is taken
  EXPECT_EQ(buckets.ready_at("a", now), now + 2s);
  buckets.give_back("a", now);
  EXPECT_TRUE(buckets.is_ready("a", now));
  buckets.take("a", now);
  now += 2s;
  EXPECT_TRUE(buckets.is_ready("a", now));
  buckets.take("a", now);
  EXPECT_FALSE(buckets.is_ready("a", now));
  now += 60s;
  for (int i = 0; i < 3; ++i) buckets.take("a", now);
  EXPECT_FALSE(buckets.is_ready("a", now)) << "no more than a bucket is saved up";
}

TEST(TokenBuckets, GivingBackFillsNoMoreThanABucket) {
  TokenBuckets buckets({.burst = 2, .refill = 1s});
  const TokenBuckets::Clock::time_point now{100s};
  for (int i = 0; i < 10; ++i) buckets.give_back("a", now);
  for (int i = 0; i < 2; ++i) buckets.take("a", now);
  EXPECT_FALSE(buckets.is_ready("a", now));
}

TEST(TokenBuckets, TheTableIsBounded) {
  TokenBuckets buckets({.burst = 1, .refill = 1s}, 100);
  TokenBuckets::Clock::time_point now{100s};
  buckets.take("old", now);
  buckets.take("used", now);
  for (int i = 0; i < 99; ++i) {
    buckets.take(std::to_string(i), now);
    if (i == 50) buckets.take("used", now);
  }
  EXPECT_EQ(buckets.size(), 100u);
  EXPECT_TRUE(buckets.is_ready("old", now)) << "the one used longest ago made room";
  EXPECT_FALSE(buckets.is_ready("used", now));
  now += 5s;
  buckets.take("new", now);
  EXPECT_EQ(buckets.size(), 1u) << "full ones need no place";
}

}  // namespace
}  // namespace vmms::wire::auth
