#include "guest/agent/shared_read.hpp"

#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <new>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

struct SharedReadTest : testing::Test {
  Result<int> get(const std::function<Result<int>(Clock::time_point)>& read) {
    return shared_.get(Clock::now() + 5s, read);
  }

  SharedRead<int> shared_{std::make_shared<FakeAgent>(), 1h, nullptr, [](const int&) { return sizeof(int); }};
};

TEST_F(SharedReadTest, HoldsWhatTheGuestGaveAndWhatItRefused) {
  EXPECT_EQ(get([](auto) { return error(Failure::unreachable, "silent"); }).error().message, "silent");
  EXPECT_FALSE(get([](auto) { return 1; })) << "it is not asked again";
  shared_.forget();
  EXPECT_EQ(*get([](auto) { return 2; }), 2);
  EXPECT_EQ(*get([](auto) { return 3; }), 2);
}

TEST_F(SharedReadTest, AFailureOfOurOwnIsNotTheGuests) {
  EXPECT_EQ(get([](auto) -> Result<int> { throw std::bad_alloc(); }).error().kind, Failure::internal);
  EXPECT_EQ(*get([](auto) { return 1; }), 1);
}

TEST_F(SharedReadTest, WhatCannotBePaidIsReadAgain) {
  Ledger ledger(Ledger::Options{.bytes_of_machine = 1 << 20});
  const AccountPtr account = ledger.account(Ledger::Payer::machine, "guest");
  Result<Charge> all = charge(account, Ledger::Item::guest_data, 1 << 20);
  SharedRead<int> shared(std::make_shared<FakeAgent>(), 1h, account, [](const int&) { return std::size_t{4096}; });
  const auto read = [&](int value) { return shared.get(Clock::now() + 5s, [value](auto) { return value; }); };
  EXPECT_EQ(read(1).error().kind, Failure::busy);
  all = Charge();
  EXPECT_EQ(*read(2), 2);
  EXPECT_EQ(*read(3), 2);
}

}  // namespace
}  // namespace vmms::guest
