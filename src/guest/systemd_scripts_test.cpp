// The scripts in a real shell, with a systemctl and a journalctl that say what the test wants.
#include "guest/systemd_scripts.hpp"

#include "guest/child_process.hpp"
#include "guest/systemd.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace vmms::guest {
namespace {

class SystemdScripts : public testing::Test {
 protected:
  SystemdScripts() {
    directory_.write("systemctl", R"(#!/bin/sh
printf '%s\n' "$*" >>"$CALLS"
case "$1 $2" in
"--no-ask-password start" | "--no-ask-password stop")
  echo "words of systemctl" >&2
  exit "${ACTION_STATUS:-0}" ;;
show*)
  for last; do :; done
  case $last in
  '*.service') printf '%s\n' "$LOADED" ;;
  *) printf '%s\n' "${SHOWN:-Id=$last}" ;;
  esac ;;
*) exit 64 ;;
esac
)",
                     true);
    directory_.write("journalctl", "#!/bin/sh\n[ \"$1\" = --sync ] || printf '%s\\n' 'one' \"unit: $5\"\n", true);
  }

  Output run(const Script& script, std::vector<std::string> more = {}) {
    std::vector<std::string> command{"/bin/sh", "-c", std::string(script.text), std::string(script.name)};
    command.insert(command.end(), script.parameters.begin(), script.parameters.end());
    std::vector<std::string> environment{"PATH=" + directory_.path() + ":/usr/bin:/bin", "LC_ALL=C",
                                         "CALLS=" + (directory_ / "calls")};
    environment.insert(environment.end(), more.begin(), more.end());
    ChildProcess shell(command, environment, directory_ / "out", directory_ / "err");
    Output output;
    output.exit_status = shell.wait();
    output.out = directory_.read("out");
    output.err = directory_.read("err");
    return output;
  }
  std::string calls() const { return directory_.read("calls"); }

  TemporaryDirectory directory_;
  std::unique_ptr<ServiceManager> systemd_ = make_systemd(252);
};

constexpr const char* active = "SHOWN=Id=a.service\nLoadState=loaded\nActiveState=active\nType=notify\nResult=success";
constexpr const char* failed =
    "SHOWN=Id=a.service\nLoadState=loaded\nActiveState=failed\nType=notify\nResult=exit-code";
constexpr const char* done = "SHOWN=Id=a.service\nLoadState=loaded\nActiveState=inactive\nType=oneshot\nResult=success";
constexpr const char* dead = "SHOWN=Id=a.service\nLoadState=loaded\nActiveState=inactive\nType=simple\nResult=success";

TEST_F(SystemdScripts, StartThatWorks) {
  const Output output = run(systemd_->start_script("a.service"), {active});
  const auto outcome = systemd_->read_outcome("a.service", output);
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_EQ(outcome->exit_status, 0U);
  EXPECT_EQ(outcome->message, "words of systemctl");
  EXPECT_TRUE(outcome->service.started());
  EXPECT_TRUE(outcome->log_lines.empty());
  EXPECT_EQ(calls().substr(0, calls().find('\n')), "--no-ask-password start -- a.service");
  EXPECT_NE(calls().find("--timestamp=us+utc -- a.service\n"), std::string::npos) << calls();
}

TEST_F(SystemdScripts, StartThatFailsOrDiesTellsItsLog) {
  for (const char* shown : {failed, dead}) {
    for (const char* status : {"ACTION_STATUS=1", "ACTION_STATUS=0"}) {
      const auto outcome =
          systemd_->read_outcome("a.service", run(systemd_->start_script("a.service"), {shown, status}));
      ASSERT_TRUE(outcome) << outcome.error().message;
      EXPECT_EQ(outcome->exit_status, std::string_view(status).back() == '1' ? 1U : 0U);
      EXPECT_EQ(outcome->log_lines, (std::vector<std::string>{"one", "unit: --unit=a.service"})) << shown;
    }
  }
}

TEST_F(SystemdScripts, OneshotThatIsDoneHasNoLog) {
  const auto outcome = systemd_->read_outcome("a.service", run(systemd_->start_script("a.service"), {done}));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->log_lines.empty());
}

TEST_F(SystemdScripts, Stop) {
  auto outcome = systemd_->read_outcome("a.service", run(systemd_->stop_script("a.service"), {dead}));
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->log_lines.empty());
  outcome = systemd_->read_outcome("a.service", run(systemd_->stop_script("a.service"), {failed}));
  EXPECT_EQ(outcome->log_lines.size(), 2U);
}

TEST_F(SystemdScripts, NamesStayWhatTheyAre) {
  const std::string name = R"(mnt-a\x2db@1:2\\n.service)";
  const auto service = systemd_->read_state(name, run(systemd_->state_script(name), {}));
  EXPECT_NE(calls().find("-- " + name + "\n"), std::string::npos) << calls();
  EXPECT_EQ(service.error().kind, Failure::not_found);  // no load state
}

TEST_F(SystemdScripts, OldSystemdGetsNoNewOption) {
  run(make_systemd(239)->state_script("a.service"), {active});
  EXPECT_EQ(calls().find("timestamp="), std::string::npos) << calls();
  EXPECT_NE(calls().find("StateChangeTimestamp -- a.service\n"), std::string::npos) << calls();
}

TEST_F(SystemdScripts, ListAsksAboutUnloadedUnitsOnlyWhenFilesChanged) {
  const std::string loaded = "LOADED=Id=a.service\nNames=a.service b.service\nLoadState=loaded\nActiveState=active";
  const std::string others = "SHOWN=Id=other.service\nLoadState=loaded\nActiveState=inactive";
  const Output output = run(systemd_->list_script(nullptr), {loaded, others});
  const auto list = systemd_->read_list(output, nullptr);
  ASSERT_TRUE(list) << list.error().message << output.out;
  EXPECT_EQ((*list)->services.count("a.service"), 1U);
  if (std::filesystem::is_directory("/usr/lib/systemd/system")) {
    EXPECT_EQ((*list)->services.count("other.service"), 1U);
    EXPECT_NE(output.out.find("\nUnitFiles="), std::string::npos);
  }
  const std::string first = calls();
  const Output again = run(systemd_->list_script(list->get()), {loaded, others});
  EXPECT_NE(again.out.find("\nUnitFiles=unchanged\n"), std::string::npos) << again.out;
  const std::string second = calls().substr(first.size());
  EXPECT_EQ(std::count(second.begin(), second.end(), '\n'), 1) << second;
}

TEST_F(SystemdScripts, WithoutSystemctlTheShellsWordsAreTold) {
  std::filesystem::remove(directory_ / "systemctl");
  Script script = systemd_->state_script("a.service");
  // Where the machine that runs the tests has a systemctl of its own it must not be reached.
  const std::string text = "PATH=/nowhere\n" + std::string(script.text);
  script.text = text;
  const auto state = systemd_->read_state("a.service", run(script));
  EXPECT_EQ(state.error().kind, Failure::failed);
  EXPECT_NE(state.error().message.find("not found"), std::string::npos) << state.error().message;
}

}  // namespace
}  // namespace vmms::guest
