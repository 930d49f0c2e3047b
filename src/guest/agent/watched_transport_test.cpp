#include "guest/agent/watched_transport.hpp"

#include "base/thread.hpp"
#include "guest/agent/agent.hpp"
#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

Clock::time_point soon() { return Clock::now() + 30s; }

class WatchedTransportTest : public testing::Test {
 protected:
  Result<std::string> ask(Clock::time_point deadline) {
    return transport_->command("{\"execute\":\"guest-info\"}", deadline);
  }
  void fall_silent() {
    agent_->set_silent(true);
    ASSERT_FALSE(ask(Clock::now() + 60ms));
  }

  std::shared_ptr<FakeAgent> agent_ = std::make_shared<FakeAgent>();
  std::shared_ptr<WatchedTransport> transport_ = std::make_shared<WatchedTransport>(
      agent_, WatchedTransport::Times{
                  .silence = 50ms, .ping = 200ms, .between_pings = 300ms, .patience = 20ms, .first_sign = 30ms});
};

TEST_F(WatchedTransportTest, ASilentAgentIsWaitedForOnce) {
  ASSERT_TRUE(ask(soon()));
  fall_silent();
  const std::size_t commands = agent_->commands();
  const auto begun = Clock::now();
  for (int i = 0; i < 1000; ++i) {
    const auto refused = ask(soon());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Failure::unreachable);
  }
  EXPECT_LT(Clock::now() - begun, 5s) << "instead of 1000 times the patience with a command";
  EXPECT_LE(agent_->commands() - commands, 1U + static_cast<std::size_t>((Clock::now() - begun) / 300ms));
}

TEST_F(WatchedTransportTest, ItsSilenceIsNobodysDeadline) {
  fall_silent();
  const auto refused = ask(soon());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, silent_error().message) << "not that a deadline passed: it was somebody else's";
}

TEST_F(WatchedTransportTest, ItIsHeardWhenItComesBack) {
  fall_silent();
  EXPECT_FALSE(ask(soon()));
  agent_->set_silent(false);
  const auto begun = Clock::now();
  while (!ask(soon()) && Clock::now() - begun < 10s) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(ask(soon()));
}

TEST_F(WatchedTransportTest, AnotherConnectionIsAnotherAgent) {
  fall_silent();
  EXPECT_FALSE(ask(soon()));
  agent_->set_silent(false);
  agent_->restart();
  EXPECT_TRUE(ask(soon()));
}

TEST_F(WatchedTransportTest, AHastyCallerDecidesNothing) {
  agent_->set_silent(true);
  EXPECT_FALSE(ask(Clock::now() + 5ms));
  agent_->set_silent(false);
  EXPECT_TRUE(ask(soon()));
}

TEST_F(WatchedTransportTest, ItKnowsForHowLongAnAnswerIsOwed) {
  EXPECT_FALSE(transport_->owing());
  ASSERT_TRUE(ask(soon()));
  EXPECT_FALSE(transport_->owing());
  agent_->set_silent(true);
  const auto begun = Clock::now();
  EXPECT_FALSE(ask(Clock::now() + 20ms));
  EXPECT_FALSE(ask(Clock::now() + 20ms));
  const auto owing = transport_->owing();
  ASSERT_TRUE(owing);
  if (Clock::now() - begun < 300ms) {  // else there may have been a pause between them
    EXPECT_GE(*owing, 40ms) << "since the first of them";
  }
  std::this_thread::sleep_for(350ms);
  const auto again = Clock::now();
  EXPECT_FALSE(ask(Clock::now() + 20ms));
  ASSERT_TRUE(transport_->owing());
  EXPECT_LE(*transport_->owing(), Clock::now() - again) << "nobody asked in the meantime";
  agent_->set_silent(false);
  EXPECT_TRUE(ask(soon()));
  EXPECT_FALSE(transport_->owing());
}

TEST_F(WatchedTransportTest, AnotherConnectionOwesNothing) {
  agent_->set_silent(true);
  EXPECT_FALSE(ask(Clock::now() + 20ms));
  EXPECT_TRUE(transport_->owing());
  agent_->restart();
  EXPECT_FALSE(transport_->owing());
  EXPECT_FALSE(ask(Clock::now() + 20ms));
  EXPECT_TRUE(transport_->owing());
  agent_->set_connected(false);
  EXPECT_FALSE(transport_->owing());
}

TEST_F(WatchedTransportTest, WhoHasOthersToAskWaitsForTheFirstSignOfLifeOnly) {
  EXPECT_TRUE(transport_->wait_for_life(soon()));
  agent_->restart();
  agent_->set_silent(true);
  const auto told = [this] {
    const Status alive = transport_->wait_for_life(soon());
    return alive ? std::string() : alive.error().message;
  };
  EXPECT_EQ(told(), "the guest agent is connected but has not answered yet");
  const auto begun = Clock::now();
  std::size_t refused = 0;
  while (told() != silent_error().message && Clock::now() - begun < 10s) ++refused;
  EXPECT_GT(refused, 10U) << "who comes while the first one's ping is out does not wait for it as long again";
  EXPECT_LT(Clock::now() - begun, 5s) << "the ping ends";
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(transport_->wait_for_life(soon()));
  EXPECT_LT(Clock::now() - begun, 5s);
  agent_->set_silent(false);
  while (!transport_->wait_for_life(soon()) && Clock::now() - begun < 10s) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(transport_->wait_for_life(soon()));
  agent_->set_connected(false);
  agent_->restart();
  EXPECT_TRUE(transport_->wait_for_life(soon())) << "the command says that there is none";
}

TEST_F(WatchedTransportTest, WhoWantsThisGuestWaitsForItsReturn) {
  EXPECT_TRUE(transport_->wait_for_return(soon()));
  fall_silent();
  EXPECT_FALSE(transport_->wait_for_return(Clock::now() + 50ms));
  std::thread back([this] {
    std::this_thread::sleep_for(100ms);
    agent_->set_silent(false);
  });
  EXPECT_TRUE(transport_->wait_for_return(soon()));
  EXPECT_TRUE(ask(soon()));
  back.join();
}

TEST_F(WatchedTransportTest, WithoutAThreadForThePingWhoAsksFindsOut) {
  limit_threads(0);
  fall_silent();
  EXPECT_FALSE(ask(Clock::now() + 60ms)) << "it is still silent";
  agent_->set_silent(false);
  auto begun = Clock::now();
  while (!ask(soon()) && Clock::now() - begun < 10s) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(ask(soon()));
  fall_silent();
  EXPECT_TRUE(transport_->wait_for_return(soon())) << "the command finds out";
  agent_->restart();
  begun = Clock::now();
  EXPECT_TRUE(transport_->wait_for_life(soon())) << "the command finds out";
  EXPECT_LT(Clock::now() - begun, 10s);
  limit_threads(std::numeric_limits<std::size_t>::max());
}

TEST_F(WatchedTransportTest, AConnectionThatIsNewIsAskedAtOnce) {
  for (int i = 0; i < 3; ++i) {  // within the time between two pings of one agent
    EXPECT_TRUE(transport_->wait_for_life(soon()));
    agent_->restart();
  }
  EXPECT_GE(agent_->commands(), 3U);
}

/// A hypervisor that answers itself, as for a paused VM.
class Paused : public FakeAgent {
 public:
  Result<std::string> command(std::string_view json, Clock::time_point deadline) override {
    return paused ? error(Failure::unreachable, "it is paused") : FakeAgent::command(json, deadline);
  }
  std::atomic<bool> paused{true};
};

TEST(WatchedTransport, WhatTheHypervisorSaysTellsNothingAboutTheAgent) {
  const auto agent = std::make_shared<Paused>();
  WatchedTransport transport(
      agent, {.silence = 50ms, .ping = 200ms, .between_pings = 60s, .patience = 20ms, .first_sign = 30ms});
  EXPECT_TRUE(transport.wait_for_life(soon()));
  EXPECT_EQ(transport.command(R"({"execute":"guest-ping"})", soon()).error().message, "it is paused");
  agent->paused = false;
  EXPECT_TRUE(transport.command(R"({"execute":"guest-ping"})", soon()));
  // A silent one stays silent while it is paused.
  agent->set_silent(true);
  EXPECT_FALSE(transport.command(R"({"execute":"guest-ping"})", Clock::now() + 60ms));
  agent->paused = true;
  EXPECT_FALSE(transport.wait_for_life(soon()));
}

}  // namespace
}  // namespace vmms::guest
