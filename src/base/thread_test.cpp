#include "base/thread.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>

#include <array>
#include <future>
#include <limits>
#include <memory>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace vmms {
namespace {

class Threads : public ::testing::Test {
 protected:
  Threads() {
    while (threads_running() != 0) std::this_thread::yield();  // those of other tests of this process
  }
  ~Threads() override { limit_threads(std::numeric_limits<std::size_t>::max()); }

  /// A thread that runs until release(); nothing when it was refused.
  Status hold(ThreadUse use) {
    return start_thread("held", [released = released_, held = held_] { released.wait(); }, {.use = use});
  }
  void release() {
    release_.set_value();
    // A thread releases what it holds before it stops being counted, so this alone does not show its end.
    while (threads_running() != 0) std::this_thread::yield();
  }

 private:
  std::promise<void> release_;
  std::shared_future<void> released_ = release_.get_future().share();
  std::shared_ptr<int> held_ = std::make_shared<int>(0);
};

TEST_F(Threads, HaveTheirNameAndBlockSignals) {
  std::array<char, 16> name{};
  bool blocked = false;
  auto thread = Thread::start("a-name-of-more-than-15-characters", [&] {
    pthread_getname_np(pthread_self(), name.data(), name.size());
    sigset_t signals;
    pthread_sigmask(SIG_BLOCK, nullptr, &signals);
    blocked = sigismember(&signals, SIGTERM) == 1 && sigismember(&signals, SIGUSR1) == 1;
  });
  ASSERT_TRUE(thread);
  thread->join();
  EXPECT_STREQ(name.data(), "a-name-of-more-");
  EXPECT_TRUE(blocked);
  sigset_t own;
  pthread_sigmask(SIG_BLOCK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGUSR1), 0);
}

TEST_F(Threads, WhatOneThrowsEndsItAlone) {
  for (int i = 0; i < 3; ++i) {
    auto thread = Thread::start("throws", [i] {
      if (i == 0) throw std::runtime_error("no");
      if (i == 1) throw std::bad_alloc();
      throw i;
    });
    ASSERT_TRUE(thread);
    thread->join();
    EXPECT_EQ(threads_running(), 0U);
  }
}

TEST_F(Threads, WhatAThreadHoldsEndsWithIt) {
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> seen = held;
  auto thread = Thread::start("holds", [held = std::move(held)] {});
  ASSERT_TRUE(thread);
  thread->join();
  EXPECT_TRUE(seen.expired());
}

TEST_F(Threads, AreRefusedBeyondTheBound) {
  limit_threads(4);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(hold(ThreadUse::work));
  const Status refused = hold(ThreadUse::work);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  EXPECT_NE(refused.error().message.find("4 threads run already"), std::string::npos) << refused.error().message;
  EXPECT_EQ(threads_running(), 4U);
  ASSERT_TRUE(hold(ThreadUse::service)) << "what the process needs is not refused";
  release();
  ASSERT_TRUE(start_thread("again", [] {}));
}

TEST_F(Threads, ConversationsLeaveHalfToWork) {
  limit_threads(4);
  ASSERT_TRUE(hold(ThreadUse::conversation));
  ASSERT_TRUE(hold(ThreadUse::conversation));
  EXPECT_FALSE(hold(ThreadUse::conversation));
  ASSERT_TRUE(hold(ThreadUse::work));
  ASSERT_TRUE(hold(ThreadUse::work));
  EXPECT_FALSE(hold(ThreadUse::work));
  release();
}

TEST_F(Threads, ThatTheHostRefusesAreAnError) {
  const Status refused = start_thread("huge", [] {}, {.stack_bytes = std::size_t{1} << 60});
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "the size of stacks is the sanitizer's";
#endif
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  EXPECT_EQ(threads_running(), 0U);
}

}  // namespace
}  // namespace vmms
