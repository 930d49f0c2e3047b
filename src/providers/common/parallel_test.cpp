#include "providers/common/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace vmms::providers {
namespace {

/// Keeps what it was offered until the test runs it.
class Patience {
 public:
  Offer offer() {
    return [this](std::function<void()> task) {
      tasks.push_back(std::move(task));
      return true;
    };
  }
  std::vector<std::function<void()>> tasks;
};

TEST(InParallel, WhereNobodyHelpsTheCallerDoesAll) {
  for (const Offer& offer : {Offer(), Offer([](const std::function<void()>&) { return false; })}) {
    std::vector<std::size_t> done;
    in_parallel(offer, 5, [&](std::size_t i) { done.push_back(i); });
    EXPECT_EQ(done, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  }
}

TEST(InParallel, HelpThatComesTooLateDoesNothing) {
  Patience patience;
  int done = 0;
  in_parallel(patience.offer(), 100, [&](std::size_t) { ++done; });
  EXPECT_EQ(done, 100) << "nobody is waited for who has not begun";
  EXPECT_EQ(patience.tasks.size(), 15U);
  for (const auto& task : patience.tasks) task();
  EXPECT_EQ(done, 100);
}

TEST(InParallel, EachIsDoneOnceByWhoeverHelps) {
  std::vector<std::thread> threads;
  const Offer offer = [&](std::function<void()> task) {
    threads.emplace_back(std::move(task));
    return true;
  };
  std::vector<std::atomic<int>> done(1000);
  in_parallel(offer, done.size(), [&](std::size_t i) {
    ++done[i];
    std::this_thread::yield();
  });
  for (const auto& each : done) EXPECT_EQ(each, 1);
  for (auto& thread : threads) thread.join();
}

TEST(InParallel, WhatIsThrownComesToTheCallerAfterAllHaveEnded) {
  std::vector<std::thread> threads;
  const Offer offer = [&](std::function<void()> task) {
    threads.emplace_back(std::move(task));
    return true;
  };
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> running = 0;
    const auto work = [&](std::size_t i) {
      ++running;
      std::this_thread::yield();
      --running;
      if (i == 7) throw std::bad_alloc();
    };
    EXPECT_THROW(in_parallel(offer, 50, work), std::bad_alloc);
    EXPECT_EQ(running, 0);
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace vmms::providers
