// The scripts in a real shell, with a systemctl and a journalctl that say what the test wants.
#include "guest/services/systemd_scripts.hpp"

#include "guest/services/systemd.hpp"
#include "guest/testing/child_process.hpp"

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
"list-units --all")
  sleep "${STATES_TIME:-0}"
  printf '%s\n' "$UNITS" ;;
show*)
  sleep "${SHOW_TIME:-0}"
  [ ! "$SHOWN" ] || { printf '%s\n' "$SHOWN" && exit; }
  while [ "$1" != -- ]; do shift; done
  shift
  for name; do
    [ "$UNITS" ] || { printf 'Id=%s\n' "$name"; continue; }
    printf 'Id=%s\nNames=%s\nLoadState=loaded\nMainPID=640\n' "$name" "$name"
    printf '%s\n' "$UNITS" | sed -n "s/^$name *[^ ]* *\\([^ ]*\\) *\\([^ ]*\\) .*/ActiveState=\\1\\nSubState=\\2/p"
    echo
  done ;;
*) exit 64 ;;
esac
)",
                     true);
    directory_.write("find", R"(#!/bin/sh
case $* in
*/run/systemd/units*) printf '%s\n' "$MARKS" ;;
*) exec /usr/bin/find "$@" ;;
esac
)",
                     true);
    directory_.write("journalctl", R"(#!/bin/sh
case $* in
--sync) ;;
*--output=export*" _PID=1 UNIT=a.service JOB_TYPE=start") printf '%s\n' "$JOB" ;;
*) printf '%s\n' 'one' "unit: $5" ;;
esac
)",
                     true);
  }

  Output run(const Script& script, std::vector<std::string> more = {}) {
    std::vector<std::string> command{"/bin/sh", "-c", std::string(script.text), std::string(script.name)};
    command.insert(command.end(), script.parameters.begin(), script.parameters.end());
    std::vector<std::string> environment{"PATH=" + directory_.path() + ":/usr/bin:/bin", "LC_ALL=C",
                                         "CALLS=" + (directory_ / "calls")};
    environment.insert(environment.end(), more.begin(), more.end());
    directory_.write("in", script.input);
    ChildProcess shell(command, environment, directory_ / "out", directory_ / "err", directory_ / "in");
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
  EXPECT_NE(calls().find("--timestamp=us+utc "), std::string::npos) << calls();
  EXPECT_NE(calls().find(" -- a.service\n", calls().find("--timestamp=us+utc ")), std::string::npos) << calls();
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

TEST_F(SystemdScripts, WhatDidNotHoldIsTold) {
  const std::string oneshot = std::string(done) + "\nConditionResult=";
  const std::string unloaded =
      oneshot + "no\nConditionTimestampMonotonic=0\nAssertResult=no\nAssertTimestampMonotonic=0";
  const std::string job = "JOB=__CURSOR=x\nMESSAGE=JOB_RESULT=assert\nINVOCATION_ID=";
  struct Case {
    std::vector<std::string> environment;
    Unmet unmet;
  };
  for (const Case& each : {
           Case{{oneshot + "no\nConditionTimestampMonotonic=7\nAssertResult=no\nAssertTimestampMonotonic=0"},
                Unmet::condition},
           Case{{std::string(dead) + "\nConditionResult=no\nConditionTimestampMonotonic=7"}, Unmet::condition},
           Case{{oneshot + "yes\nConditionTimestampMonotonic=7\nAssertResult=no\nAssertTimestampMonotonic=8",
                 "ACTION_STATUS=1"},
                Unmet::assertion},
           Case{{oneshot + "yes\nConditionTimestampMonotonic=7\nAssertResult=yes\nAssertTimestampMonotonic=8"},
                Unmet::none},
           // systemd has forgotten the unit: its log knows.
           Case{{unloaded, job + "\nJOB_RESULT=done"}, Unmet::condition},
           Case{{unloaded, job + "\nJOB_RESULT=assert", "ACTION_STATUS=1"}, Unmet::assertion},
           Case{{unloaded, job + "00ff\nJOB_RESULT=done"}, Unmet::none},
           Case{{unloaded, "JOB="}, Unmet::none},
           // It had failed before, and systemd leaves it so.
           Case{{std::string(failed) + "\nConditionResult=no\nConditionTimestampMonotonic=7"}, Unmet::condition},
           Case{{std::string(failed) + "\nConditionResult=yes\nConditionTimestampMonotonic=7\nAssertResult=no\n"
                                       "AssertTimestampMonotonic=8",
                 "ACTION_STATUS=1"},
                Unmet::assertion},
           Case{{std::string(active) + "\nConditionResult=no\nConditionTimestampMonotonic=7"}, Unmet::none},
       }) {
    SCOPED_TRACE(each.environment.front());
    const auto outcome =
        systemd_->read_outcome("a.service", run(systemd_->start_script("a.service"), each.environment));
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->unmet, each.unmet);
    EXPECT_EQ(outcome->log_lines.empty(), each.unmet == Unmet::none);
  }
}

TEST_F(SystemdScripts, WhatDidNotHoldEarlierIsNotToldOfAStartThatEndedBefore) {
  for (const std::string& shown :
       {std::string(dead) + "\nConditionResult=no\nConditionTimestampMonotonic=7",
        std::string(
            "SHOWN=Id=a.service\nLoadState=loaded\nActiveState=failed\nType=notify\nResult=start-limit-hit\n"
            "ConditionResult=yes\nConditionTimestampMonotonic=7\nAssertResult=no\nAssertTimestampMonotonic=8")}) {
    const auto outcome =
        systemd_->read_outcome("a.service", run(systemd_->start_script("a.service"), {shown, "ACTION_STATUS=1"}));
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_EQ(outcome->unmet, Unmet::none) << shown;
    EXPECT_EQ(outcome->exit_status, 1U);
    EXPECT_FALSE(outcome->log_lines.empty());
  }
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

constexpr const char* marks =
    "MARKS=systemd 100.5 \nsystemd 100.5 \nsystemd-units-load 99.1 \n"
    "invocation:a.service 1.2 00112233445566778899aabbccddeeff\n"
    "directory 5.5 /etc/systemd/system\ndirectory 6.25 /run/systemd/generator.late\ndirectory 77.7 /run/systemd/units";

class SystemdList : public SystemdScripts {
 protected:
  // Runs the script with what is known and makes the answer known. `calls_` holds what systemctl was asked about.
  void list(const std::string& units, const std::string& new_marks = marks, const std::string& more = "A=1") {
    // No caller polls, so that all changes are shown.
    if (list_) change([](ServiceList& known) { known.read -= std::chrono::seconds(60); });
    list_while_polling(units, new_marks, more);
  }
  void list_while_polling(const std::string& units, const std::string& new_marks = marks,
                          const std::string& more = "A=1") {
    const Output output = run(systemd_->list_script(list_.get()), {"UNITS=" + units, new_marks, more});
    std::string shown = calls().substr(calls_end_);
    calls_end_ = calls().size();
    calls_.clear();
    while (!shown.empty()) {
      const std::string call = shown.substr(0, shown.find('\n'));
      shown.erase(0, call.size() + 1);
      if (const std::size_t names = call.find(" -- "); names != std::string::npos)
        calls_.push_back(call.substr(names + 4));
      else
        ++state_calls_;
    }
    auto read = systemd_->read_list(output, list_.get());
    ASSERT_TRUE(read) << read.error().message << output.out << output.err;
    list_ = *read;
    out_ = output.out;
  }
  template <class Change>
  void change(Change change) {
    auto changed = std::make_shared<ServiceList>(*list_);
    change(*changed);
    list_ = changed;
  }
  const Service& service(const std::string& name) { return list_->services.at(name); }

  std::shared_ptr<const ServiceList> list_;
  std::vector<std::string> calls_;
  int state_calls_ = 0;
  std::string out_;

 private:
  std::size_t calls_end_ = 0;
};

const std::string two =
    "a.service loaded active running Does it = well\nb.service loaded inactive dead start Waits\n"
    "gone.service not-found inactive dead gone.service";

TEST_F(SystemdList, PropertiesAreReadOnceAndStatesEachTime) {
  // States that are 0.6 s old when all is shown, as on a very slow machine, are read once more.
  const auto reads = [this] {
    const int before = state_calls_;
    const auto begun = Clock::now();
    list(two);
    const bool late = Clock::now() - begun > std::chrono::milliseconds(590);  // the guest's clock has hundredths
    return std::pair(state_calls_ - before, late);
  };
  const auto expect_one_read = [](std::pair<int, bool> made) {
    EXPECT_GE(made.first, 1);
    EXPECT_LE(made.first, made.second ? 2 : 1);
  };
  expect_one_read(reads());
  ASSERT_FALSE(calls_.empty());
  EXPECT_EQ(calls_.front(), "a.service b.service");
  EXPECT_EQ(service("a.service").main_process_id, 640U);
  EXPECT_EQ(service("b.service").sub_state, "dead");
  EXPECT_EQ(list_->services.count("gone.service"), 0U);
  EXPECT_EQ(list_->loaded.at("a.service").state, "loaded active running 00112233");
  EXPECT_EQ(list_->loaded.at("b.service").state, "loaded inactive dead -");
  EXPECT_EQ(list_->reloaded, "100.599.1");

  expect_one_read(reads());
  EXPECT_EQ(calls_, std::vector<std::string>());
  EXPECT_NE(out_.find("\nUnitFiles=unchanged\n"), std::string::npos) << out_;
  EXPECT_EQ(service("a.service").main_process_id, 640U);
}

TEST_F(SystemdList, WhatIsNotLoadedIsAskedAboutOnlyWhenFilesChanged) {
  if (!std::filesystem::is_directory("/usr/lib/systemd/system")) GTEST_SKIP() << "no unit files on this machine";
  list(two);
  ASSERT_EQ(calls_.size(), 2U);
  const std::string other = calls_.back().substr(0, calls_.back().find(' '));
  EXPECT_EQ(list_->services.count(other), 1U);
  EXPECT_EQ(list_->defined.count(other), 1U);
  list(two);
  EXPECT_EQ(calls_, std::vector<std::string>());
  EXPECT_EQ(list_->services.count(other), 1U);
}

TEST_F(SystemdList, AChangedStateIsAskedAbout) {
  list(two);
  list("a.service loaded active running Does\nb.service loaded active running Runs");
  EXPECT_EQ(calls_, std::vector<std::string>{"b.service"});
  EXPECT_EQ(service("b.service").active_state, "active");
  list(
      "a.service loaded active running Does\nb.service loaded active running Runs\nc.service loaded failed failed New");
  EXPECT_EQ(calls_, std::vector<std::string>{"c.service"});
  EXPECT_EQ(service("c.service").active_state, "failed");
}

TEST_F(SystemdList, WhoPollsIsToldAllAtOnceWhereThatIsQuick) {
  // A machine that is busy may be slow for once.
  for (int i = 0; i < 5 && calls_ != std::vector<std::string>{"b.service"}; ++i) {
    list(two);
    list_while_polling("a.service loaded active running Does\nb.service loaded failed failed Waits");
  }
  EXPECT_EQ(calls_, std::vector<std::string>{"b.service"});
  EXPECT_EQ(service("b.service").active_state, "failed");
  EXPECT_EQ(service("b.service").main_process_id, 640U);
}

TEST_F(SystemdList, WhoPollsIsToldStatesFirstWhereProcessOneIsSlow) {
  list(two);
  list_while_polling("a.service loaded active running Does\nb.service loaded failed failed Waits", marks,
                     "STATES_TIME=0.3");
  EXPECT_EQ(calls_, std::vector<std::string>());
  EXPECT_EQ(service("b.service").active_state, "failed");
  EXPECT_EQ(service("b.service").main_process_id, 0U);
  list_while_polling("a.service loaded active running Does\nb.service loaded failed failed Waits");
  EXPECT_EQ(calls_, std::vector<std::string>{"b.service"});
  EXPECT_EQ(service("b.service").main_process_id, 640U);
  list_while_polling("a.service loaded active running Does\nb.service loaded failed failed Waits");
  EXPECT_EQ(calls_, std::vector<std::string>());
}

TEST_F(SystemdList, WhoPollsWaitsForNoPropertiesOfWhatIsLoadedNow) {
  list(two);
  change([](ServiceList& known) {
    known.services["c.service"] = known.services.at("b.service");
    known.services["c.service"].name = "c.service";
  });
  const std::string four = two + "\nc.service loaded active running From a file\nd.service loaded active running New";
  list_while_polling(four, marks, "STATES_TIME=0.3");
  EXPECT_EQ(calls_, std::vector<std::string>());
  EXPECT_EQ(service("c.service").active_state, "active");
  EXPECT_EQ(list_->services.count("d.service"), 0U);
  list_while_polling(four, marks, "STATES_TIME=0.3");
  EXPECT_EQ(calls_, (std::vector<std::string>{"c.service", "d.service"})) << "that was one list of states alone";
  EXPECT_EQ(service("d.service").main_process_id, 640U);
  list_while_polling(four, marks, "STATES_TIME=0.3");
  EXPECT_EQ(calls_, std::vector<std::string>());
}

TEST_F(SystemdList, ARestartBetweenTwoListsIsSeen) {
  list(two);
  std::string other = marks;
  other.replace(other.find("0011"), 4, "ffff");
  list(two, other);
  EXPECT_EQ(calls_, std::vector<std::string>{"a.service"});
}

TEST_F(SystemdList, ReloadedFilesAreReadAgain) {
  list(two);
  std::string other = marks;
  other.replace(other.find("99.1"), 4, "99.2");
  list(two, other);
  EXPECT_EQ(calls_, std::vector<std::string>{"a.service b.service"});
  list(two, other);
  EXPECT_EQ(calls_, std::vector<std::string>());
}

TEST_F(SystemdList, OldPropertiesAreReadAgainTheOldestFirst) {
  list(two);
  change([](ServiceList& known) {
    known.loaded.at("a.service").read -= std::chrono::seconds(20);
    known.loaded.at("b.service").read -= std::chrono::seconds(30);
  });
  list(two);
  EXPECT_EQ(calls_, std::vector<std::string>()) << "it has looked back a moment ago";
  change([](ServiceList& known) { known.looked_back -= std::chrono::seconds(20); });
  list(two);
  EXPECT_EQ(calls_, std::vector<std::string>{"b.service a.service"});
  list(two);
  EXPECT_EQ(calls_, std::vector<std::string>());
}

TEST_F(SystemdList, FilesAreLookedAtWhenADirectoryChangedOrTheyWereReloaded) {
  list(two);
  EXPECT_EQ(list_->fingerprint.substr(0, 9), "2:11.750 ") << "of the directories of unit files alone";
  const std::string files = list_->fingerprint.substr(9);
  std::string other = marks;
  // Another mark, and files that are others than those of the list before: whether that is noticed.
  const auto noticed = [&](const std::string& before, const std::string& after) {
    change([](ServiceList& known) { known.fingerprint.replace(known.fingerprint.find(' ') + 1, 3, "xyz"); });
    other.replace(other.find(before), before.size(), after);
    list(two, other);
    const bool unchanged = out_.find("\nUnitFiles=unchanged\n") != std::string::npos;
    EXPECT_EQ(unchanged, list_->fingerprint.find("xyz") != std::string::npos);
    return !unchanged;
  };
  EXPECT_FALSE(noticed("77.7", "88.8"));
  EXPECT_TRUE(noticed("6.25", "7.25"));
  EXPECT_FALSE(noticed("7.25", "7.25"));
  EXPECT_TRUE(noticed("88.8 /run/systemd/units", "0 /etc/systemd/system/a.wants"));
  EXPECT_TRUE(noticed("99.1", "99.2")) << "systemd has read them anew";
  list(two, other);
  EXPECT_FALSE(noticed("99.2", "99.2"));
  change([&](ServiceList& known) { known.fingerprint = "3:12.750 " + files; });
  // Where they are unchanged systemd is not asked about them.
  other.replace(other.find("7.25"), 4, "8.25");
  list(two, other);
  EXPECT_NE(out_.find("\nUnitFiles=unchanged\n"), std::string::npos);
  EXPECT_EQ(list_->fingerprint, "3:13.750 " + files);
}

TEST_F(SystemdList, NewFilesDoNotWaitForWhoPolls) {
  list(two);
  std::string other = marks;
  other.replace(other.find("99.1"), 4, "99.2");
  change([](ServiceList& known) { known.fingerprint.replace(known.fingerprint.find(' ') + 1, 3, "xyz"); });
  list_while_polling("a.service loaded active running Does\nb.service loaded failed failed Waits", other,
                     "STATES_TIME=0.3");
  EXPECT_EQ(service("b.service").main_process_id, 0U) << "states alone";
  EXPECT_EQ(out_.find("\nUnitFiles=unchanged\n"), std::string::npos);
  EXPECT_EQ(list_->fingerprint.find("xyz"), std::string::npos);
}

TEST_F(SystemdList, TheRealFindSeesANewFile) {
  // A directory in the place of those of the system, read by the machine's own find.
  const std::string units = directory_ / "units";
  std::filesystem::create_directory(units);
  std::filesystem::remove(directory_ / "find");
  const auto look = [&] {
    Script script = systemd_->list_script(list_.get());
    std::string text(script.text);
    const std::size_t begin = text.find("unit_directories='") + 18;
    text.replace(begin, text.find('\'', begin) - begin, units);
    script.text = text;
    const auto read = systemd_->read_list(run(script, {"UNITS=" + two}), list_.get());
    EXPECT_TRUE(read) << read.error().message;
    list_ = *read;
  };
  look();
  EXPECT_EQ(list_->services.count("new.service"), 0U);
  const std::string before = list_->fingerprint;
  EXPECT_EQ(before.substr(0, 2), "1:");
  look();
  EXPECT_EQ(list_->fingerprint, before);
  directory_.write("units/new.service", "[Service]\n");
  look();
  EXPECT_NE(list_->fingerprint, before);
  EXPECT_EQ(list_->services.count("new.service"), 1U);
}

TEST_F(SystemdList, AMarkBeforeANameIsNoName) {
  list("* a.service loaded failed failed Does\n  b.service loaded active running Waits");
  EXPECT_EQ(list_->loaded.at("a.service").state, "loaded failed failed 00112233");
  EXPECT_EQ(list_->loaded.at("b.service").state, "loaded active running -");
}

std::string many(const std::string& state) {
  std::string units;
  for (int i = 10; i < 30; ++i) units += "s" + std::to_string(i) + ".service loaded " + state + " Does\n";
  units.pop_back();
  return units;
}

TEST_F(SystemdList, WhereProcessOneIsSlowAllStatesAreNewAndPropertiesComeBitByBit) {
  list(many("inactive dead"));
  EXPECT_EQ(service("s29.service").main_process_id, 640U);
  list(many("active running"), marks, "SHOW_TIME=0.6");
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(calls_.front().substr(0, 11), "s10.service");
  EXPECT_EQ(std::count(calls_.front().begin(), calls_.front().end(), ' '), 5);
  EXPECT_NE(out_.find("\nStates:\n", out_.find("\nUnitFiles=")), std::string::npos) << "the states once more";
  EXPECT_GE(list_->states_after, std::chrono::milliseconds(600));
  for (int i = 10; i < 30; ++i) {
    const Service& each = service("s" + std::to_string(i) + ".service");
    EXPECT_EQ(each.active_state, "active") << i;
    EXPECT_EQ(each.main_process_id, i < 16 ? 640U : 0U) << i << ": that of an earlier state is not told";
  }
  list(many("active running"), marks, "SHOW_TIME=0.6");
  ASSERT_EQ(calls_.size(), 1U);
  EXPECT_EQ(calls_.front().substr(0, 11), "s16.service");
  for (int i = 0; i < 5 && service("s29.service").main_process_id == 0; ++i) list(many("active running"));
  EXPECT_EQ(service("s29.service").main_process_id, 640U);
}

TEST_F(SystemdList, ASystemctlThatFailsIsToldOf) {
  directory_.write("systemctl", "#!/bin/sh\necho 'Failed to list units: Connection timed out' >&2\nexit 1\n", true);
  const auto read = systemd_->read_list(run(systemd_->list_script(nullptr)), nullptr);
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("Connection timed out"), std::string::npos) << read.error().message;
}

TEST_F(SystemdScripts, WithoutSystemctlTheShellsWordsAreTold) {
  std::filesystem::remove(directory_ / "systemctl");
  Script script = systemd_->state_script("a.service");
  // A systemctl of the machine that runs the tests must not be reached.
  const std::string text = "PATH=/nowhere\n" + std::string(script.text);
  script.text = text;
  const auto state = systemd_->read_state("a.service", run(script));
  EXPECT_EQ(state.error().kind, Failure::failed);
  EXPECT_NE(state.error().message.find("not found"), std::string::npos) << state.error().message;
}

}  // namespace
}  // namespace vmms::guest
