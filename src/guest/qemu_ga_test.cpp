// The client against a real qemu-guest-agent that runs on this machine. It gets harmless commands only.
#include "guest/testing/qemu_ga.hpp"

#include "guest/services/discovery.hpp"

#include <future>

namespace vmms::guest {
namespace {

TEST_F(QemuGa, TellsWhatItIs) {
  Agent agent(*transport_);
  const auto information = agent.information(in_time());
  ASSERT_TRUE(information) << information.error().message;
  EXPECT_FALSE(information->version.empty());
  EXPECT_TRUE(information->allows("guest-exec"));
  EXPECT_FALSE(information->allows("guest-shutdown"));
  const auto system = agent.operating_system(in_time());
  ASSERT_TRUE(system) << system.error().message;
  EXPECT_FALSE(system->kernel_release.empty());
  const auto frozen = agent.frozen(in_time());
  EXPECT_TRUE(frozen && !*frozen);
}

TEST_F(QemuGa, RunsScriptsWithTheirParameters) {
  const auto output =
      run("printf '%s|' \"$0\" \"$@\"; echo oops >&2; exit 7", {"a b", "'; exit 9 #", "", "$(id)", "ä\n"});
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->exit_status, 7);
  EXPECT_EQ(output->out, "vmms-test|a b|'; exit 9 #||$(id)|ä\n|");
  EXPECT_EQ(output->err, "oops\n");
}

TEST_F(QemuGa, EnvironmentIsFixed) {
  const auto output = run("echo \"$LC_ALL $TZ ${HOME-none}\"");
  ASSERT_TRUE(output);
  EXPECT_EQ(output->out, "C.UTF-8 UTC none\n");
}

TEST_F(QemuGa, SignalsAreTold) {
  const auto output = run("kill -9 $$");
  ASSERT_TRUE(output);
  EXPECT_FALSE(output->exit_status);
  EXPECT_EQ(output->signal, 9);
}

TEST_F(QemuGa, AMebibyteComesThrough) {
  const auto output = run("head -c 1048576 /dev/zero | tr '\\0' x");
  ASSERT_TRUE(output) << output.error().message;
  EXPECT_EQ(output->out, std::string(1 << 20, 'x'));
}

TEST_F(QemuGa, TooMuchOutputIsAnError) {
  const auto output = run("head -c 6000000 /dev/zero");
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, Failure::failed);
}

TEST_F(QemuGa, AProgramThatIsMissingIsAFailure) {
  const Result<std::string> answer =
      transport_->command(R"({"execute":"guest-exec","arguments":{"path":"/nonexistent"}})", in_time());
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("GenericError"), std::string::npos) << *answer;
}

TEST_F(QemuGa, ForbiddenCommandsAreNotSupported) {
  start(",guest-exec");
  const auto output = run("true");
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, Failure::not_supported);
  const auto discovery = discover(transport_, abandoned_, in_time());
  ASSERT_TRUE(discovery) << discovery.error().message;
  EXPECT_FALSE((*discovery)->capabilities.can_execute);
  EXPECT_EQ((*discovery)->capabilities.forbidden, "guest-exec");
}

TEST_F(QemuGa, IsDiscovered) {
  const auto discovery = discover(transport_, abandoned_, in_time());
  ASSERT_TRUE(discovery) << discovery.error().message;
  EXPECT_TRUE((*discovery)->capabilities.can_execute);
  EXPECT_EQ((*discovery)->manager == nullptr, (*discovery)->capabilities.service_manager.empty());
}

TEST_F(QemuGa, KilledInMidCall) {
  auto running =
      std::async(std::launch::async, [&] { return run("echo $$ >\"$1\"; exec sleep 20", {directory_ / "process"}); });
  while (directory_.read("process").empty()) std::this_thread::sleep_for(2ms);
  agent_->kill();
  const auto output = running.get();
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().kind, Failure::unreachable);
  ::kill(std::stoi(directory_.read("process")), SIGKILL);
  start();
  EXPECT_TRUE(run("true"));
}

TEST_F(QemuGa, AnAnswerThatWasGivenUpDoesNoHarm) {
  // A stopped agent is silent; what it answers after it was continued is old.
  ::kill(agent_->id(), SIGSTOP);
  EXPECT_EQ(Agent(*transport_).ping(Clock::now() + 50ms).error().kind, Failure::timed_out);
  EXPECT_EQ(Agent(*transport_).information(Clock::now() + 50ms).error().kind, Failure::timed_out);
  ::kill(agent_->id(), SIGCONT);
  const auto frozen = Agent(*transport_).frozen(in_time());
  EXPECT_TRUE(frozen) << frozen.error().message;
}

}  // namespace
}  // namespace vmms::guest
