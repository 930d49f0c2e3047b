#include "base/worker_pool.hpp"

#include "base/waiting.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace vmms {
namespace {

using namespace std::chrono_literals;

/// What must come comes by then, on a loaded machine under a sanitizer, too.
constexpr auto soon = 60s;

/// Holds tasks until it opens; shared with the tasks, which may outlive the test.
class Gate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    arrived_.notify_all();
    opened_.wait(lock, [this] { return open_; });
    --waiting_;
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }
  bool wait_for(int tasks) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, soon, [&] { return waiting_ >= tasks; });
  }
  int waiting() {
    const std::scoped_lock lock(mutex_);
    return waiting_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable opened_;
  int waiting_ = 0;
  bool open_ = false;
};

TEST(WorkerPool, RunsEveryTask) {
  WorkerPool pool;
  std::atomic<int> ran = 0;
  std::promise<void> all;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(pool.submit(i % 3 == 0 ? "" : "vm" + std::to_string(i % 50), [&] {
      if (++ran == 2000) all.set_value();
    }));
  }
  ASSERT_EQ(all.get_future().wait_for(soon), std::future_status::ready);
  EXPECT_TRUE(pool.stop(soon));
  EXPECT_EQ(pool.threads(), 0u);
}

TEST(WorkerPool, TasksThatWaitDoNotHoldOthers) {
  WorkerPool pool;
  const auto gate = std::make_shared<Gate>();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool.submit("vm", [gate] { gate->pass(); }));
  ASSERT_TRUE(gate->wait_for(20));
  std::promise<void> quick;
  ASSERT_TRUE(pool.submit("vm", [&] { quick.set_value(); }));
  EXPECT_EQ(quick.get_future().wait_for(soon), std::future_status::ready);
  gate->open();
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, LimitsWhatRunsAndWaitsPerKey) {
  WorkerPool pool({.running_per_key = 2, .waiting_per_key = 3});
  const auto gate = std::make_shared<Gate>();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(pool.submit("vm", [gate] { gate->pass(); }));
  ASSERT_TRUE(gate->wait_for(2));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit("vm", [gate] { gate->pass(); }));
  const Status refused = pool.submit("vm", [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  EXPECT_NE(refused.error().message.find("\"vm\""), std::string::npos);

  std::promise<void> other;
  ASSERT_TRUE(pool.submit("another", [&] { other.set_value(); }));
  EXPECT_EQ(other.get_future().wait_for(soon), std::future_status::ready);
  EXPECT_EQ(gate->waiting(), 2);
  gate->open();
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, FloodOfOneKeyDoesNotStarveAnother) {
  // One thread: with a plain queue, the task of "quiet" would run after all of the flood.
  WorkerPool pool({.threads = 1});
  const auto gate = std::make_shared<Gate>();
  ASSERT_TRUE(pool.submit("first", [gate] { gate->pass(); }));
  ASSERT_TRUE(gate->wait_for(1));
  std::atomic<int> flood = 0;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(pool.submit("flood", [&] { ++flood; }));
  std::promise<int> before;
  ASSERT_TRUE(pool.submit("quiet", [&] { before.set_value(flood); }));
  gate->open();
  EXPECT_LE(before.get_future().get(), 2);
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, BoundsThreadsAndTheWholeQueue) {
  WorkerPool pool({.threads = 3, .waiting = 5});
  const auto gate = std::make_shared<Gate>();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit(std::to_string(i), [gate] { gate->pass(); }));
  ASSERT_TRUE(gate->wait_for(3));
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(pool.submit("waits" + std::to_string(i), [gate] { gate->pass(); }));
  EXPECT_EQ(pool.threads(), 3u);
  const Status refused = pool.submit("one more", [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  gate->open();
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, IdleThreadsEnd) {
  WorkerPool pool({.idle = 10ms});
  std::promise<void> ran;
  ASSERT_TRUE(pool.submit("", [&] { ran.set_value(); }));
  ran.get_future().wait();
  const auto deadline = std::chrono::steady_clock::now() + soon;
  while (pool.threads() != 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(pool.threads(), 0u);
  std::promise<void> again;
  ASSERT_TRUE(pool.submit("", [&] { again.set_value(); }));
  EXPECT_EQ(again.get_future().wait_for(soon), std::future_status::ready);
}

TEST(WorkerPool, ExceptionsOfATaskHarmNobody) {
  WorkerPool pool({.threads = 1});
  ASSERT_TRUE(pool.submit("", [] { throw std::runtime_error("on purpose"); }));
  ASSERT_TRUE(pool.submit("", [] { throw 1; }));
  std::promise<void> ran;
  ASSERT_TRUE(pool.submit("", [&] { ran.set_value(); }));
  EXPECT_EQ(ran.get_future().wait_for(soon), std::future_status::ready);
  EXPECT_EQ(pool.threads(), 1u);
}

TEST(WorkerPool, StopDoesNotWaitForAStuckTask) {
  const auto gate = std::make_shared<Gate>();
  const auto dropped = std::make_shared<int>(0);
  {
    WorkerPool pool({.running_per_key = 1});
    ASSERT_TRUE(pool.submit("vm", [gate] { gate->pass(); }));
    ASSERT_TRUE(gate->wait_for(1));
    ASSERT_TRUE(pool.submit("vm", [dropped] { FAIL() << "ran after stop()"; }));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(pool.stop(20ms));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
    EXPECT_EQ(dropped.use_count(), 1) << "a task that waited was not destroyed";
    const Status refused = pool.submit("vm", [] {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Failure::busy);
  }
  gate->open();  // the thread ends by itself, without its pool
}

TEST(WorkerPool, TasksMaySubmitAndBeSubmittedFromManyThreads) {
  WorkerPool pool({.threads = 8, .waiting_per_key = 100000, .waiting = 100000});
  std::atomic<int> ran = 0;
  std::promise<void> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string key = std::to_string((t + i) % 7);
        ASSERT_TRUE(pool.submit(key, [&, key] {
          ASSERT_TRUE(pool.submit(key, [&] {
            if (++ran == 2000) all.set_value();
          }));
        }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(all.get_future().wait_for(soon), std::future_status::ready);
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, AnAccountHoldsItsShareOfTheThreads) {
  WorkerPool pool({.threads = 8});
  Ledger ledger;
  const AccountPtr greedy = ledger.account(Ledger::Payer::principal, "vmms\\greedy");
  const AccountPtr modest = ledger.account(Ledger::Payer::principal, "vmms\\modest");
  const auto gate = std::make_shared<Gate>();
  for (int i = 0; i < 40; ++i) ASSERT_TRUE(pool.submit(greedy, "vm" + std::to_string(i), [gate] { gate->pass(); }));
  ASSERT_TRUE(gate->wait_for(2));
  std::promise<void> ran;
  ASSERT_TRUE(pool.submit(modest, "vm0", [&] { ran.set_value(); }));
  EXPECT_EQ(ran.get_future().wait_for(soon), std::future_status::ready);
  EXPECT_EQ(gate->waiting(), 2);
  gate->open();
  EXPECT_TRUE(pool.stop(soon));
  EXPECT_EQ(greedy->number(Ledger::Item::task), 0u);
}

TEST(WorkerPool, SomeThreadsAreKeptForTheAdministrator) {
  WorkerPool pool({.threads = 8});
  Ledger ledger;
  std::vector<AccountPtr> crowd;
  const auto gate = std::make_shared<Gate>();
  for (int i = 0; i < 20; ++i) {
    crowd.push_back(ledger.account(Ledger::Payer::principal, std::to_string(i)));
    ASSERT_TRUE(pool.submit(crowd.back(), "vm", [gate] { gate->pass(); }));
  }
  ASSERT_TRUE(gate->wait_for(7));
  const AccountPtr root = ledger.account(Ledger::Payer::administrator, "local\\root");
  std::promise<void> ran;
  ASSERT_TRUE(pool.submit(root, "vm", [&] { ran.set_value(); }));
  EXPECT_EQ(ran.get_future().wait_for(soon), std::future_status::ready);
  EXPECT_EQ(gate->waiting(), 7);
  gate->open();
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, TakesTurnsBetweenAccounts) {
  WorkerPool pool({.threads = 1});
  Ledger ledger;
  const AccountPtr flood = ledger.account(Ledger::Payer::principal, "flood");
  const AccountPtr quiet = ledger.account(Ledger::Payer::principal, "quiet");
  const auto gate = std::make_shared<Gate>();
  ASSERT_TRUE(pool.submit("first", [gate] { gate->pass(); }));
  ASSERT_TRUE(gate->wait_for(1));
  std::atomic<int> before = 0;
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(pool.submit(flood, "vm" + std::to_string(i), [&] { ++before; }));
  std::promise<int> seen;
  ASSERT_TRUE(pool.submit(quiet, "vm1", [&] { seen.set_value(before); }));
  gate->open();
  EXPECT_LE(seen.get_future().get(), 2);
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, TasksAreCharged) {
  WorkerPool pool;
  Ledger::Options options;
  options.bounds[static_cast<std::size_t>(Ledger::Item::task)] = {.principal = 3};
  Ledger ledger(options);
  const AccountPtr alice = ledger.account(Ledger::Payer::principal, "vmms\\alice");
  const auto gate = std::make_shared<Gate>();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.submit(alice, "vm", [gate] { gate->pass(); }));
  const Status refused = pool.submit(alice, "vm", [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  EXPECT_EQ(alice->bytes(), 3 * WorkerPool::task_bytes);
  gate->open();
  EXPECT_TRUE(pool.stop(soon));
  EXPECT_EQ(alice->bytes(), 0u);
}

/// As Gate, for tasks that give their thread back.
class OpenGate {
 public:
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    ++passed_;
    changed_.notify_all();
  }
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  bool wait_for(int tasks) {
    return wait([&] { return arrived_ >= tasks; });
  }
  bool wait_passed(int tasks) {
    return wait([&] { return passed_ >= tasks; });
  }

 private:
  template <class Predicate>
  bool wait(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, predicate);
  }
  std::mutex mutex_;
  Condition changed_;
  int arrived_ = 0;
  int passed_ = 0;
  bool open_ = false;
};

TEST(WorkerPool, ATaskThatWaitsHoldsNoThread) {
  WorkerPool pool({.threads = 2, .running_per_key = 1, .waiting_per_key = 2000});
  const auto gate = std::make_shared<OpenGate>();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(pool.submit("vm" + std::to_string(i % 3), [gate] { gate->pass(); }));
  ASSERT_TRUE(gate->wait_for(1000));
  EXPECT_LE(pool.threads(), 2u);
  gate->open();
  EXPECT_TRUE(gate->wait_passed(1000));
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, SleepingTasksWakeInTime) {
  WorkerPool pool({.threads = 2});
  std::atomic<int> ran = 0;
  std::promise<void> all;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(pool.submit("", [&] {
      sleep_for(100ms);
      EXPECT_GE(std::chrono::steady_clock::now() - begin, 100ms);
      if (++ran == 50) all.set_value();
    }));
  EXPECT_EQ(all.get_future().wait_for(20s), std::future_status::ready);
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, AWaitEndsAtItsDeadline) {
  WorkerPool pool({.threads = 1});
  std::promise<bool> told;
  ASSERT_TRUE(pool.submit("", [&] {
    std::mutex mutex;
    Condition never;
    std::unique_lock lock(mutex);
    told.set_value(never.wait_for(lock, 20ms, [] { return false; }));
  }));
  auto future = told.get_future();
  ASSERT_EQ(future.wait_for(20s), std::future_status::ready);
  EXPECT_FALSE(future.get());
}

TEST(WorkerPool, NoNotificationIsLostBetweenThreadsAndTasks) {
  WorkerPool pool({.threads = 4});
  struct Counter {
    std::mutex mutex;
    Condition changed;
    int tokens = 0;
    int taken = 0;
  };
  const auto counter = std::make_shared<Counter>();
  const auto take = [counter] {
    for (int i = 0; i < 200; ++i) {
      std::unique_lock lock(counter->mutex);
      counter->changed.wait(lock, [&] { return counter->tokens > 0; });
      --counter->tokens;
      ++counter->taken;
    }
  };
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(pool.submit("", take));
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) threads.emplace_back(take);
  for (int i = 0; i < 22 * 200; ++i) {
    const std::scoped_lock lock(counter->mutex);
    ++counter->tokens;
    counter->changed.notify_one();
  }
  for (std::thread& thread : threads) thread.join();
  const auto taken = [&counter] {
    const std::scoped_lock lock(counter->mutex);
    return counter->taken;
  };
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (taken() < 22 * 200 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(counter->taken, 22 * 200);
}

TEST(WorkerPool, AWaitWhileAnExceptionIsHandledKeepsTheThread) {
  WorkerPool pool({.threads = 2});
  std::promise<std::string> told;
  ASSERT_TRUE(pool.submit("", [&] {
    const auto before = std::this_thread::get_id();
    try {
      throw std::runtime_error("on purpose");
    } catch (const std::exception& exception) {
      sleep_for(5ms);
      EXPECT_EQ(std::this_thread::get_id(), before);
      told.set_value(exception.what());
    }
  }));
  EXPECT_EQ(told.get_future().get(), "on purpose");
}

TEST(WorkerPool, TasksThatWaitOutliveTheirPool) {
  const auto gate = std::make_shared<OpenGate>();
  {
    WorkerPool pool({.threads = 2});
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(pool.submit("vm", [gate] { gate->pass(); }));
    ASSERT_TRUE(gate->wait_for(10));
    EXPECT_FALSE(pool.stop(20ms));
  }
  gate->open();
  EXPECT_TRUE(gate->wait_passed(10));
}

TEST(WorkerPool, WhatWaitsCountsAsBegunForItsKey) {
  WorkerPool pool({.threads = 8, .begun_per_key = 3});
  std::mutex mutex;
  Condition changed;
  int begun = 0;
  int ended = 0;
  int allowed = 0;
  const auto work = [&] {
    std::unique_lock lock(mutex);
    ++begun;
    changed.notify_all();
    changed.wait(lock, [&] { return allowed > 0; });  // without a thread
    --allowed;
    ++ended;
    changed.notify_all();
  };
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(pool.submit("vm", work));
  std::promise<void> another;
  ASSERT_TRUE(pool.submit("another", [&] { another.set_value(); }));
  EXPECT_EQ(another.get_future().wait_for(soon), std::future_status::ready);
  std::unique_lock lock(mutex);
  EXPECT_TRUE(changed.wait_for(lock, soon, [&] { return begun == 3; }));
  EXPECT_FALSE(changed.wait_for(lock, 20ms, [&] { return begun > 3; }));
  for (int done = 1; done <= 10; ++done) {
    ++allowed;
    changed.notify_all();
    EXPECT_TRUE(changed.wait_for(lock, soon, [&] { return ended == done && begun == std::min(done + 3, 10); }));
  }
  lock.unlock();
  EXPECT_TRUE(pool.stop(soon));
}

TEST(WorkerPool, ATaskMutexMayBeHeldAcrossWaits) {
  WorkerPool pool({.threads = 4, .running_per_key = 2});
  TaskMutex mutex;
  std::atomic<int> inside = 0;
  std::atomic<int> ended = 0;
  std::promise<void> all;
  constexpr int tasks = 20;
  for (int i = 0; i < tasks; ++i)
    ASSERT_TRUE(pool.submit("vm", [&] {
      {
        const std::lock_guard lock(mutex);
        EXPECT_EQ(++inside, 1);
        sleep_for(2ms);
        --inside;
      }
      if (++ended == tasks) all.set_value();
    }));
  EXPECT_EQ(all.get_future().wait_for(10s), std::future_status::ready) << ended;
  const std::lock_guard held(mutex);
  EXPECT_FALSE(mutex.try_lock());
  EXPECT_FALSE(mutex.try_lock_until(std::chrono::steady_clock::now() + 10ms));
}

}  // namespace
}  // namespace vmms
