#include "wire/auth/guard.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

namespace vmms::wire::auth {
namespace {

using namespace std::chrono_literals;
using Clock = Guard::Clock;

http::ConnectionState client(std::string address) {
  http::ConnectionState state;
  state.address = std::move(address);
  state.presence = std::make_shared<std::atomic<http::Presence>>(http::Presence::here);
  return state;
}

class GuardTest : public testing::Test {
 protected:
  /// Each proof has its own fingerprint; what is right, wrong or fails is what the test says.
  Claim claim(const std::string& user, unsigned proof, Failure outcome) {
    Claim made;
    made.user = user;
    made.fingerprint[0] = static_cast<unsigned char>(proof);
    made.fingerprint[1] = static_cast<unsigned char>(proof >> 8);
    made.verify = [this, user, proof, outcome]() -> Result<cim::PrincipalPtr> {
      const std::scoped_lock lock(mutex_);
      looked_at_.push_back(user + std::to_string(proof));
      changed_.notify_all();
      if (outcome == right) return std::make_shared<const cim::Principal>(cim::Principal{.name = user});
      return error(outcome, "no");
    };
    return made;
  }
  static constexpr Failure right = Failure::internal;
  static constexpr Failure wrong = Failure::access_denied;
  static constexpr Failure failed = Failure::busy;

  std::future<bool> submit(const http::ConnectionState& from, Claim made) {
    auto promise = std::make_shared<std::promise<bool>>();
    guard_->submit(from, std::move(made),
                   [promise](const Result<cim::PrincipalPtr>& outcome) { promise->set_value(outcome.has_value()); });
    return promise->get_future();
  }
  std::size_t looks() {
    const std::scoped_lock lock(mutex_);
    return looked_at_.size();
  }
  void wait_for_looks(std::size_t number) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 5s, [&] { return looked_at_.size() >= number; })) << looked_at_.size();
  }
  void make(Guard::Options options) { guard_ = std::make_unique<Guard>(options); }

  /// Nothing comes back before the test is over.
  static Guard::Options slow() {
    Guard::Options options;
    options.threads = 1;
    options.address = {4, 1h};
    options.user_at_address = {2, 1h};
    options.user = {3, 1h};
    options.network = {6, 1h};
    return options;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> looked_at_;
  std::unique_ptr<Guard> guard_;
};

TEST_F(GuardTest, WrongProofsCostAndRightOnesDoNot) {
  make(slow());
  const auto here = client("192.0.2.1");
  for (unsigned i = 0; i < 20; ++i) EXPECT_TRUE(submit(here, claim("alice", i, right)).get());
  for (unsigned i = 20; i < 40; ++i) EXPECT_FALSE(submit(here, claim("alice", i, failed)).get());
  for (unsigned i = 0; i < 2; ++i) EXPECT_FALSE(submit(here, claim("mallory", i, wrong)).get());
  auto waits = submit(here, claim("mallory", 7, wrong));  // of this user here
  EXPECT_TRUE(submit(here, claim("alice", 100, right)).get()) << "of others at this address there are some left";
  for (unsigned i = 0; i < 2; ++i) EXPECT_FALSE(submit(here, claim("trudy", i, wrong)).get());
  auto waits_too = submit(here, claim("carol", 0, right));  // of this address
  EXPECT_TRUE(submit(client("192.0.2.2"), claim("carol", 1, right)).get());
  EXPECT_EQ(waits.wait_for(20ms), std::future_status::timeout);
  EXPECT_EQ(waits_too.wait_for(0ms), std::future_status::timeout);
}

TEST_F(GuardTest, TheProofThatWasRightLastCostsNothing) {
  make(slow());
  const auto here = client("192.0.2.1");
  EXPECT_TRUE(submit(here, claim("alice", 1, right)).get());
  for (unsigned i = 10; i < 12; ++i) EXPECT_FALSE(submit(here, claim("alice", i, wrong)).get());
  std::vector<std::future<bool>> guesses;
  for (unsigned i = 20; i < 30; ++i) guesses.push_back(submit(here, claim("alice", i, wrong)));
  for (unsigned i = 0; i < 5; ++i) EXPECT_TRUE(submit(here, claim("alice", 1, right)).get());
  // It is wrong now: the password was changed. Then it is a guess as others.
  EXPECT_FALSE(submit(here, claim("alice", 1, wrong)).get());
  guesses.push_back(submit(here, claim("alice", 1, wrong)));
  const std::size_t before = looks();
  EXPECT_EQ(guesses.back().wait_for(20ms), std::future_status::timeout);
  EXPECT_EQ(looks(), before);
}

TEST_F(GuardTest, WhoCannotBeAnsweredKeepsNobodyElseOut) {
  make(slow());
  for (unsigned i = 0; i < 3; ++i) {
    std::promise<void> told;
    guard_->submit(client("192.0.2." + std::to_string(i)), claim("alice", i, wrong),
                   [&told](const Result<cim::PrincipalPtr>&) {
                     told.set_value();
                     throw std::bad_alloc();
                   });
    told.get_future().wait();
  }
  EXPECT_TRUE(submit(client("192.0.2.9"), claim("carol", 0, right)).get());
}

TEST_F(GuardTest, NobodyIsAnsweredOnceItEnds) {
  make(slow());
  std::promise<void> begun;
  std::promise<void> go_on;
  std::atomic<bool> answered = false;
  Claim long_one = claim("alice", 1, right);
  long_one.verify = [&]() -> Result<cim::PrincipalPtr> {
    begun.set_value();
    go_on.get_future().wait();
    return error(Failure::access_denied, "no");
  };
  guard_->submit(client("192.0.2.1"), std::move(long_one), [&](const Result<cim::PrincipalPtr>&) { answered = true; });
  begun.get_future().wait();
  auto ending = std::async(std::launch::async, [this] { guard_.reset(); });
  std::this_thread::sleep_for(20ms);  // so that it has begun to end
  go_on.set_value();
  ending.get();
  EXPECT_FALSE(answered) << "what it would tell, and to whom, may be gone";
}

TEST_F(GuardTest, TokensComeBack) {
  Guard::Options options = slow();
  options.user_at_address = {1, 30ms};
  options.address = {100, 1ms};
  options.network = {100, 1ms};
  make(options);
  const auto here = client("192.0.2.1");
  const auto begin = Clock::now();
  for (unsigned i = 0; i < 5; ++i) EXPECT_FALSE(submit(here, claim("alice", i, wrong)).get());
  EXPECT_GE(Clock::now() - begin, 4 * 30ms);
}

TEST_F(GuardTest, WhoHasLeftIsNotLookedAtAndWhoMayHaveComesLast) {
  Guard::Options options = slow();
  options.user_at_address = {1, 100ms};
  options.address = {100, 1ms};
  make(options);
  EXPECT_FALSE(submit(client("192.0.2.1"), claim("alice", 0, wrong)).get());
  std::vector<http::ConnectionState> others;
  std::vector<std::future<bool>> guesses;
  for (unsigned i = 1; i <= 20; ++i) {
    others.push_back(client("192.0.2.1"));
    guesses.push_back(submit(others.back(), claim("alice", i, wrong)));
    others.back().presence->store(i % 2 ? http::Presence::gone : http::Presence::finished);
  }
  EXPECT_TRUE(submit(client("192.0.2.1"), claim("alice", 99, right)).get());
  const std::scoped_lock lock(mutex_);
  EXPECT_EQ(looked_at_.at(1), "alice99");
  EXPECT_TRUE(
      std::none_of(looked_at_.begin(), looked_at_.end(), [](const std::string& one) { return one == "alice1"; }));
}

TEST_F(GuardTest, AUserWhoIsGuessedAtPutsStrangersLastAndRefusesNobody) {
  make(slow());
  const auto known = client("192.0.2.200");
  EXPECT_TRUE(submit(known, claim("alice", 500, right)).get());
  for (unsigned i = 0; i < 5; ++i)
    EXPECT_FALSE(submit(client("192.0.2." + std::to_string(i)), claim("alice", i, wrong)).get());
  // One thing at a time is looked at: held, so that all come while it is.
  std::promise<void> release;
  Claim hold = claim("holder", 0, right);
  hold.verify = [&]() -> Result<cim::PrincipalPtr> {
    release.get_future().wait();
    return error(Failure::busy, "");
  };
  auto held = submit(client("192.0.2.100"), std::move(hold));
  std::vector<std::future<bool>> all;
  all.push_back(submit(client("192.0.2.101"), claim("alice", 10, right)));
  all.push_back(submit(client("192.0.2.102"), claim("bob", 11, right)));
  all.push_back(submit(known, claim("alice", 12, right)));
  all.push_back(submit(known, claim("alice", 500, right)));
  const std::size_t before = looks();
  release.set_value();
  for (auto& each : all) EXPECT_TRUE(each.get());
  const std::scoped_lock lock(mutex_);
  const std::vector<std::string> order(looked_at_.begin() + static_cast<std::ptrdiff_t>(before), looked_at_.end());
  EXPECT_EQ(order, (std::vector<std::string>{"alice500", "alice12", "bob11", "alice10"}));
}

TEST_F(GuardTest, GuessesAtUsersWhoAreKnownLeaveTurnsToOthersOfTheAddress) {
  Guard::Options options = slow();
  options.address = options.user_at_address = options.user = {100, 1h};
  make(options);
  for (const char* user : {"alice", "carol"}) EXPECT_TRUE(submit(client("192.0.2.1"), claim(user, 0, right)).get());
  std::promise<void> release;
  Claim hold = claim("holder", 0, right);
  hold.verify = [&]() -> Result<cim::PrincipalPtr> {
    release.get_future().wait();
    return error(Failure::busy, "");
  };
  auto held = submit(client("192.0.2.100"), std::move(hold));
  std::vector<std::future<bool>> all;
  all.push_back(submit(client("192.0.2.1"), claim("bob", 1, right)));
  for (unsigned i = 1; i < 9; ++i)
    for (const char* user : {"alice", "carol"}) all.push_back(submit(client("192.0.2.1"), claim(user, i, wrong)));
  release.set_value();
  for (auto& each : all) each.wait();
  const std::scoped_lock lock(mutex_);
  const auto bob = std::find(looked_at_.begin(), looked_at_.end(), "bob1");
  EXPECT_LE(bob - looked_at_.begin(), 3);  // alice0 and carol0 were looked at to be known, then one of them went first
}

TEST_F(GuardTest, AddressesTakeTurns) {
  Guard::Options options = slow();
  options.address = options.user_at_address = options.user = {100, 1h};
  make(options);
  std::promise<void> release;
  Claim hold = claim("holder", 0, right);
  hold.verify = [&]() -> Result<cim::PrincipalPtr> {
    release.get_future().wait();
    return error(Failure::busy, "");
  };
  auto held = submit(client("192.0.2.100"), std::move(hold));
  std::vector<std::future<bool>> all;
  for (unsigned i = 0; i < 16; ++i) all.push_back(submit(client("192.0.2.66"), claim("mallory", i, wrong)));
  all.push_back(submit(client("192.0.2.1"), claim("bob", 0, right)));
  release.set_value();
  for (auto& each : all) each.wait();
  const std::scoped_lock lock(mutex_);
  const auto bob = std::find(looked_at_.begin(), looked_at_.end(), "bob0");
  EXPECT_LE(bob - looked_at_.begin(), 1);
}

TEST_F(GuardTest, TheSameProofIsLookedAtOnceForAllWhoBringIt) {
  make(slow());
  std::promise<void> release;
  const auto released = release.get_future().share();
  std::vector<std::future<bool>> all;
  for (int i = 0; i < 200; ++i) {
    Claim same = claim("alice", 1, right);
    same.verify = [inner = same.verify, released] {
      released.wait();
      return inner();
    };
    all.push_back(submit(client("192.0.2.1"), std::move(same)));
  }
  release.set_value();
  for (auto& each : all) EXPECT_TRUE(each.get());
  EXPECT_LE(looks(), 2u);
}

TEST_F(GuardTest, ANetworkOfManyAddressesHasItsOwnBucket) {
  Guard::Options options = slow();
  options.network = {6, 1h};
  make(options);
  const auto in_network = [](int number) {
    auto state = client("2001:db8:1:" + std::to_string(number) + "::/64");
    state.network = "2001:db8:1::/48";
    return state;
  };
  for (int i = 0; i < 6; ++i) EXPECT_FALSE(submit(in_network(i), claim("user" + std::to_string(i), 0, wrong)).get());
  auto waits = submit(in_network(7), claim("bob", 0, wrong));
  EXPECT_TRUE(submit(client("2001:db8:2:1::/64"), claim("bob", 1, right)).get());
  EXPECT_EQ(waits.wait_for(20ms), std::future_status::timeout);
}

TEST_F(GuardTest, WhatThrowsIsOurOwnFailure) {
  make(slow());
  for (int i = 0; i < 10; ++i) {
    Claim broken = claim("alice", 1, right);
    broken.verify = []() -> Result<cim::PrincipalPtr> { throw std::bad_alloc(); };
    auto outcome = std::make_shared<std::promise<Result<cim::PrincipalPtr>>>();
    guard_->submit(client("192.0.2.1"), std::move(broken),
                   [outcome](const Result<cim::PrincipalPtr>& given) { outcome->set_value(given); });
    EXPECT_EQ(outcome->get_future().get().error().kind, Failure::busy);
  }
}

}  // namespace
}  // namespace vmms::wire::auth
