#include "guest/agent/heartbeat.hpp"

#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

Clock::time_point soon() { return Clock::now() + 30s; }

class HeartbeatTest : public testing::Test {
 protected:
  std::shared_ptr<FakeAgent> transport_ = std::make_shared<FakeAgent>();
  void answer(Clock::time_point asked) {
    heartbeat_.asked();
    heartbeat_.ended(asked, true);
  }

  Heartbeat heartbeat_{transport_};
};

TEST_F(HeartbeatTest, AsksOnceASecondAtMost) {
  std::vector<std::future<Status>> readers;
  for (int i = 0; i < 8; ++i)
    readers.push_back(std::async(std::launch::async, [&] { return heartbeat_.read(soon()); }));
  for (auto& reader : readers) EXPECT_TRUE(reader.get());
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(heartbeat_.read(soon()));
  EXPECT_EQ(transport_->commands(), 1U);
}

TEST_F(HeartbeatTest, SilenceShowsWithinTwoSecondsAndIsRememberedThen) {
  EXPECT_TRUE(heartbeat_.read(soon()));
  transport_->set_silent(true);
  const auto fell_silent = Clock::now();
  Status alive;
  while (alive && Clock::now() - fell_silent < 5s) alive = heartbeat_.read(soon());
  EXPECT_LT(Clock::now() - fell_silent, 2s);
  ASSERT_FALSE(alive);
  EXPECT_EQ(alive.error().kind, Failure::unreachable);
  // A caller gets the result at once now; one that comes when it is old waits a little.
  auto begun = Clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(heartbeat_.read(soon()));
  EXPECT_LT(Clock::now() - begun, 300ms);
  std::this_thread::sleep_for(Heartbeat::believed);
  begun = Clock::now();
  EXPECT_FALSE(heartbeat_.read(soon()));
  EXPECT_LT(Clock::now() - begun, 500ms);
  transport_->set_silent(false);
  const auto came_back = Clock::now();
  while (!heartbeat_.read(soon()) && Clock::now() - came_back < 5s) std::this_thread::sleep_for(10ms);
  EXPECT_LT(Clock::now() - came_back, 2s);
}

TEST_F(HeartbeatTest, ACallerInAHurryLearnsNothingAndDecidesNothing) {
  transport_->set_silent(true);
  EXPECT_EQ(heartbeat_.read(Clock::now() + 20ms).error().kind, Failure::timed_out);
  transport_->set_silent(false);
  EXPECT_TRUE(heartbeat_.read(soon()));
}

TEST_F(HeartbeatTest, AnotherAgentIsAskedAnew) {
  transport_->set_silent(true);
  EXPECT_FALSE(heartbeat_.read(soon()));
  transport_->set_silent(false);
  transport_->restart();
  EXPECT_TRUE(heartbeat_.read(soon()));
}

TEST_F(HeartbeatTest, AnswersToOtherCommandsAreSignsOfLife) {
  answer(Clock::now());
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(heartbeat_.read(soon()));
  EXPECT_EQ(transport_->commands(), 0U);
  // Of another connection they say nothing.
  transport_->restart();
  transport_->set_silent(true);
  EXPECT_FALSE(heartbeat_.read(soon()));
}

TEST_F(HeartbeatTest, AnAgentThatOwesAnAnswerHasHadItsTime) {
  transport_->set_silent(true);
  heartbeat_.asked();
  std::this_thread::sleep_for(Heartbeat::patience);
  auto begun = Clock::now();
  EXPECT_FALSE(heartbeat_.read(soon()));
  EXPECT_LT(Clock::now() - begun, Heartbeat::patience) << "others have waited for it";
  heartbeat_.ended(begun, false);
  // Of another connection the answer that is owed says nothing.
  heartbeat_.asked();
  transport_->restart();
  std::this_thread::sleep_for(Heartbeat::patience);
  begun = Clock::now();
  EXPECT_FALSE(heartbeat_.read(soon()));
  EXPECT_GE(Clock::now() - begun, Heartbeat::patience);
}

TEST_F(HeartbeatTest, ASlowAgentGetsTheTimeThatItNeeds) {
  answer(Clock::now() - 1s);  // it took a second
  std::this_thread::sleep_for(Heartbeat::believed);
  transport_->set_silent(true);
  std::thread later([&] {
    std::this_thread::sleep_for(1200ms);
    transport_->set_silent(false);
  });
  EXPECT_TRUE(heartbeat_.read(soon()));
  later.join();
}

}  // namespace
}  // namespace vmms::guest
