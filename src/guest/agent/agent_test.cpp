#include "guest/agent/agent.hpp"

#include "guest/agent/agent_json.hpp"
#include "guest/agent/flight.hpp"
#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

Clock::time_point soon() { return Clock::now() + 30s; }

class AgentTest : public testing::Test {
 protected:
  FakeAgent transport_;
  Agent agent_{transport_};
};

TEST_F(AgentTest, InformationHoldsEnabledCommandsOnly) {
  transport_.forbid("guest-exec");
  const auto information = agent_.information(soon());
  ASSERT_TRUE(information);
  EXPECT_EQ(information->version, "7.2.0");
  EXPECT_TRUE(information->allows("guest-exec-status"));
  EXPECT_FALSE(information->allows("guest-exec"));
  EXPECT_FALSE(information->allows("guest-nonsense"));
}

TEST_F(AgentTest, ScriptRunsWithItsParameters) {
  transport_.reply("vmms-x", {3, "out\n", "err\n"});
  const auto process = agent_.execute({"vmms-x", "echo \"$1\"", {"a b", "'; reboot #"}}, soon());
  ASSERT_TRUE(process) << process.error().message;
  const auto status = agent_.status(*process, soon());
  ASSERT_TRUE(status && *status);
  EXPECT_EQ((*status)->exit_status, 3);
  EXPECT_EQ((*status)->out, "out\n");
  EXPECT_EQ((*status)->err, "err\n");
  const auto runs = transport_.runs("vmms-x");
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].text, "echo \"$1\"");
  EXPECT_EQ(runs[0].parameters, (std::vector<std::string>{"a b", "'; reboot #"}));
}

TEST_F(AgentTest, CommandsAreAscii) {
  const boost::json::value command{{"path", "/tmp/f\u00fcnf \u6587\u4ef6 \U0001F600\n\"\\"}};
  const std::string text = write_agent_json(command);
  EXPECT_EQ(text, R"({"path":"/tmp/f\u00fcnf \u6587\u4ef6 \ud83d\ude00\n\"\\"})");
  EXPECT_EQ(boost::json::parse(text), command);
  EXPECT_EQ(write_agent_json("a\xFFz"), "\"a\xFFz\"") << "no UTF-8 stays what it is";
}

// The longest answer holds 3.6 million numbers, which would take twelve times its size and more.
TEST_F(AgentTest, AnswersWithMoreValuesThanAnyHasAreErrors) {
  const auto list_of = [](std::string_view item, std::size_t number) {
    std::string text = R"({"return":[)";
    for (std::size_t i = 0; i < number; ++i) (text += item) += ',';
    return text.append(item) + "]}";
  };
  std::string members = R"({"return":{"supported_commands":[])";
  for (std::size_t i = 0; i <= most_agent_members; ++i) members += ",\"m" + std::to_string(i) + "\":1";
  for (const std::string& answer : {list_of("1", answer_limit / 2 - 20), list_of("[]", 70'000), members + "}}"}) {
    transport_.answer_with("guest-info", answer);
    const auto information = agent_.information(soon());
    ASSERT_FALSE(information);
    EXPECT_NE(information.error().message.find("more values"), std::string::npos) << information.error().message;
  }
  // What only looks like many values is one: text.
  transport_.answer_with("guest-info", R"({"return":{"version":"\\\",1","supported_commands":[],"x":")" +
                                           std::string(1'000'000, ',') + R"(\",,"}})");
  const auto information = agent_.information(soon());
  ASSERT_TRUE(information) << information.error().message;
  EXPECT_EQ(information->version, "\\\",1");
}

TEST_F(AgentTest, HostileAnswersAreErrors) {
  const std::string deep(100000, '[');
  for (const std::string& answer :
       {std::string(), std::string("{"), std::string("[]"), std::string("null"), std::string("{}"), deep,
        std::string(R"({"return":[]})"), std::string(R"({"return":{}})"), std::string(R"({"return":{"pid":"1"}})"),
        std::string(R"({"return":{"pid":-1}})"), std::string(R"({"return":{"pid":1e300}})"),
        std::string(R"({"return":{"exited":1}})"), std::string(R"({"return":{"exited":true,"out-data":"%%%"}})"),
        std::string(R"({"return":{"exited":true,"out-data":7}})"),
        std::string(R"({"return":{"exited":true,"out-truncated":true}})"),
        std::string(R"({"return":{"supported_commands":7}})"), std::string(R"({"error":7})"),
        std::string("{\"return\":\"\xFF\"}"), std::string(answer_limit + 1, ' ')}) {
    transport_.answer_with("guest-exec", answer);
    transport_.answer_with("guest-exec-status", answer);
    transport_.answer_with("guest-info", answer);
    transport_.answer_with("guest-get-osinfo", answer);
    transport_.answer_with("guest-fsfreeze-status", answer);
    const std::string shown = answer.substr(0, 60);
    EXPECT_FALSE(agent_.execute({"x", "x", {}}, soon())) << shown;
    EXPECT_FALSE(agent_.status(1, soon())) << shown;
    EXPECT_FALSE(agent_.information(soon())) << shown;
    EXPECT_FALSE(agent_.frozen(soon())) << shown;
    agent_.operating_system(soon());
  }
}

TEST_F(AgentTest, RefusalsTellForbiddenFromFrozenFromFailed) {
  transport_.forbid("guest-exec");
  auto process = agent_.execute({"x", "x", {}}, soon());
  ASSERT_FALSE(process);
  EXPECT_EQ(process.error().kind, Failure::not_supported);
  EXPECT_NE(process.error().message.find("guest-exec"), std::string::npos);
  EXPECT_NE(process.error().message.find("qemu-ga.conf"), std::string::npos);

  transport_.set_frozen(true);
  process = agent_.execute({"x", "x", {}}, soon());
  EXPECT_EQ(process.error().kind, Failure::unreachable);
  EXPECT_NE(process.error().message.find("frozen"), std::string::npos);

  transport_.answer_with("guest-exec",
                         R"({"error":{"class":"GenericError","desc":"Failed to execute child process"}})");
  process = agent_.execute({"x", "x", {}}, soon());
  EXPECT_EQ(process.error().kind, Failure::failed);
  EXPECT_NE(process.error().message.find("Failed to execute child process"), std::string::npos);
}

TEST_F(AgentTest, UnknownProcessMeansThatTheAgentWasRestarted) {
  transport_.answer_with("guest-exec-status", R"({"error":{"class":"GenericError","desc":"Invalid parameter 'pid'"}})");
  const auto status = agent_.status(4711, soon());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, Failure::unreachable);
  EXPECT_NE(status.error().message.find("restarted"), std::string::npos);
}

TEST_F(AgentTest, ADeadlineOfTheCallersIsATimeOut) {
  transport_.set_silent(true);
  const auto begun = Clock::now();
  const auto alive = agent_.ping(begun + 50ms);
  EXPECT_EQ(alive.error().kind, Failure::timed_out);
  EXPECT_LT(Clock::now() - begun, 1s);
}

TEST(FlightTest, EverybodyGetsTheResultAndOneThreadWorks) {
  std::atomic<int> steps{0};
  std::atomic<int> inside{0};
  Flight<int> flight([&](Clock::time_point) -> std::optional<Result<int>> {
    EXPECT_EQ(++inside, 1);
    std::this_thread::sleep_for(1ms);
    --inside;
    if (++steps < 10) return std::nullopt;
    return Result<int>(42);
  });
  std::vector<std::future<std::optional<Result<int>>>> waiters;
  for (int i = 0; i < 8; ++i) waiters.push_back(std::async(std::launch::async, [&] { return flight.wait(soon()); }));
  for (auto& waiter : waiters) EXPECT_EQ(waiter.get()->value(), 42);
  EXPECT_EQ(steps, 10);
}

TEST(FlightTest, WhoLeavesHandsOver) {
  std::atomic<bool> finish{false};
  Flight<int> flight([&](Clock::time_point deadline) -> std::optional<Result<int>> {
    std::this_thread::sleep_until(std::min(deadline, Clock::now() + 5ms));
    if (!finish) return std::nullopt;
    return Result<int>(1);
  });
  auto patient = std::async(std::launch::async, [&] { return flight.wait(soon()); });
  EXPECT_FALSE(flight.wait(Clock::now() + 20ms));
  EXPECT_FALSE(flight.done());
  finish = true;
  EXPECT_EQ(patient.get()->value(), 1);
  EXPECT_TRUE(flight.done());
}

TEST(FlightTest, RestsWhenAllHaveLeft) {
  int steps = 0;
  Flight<int> flight([&](Clock::time_point deadline) -> std::optional<Result<int>> {
    ++steps;
    std::this_thread::sleep_until(deadline);
    if (steps < 2) return std::nullopt;
    return Result<int>(7);
  });
  EXPECT_FALSE(flight.wait(Clock::now() + 5ms));
  EXPECT_EQ(steps, 1);
  EXPECT_TRUE(flight.poke(Clock::now() + 5ms));
  EXPECT_EQ(flight.wait(soon())->value(), 7);
}

TEST(FlightTest, AnExceptionIsAnInternalError) {
  Flight<int> flight([](Clock::time_point) -> std::optional<Result<int>> { throw std::runtime_error("oops"); });
  const auto result = flight.wait(soon());
  EXPECT_EQ(result->error().kind, Failure::internal);
}

}  // namespace
}  // namespace vmms::guest
