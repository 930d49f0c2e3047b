// Windows against a scripted agent: nothing of this was tried on a live Windows.
#include "guest/services/windows.hpp"

#include "guest/guest.hpp"
#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

std::string shown(const std::string& name, const std::string& state, const std::string& mode = "Manual",
                  const std::string& more = "ProcessId=0\nExitCode=0\n") {
  return "Name=" + name + "\nState=" + state + "\nStartMode=" + mode +
         "\nServiceType=Own Process\nDisplayName=Print Spooler\nDescription=Prints things\n" + more + "\n";
}

Clock::time_point soon() { return Clock::now() + 20s; }

class WindowsTest : public testing::Test {
 protected:
  WindowsTest() {
    agent_->set_system("mswindows");
    agent_->reply(std::string(windows_discovery_script), {0, "Manager=windows\nVersion=5.1.20348.2400\n", ""});
  }
  void reply(std::string_view script, std::string out) { agent_->reply(std::string(script), {0, std::move(out), ""}); }

  std::shared_ptr<FakeAgent> agent_ = std::make_shared<FakeAgent>();
  std::shared_ptr<Guest> guest_ = make_agent_guest(agent_);
};

TEST_F(WindowsTest, IsFoundByItsAgent) {
  const auto capabilities = guest_->capabilities(soon());
  ASSERT_TRUE(capabilities) << capabilities.error().message;
  EXPECT_EQ(capabilities->service_manager, "Windows service control manager");
  EXPECT_TRUE(agent_->runs("vmms-discovery").empty()) << "there is no /bin/sh";
}

TEST_F(WindowsTest, ListStateStartStopAndMode) {
  reply(windows_list_script, shown("Spooler", "Running", "Auto", "ProcessId=1234\nExitCode=0\n") +
                                 shown("Fax", "Stopped", "Disabled", "ProcessId=0\nExitCode=1077\n") +
                                 shown("W32Time", "Start Pending") + "End\n");
  const auto services = guest_->services(soon());
  ASSERT_TRUE(services) << services.error().message;
  ASSERT_EQ((*services)->size(), 3U);
  const Service& spooler = (*services)->at("Spooler");
  EXPECT_TRUE(spooler.started());
  EXPECT_EQ(spooler.main_process_id, 1234U);
  EXPECT_EQ(spooler.start_mode(), StartMode::automatic);
  EXPECT_EQ(spooler.description, "Print Spooler: Prints things");
  EXPECT_EQ((*services)->at("Fax").start_mode(), StartMode::disabled);
  EXPECT_EQ((*services)->at("Fax").active_state, "inactive") << "1077: it was never started";
  EXPECT_EQ((*services)->at("W32Time").active_state, "activating");

  reply(windows_state_script,
        shown("Spooler", "Stopped", "Manual", "ProcessId=0\nExitCode=1066\nServiceSpecificExitCode=5\n"));
  const auto state = guest_->service("spooler.service", soon());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->name, "Spooler");
  EXPECT_EQ(state->active_state, "failed");
  EXPECT_EQ(state->exit_status, 5U);

  reply(windows_start_script, "ExitStatus=0\n" + shown("Spooler", "Running"));
  EXPECT_TRUE(guest_->start_service("Spooler", soon())->service.started());
  reply(windows_stop_script, "ExitStatus=0\n" + shown("Spooler", "Stopped"));
  EXPECT_FALSE(guest_->stop_service("Spooler", soon())->service.started());
  reply(windows_mode_script, "ExitStatus=0\n" + shown("Spooler", "Stopped", "Disabled"));
  EXPECT_EQ(guest_->change_start_mode("Spooler", StartMode::disabled, soon())->service.start_mode(),
            StartMode::disabled);
  EXPECT_EQ(agent_->runs(windows_mode_script).at(0).parameters, (std::vector<std::string>{"Spooler", "disabled"}));
}

TEST_F(WindowsTest, AFailureTellsWin32ErrorAndEvents) {
  agent_->reply(std::string(windows_start_script),
                {0, "ExitStatus=1053\n" + shown("Spooler", "Stopped") + "Log:\nThe Print Spooler service failed.\n",
                 "The service did not respond to the start or control request in a timely fashion\r\n"});
  const auto outcome = guest_->start_service("Spooler", soon());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->exit_status, 1053U);
  EXPECT_EQ(outcome->log_lines, std::vector<std::string>{"The Print Spooler service failed."});
  EXPECT_TRUE(outcome->message.starts_with("The service did not respond"));
}

TEST_F(WindowsTest, NamesNeverBecomeTextOfACommand) {
  reply(windows_state_script, "State=None\n\n");
  const std::string name = "MSSQL$A'; Stop-Computer; \"$(x)\" \xC3\xA4";
  const auto state = guest_->service(name, soon());
  EXPECT_EQ(state.error().kind, Failure::not_found);
  const auto runs = agent_->runs(windows_state_script);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].parameters, std::vector<std::string>{name});
  EXPECT_EQ(runs[0].text.find("MSSQL"), std::string::npos);
  for (const char* impossible : {"", "a\\b", "a/b", "a\nb", "\xFF", " a", ".service/"})
    EXPECT_EQ(guest_->service(impossible, soon()).error().kind, Failure::not_found) << impossible;
  EXPECT_EQ(agent_->runs(windows_state_script).size(), 1U);
}

TEST_F(WindowsTest, WithoutPowerShellNothingIsSupported) {
  agent_->reply(std::string(windows_discovery_script), {1, "", "is not recognized"});
  const auto started = guest_->start_service("Spooler", soon());
  EXPECT_EQ(started.error().kind, Failure::not_supported);
  EXPECT_NE(started.error().message.find("PowerShell"), std::string::npos);
}

TEST_F(WindowsTest, AListThatBrokeOffIsNoList) {
  reply(windows_list_script, shown("Spooler", "Running"));
  EXPECT_FALSE(guest_->services(soon()));
}

}  // namespace
}  // namespace vmms::guest
