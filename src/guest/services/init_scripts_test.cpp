// The scripts for OpenRC and SysV init in a real shell, below their own root directory, with an rc-service, a
// service and other programs that do what the test wants.
#include "guest/services/init_scripts.hpp"

#include "guest/testing/child_process.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace vmms::guest {
namespace {

Output printed(std::string out, int status = 0, std::string err = {}) {
  return {status, std::nullopt, std::move(out), std::move(err)};
}

class InitScriptsTest : public testing::Test {
 protected:
  Output run(const Script& script) {
    std::vector<std::string> command{"/bin/sh", "-c", std::string(script.text), std::string(script.name)};
    command.insert(command.end(), script.parameters.begin(), script.parameters.end());
    ChildProcess shell(command, {"PATH=" + (root_ / "bin") + ":/usr/bin:/bin", "LC_ALL=C", "TMPDIR=" + root_.path()},
                       root_ / "out", root_ / "err");
    Output output;
    output.exit_status = shell.wait();
    output.out = root_.read("out");
    output.err = root_.read("err");
    return output;
  }
  void directory(const std::string& name) { std::filesystem::create_directories(root_ / name); }
  // Init scripts get a clean environment.
  void program(const std::string& name, const std::string& text) {
    root_.write(name, "#!/bin/sh\nROOT=" + root_.path() + " CALLS=" + (root_ / "calls") + "\n" + text, true);
  }
  std::string calls() const { return root_.read("calls"); }

  Service state(const ServiceManager& manager, const std::string& name) {
    const Output output = run(manager.state_script(name));
    const auto service = manager.read_state(name, output);
    EXPECT_TRUE(service) << (service ? "" : service.error().message) << output.out << output.err;
    return service ? *service : Service();
  }
  ServiceOutcome outcome(const ServiceManager& manager, const Script& script) {
    const Output output = run(script);
    const auto outcome = manager.read_outcome(script.parameters[0], output);
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message) << output.out << output.err;
    return outcome ? *outcome : ServiceOutcome();
  }

  TemporaryDirectory root_;
};

class OpenRc : public InitScriptsTest {
 protected:
  OpenRc() {
    for (const char* each : {"bin", "etc/init.d", "etc/runlevels/default", "etc/runlevels/boot", "run/openrc/started",
                             "run/openrc/starting", "run/openrc/stopping", "run/openrc/inactive", "run/openrc/failed",
                             "run/openrc/daemons", "var/log"})
      directory(each);
    for (const char* each : {"web", "broken", "slow"})
      program(std::string("etc/init.d/") + each, std::string("description=\"The ") + each + " service\"\n");
    root_.write("etc/init.d/functions.sh", "no service\n", true);
    root_.write("etc/init.d/not-executable", "no service\n");
    program("bin/rc-service", R"(echo "$@" >>"$CALLS"
[ "$1" = --nocolor ] || exit 64
case $2:$3 in
broken:start) echo " * no such setting"; exit 1 ;;
*:start) : >"$ROOT/run/openrc/started/$2"; echo " * Starting $2" ;;
*:stop) rm -f "$ROOT/run/openrc/started/$2" ;;
esac
readlink /proc/self/fd/1 >"$ROOT/output-of-$2"
)");
    program("bin/rc-update", R"(echo "$@" >>"$CALLS"
case $1 in
add) : >"$ROOT/etc/runlevels/$3/$2" ;;
del) rm "$ROOT/etc/runlevels/$3/$2" ;;
esac
)");
  }
  std::unique_ptr<ServiceManager> manager_ = make_openrc(root_.path());
};

TEST_F(OpenRc, StatesAreThoseOfItsDirectories) {
  EXPECT_EQ(state(*manager_, "web").active_state, "inactive");
  const std::pair<const char*, const char*> expected[] = {{"started", "active"},
                                                          {"starting", "activating"},
                                                          {"inactive", "activating"},
                                                          {"stopping", "deactivating"},
                                                          {"failed", "failed"}};
  for (const auto& [directory, active] : expected) {
    root_.write(std::string("run/openrc/") + directory + "/web", "");
    EXPECT_EQ(state(*manager_, "web").active_state, active);
    std::filesystem::remove(root_ / (std::string("run/openrc/") + directory + "/web"));
  }
}

TEST_F(OpenRc, ADaemonThatIsGoneHasCrashed) {
  root_.write("run/openrc/started/web", "");
  directory("run/openrc/daemons/web");
  root_.write("run/openrc/daemons/web/001", "exec=/usr/bin/web\npidfile=" + (root_ / "web.pid") + "\n");
  EXPECT_EQ(state(*manager_, "web").sub_state, "crashed");
  root_.write("web.pid", "2147483646\n");
  EXPECT_EQ(state(*manager_, "web").active_state, "failed");
  root_.write("web.pid", "$(reboot)\n");
  EXPECT_EQ(state(*manager_, "web").active_state, "failed");
  root_.write("web.pid", std::to_string(getpid()) + "\n");
  const Service service = state(*manager_, "web");
  EXPECT_TRUE(service.started());
  EXPECT_EQ(service.main_process_id, static_cast<std::uint32_t>(getpid()));
}

TEST_F(OpenRc, StartAndStop) {
  ServiceOutcome started = outcome(*manager_, manager_->start_script("web"));
  EXPECT_EQ(started.exit_status, 0U);
  EXPECT_TRUE(started.service.started());
  EXPECT_TRUE(started.log_lines.empty());
  EXPECT_EQ(calls(), "--nocolor web start\n");
  EXPECT_FALSE(outcome(*manager_, manager_->stop_script("web")).service.started());
}

TEST_F(OpenRc, ADaemonDoesNotKeepTheOutputOfTheScriptOpen) {
  outcome(*manager_, manager_->start_script("web"));
  EXPECT_NE(root_.read("output-of-web"), (root_ / "out") + "\n");
  for (const auto& each : std::filesystem::directory_iterator(root_.path()))
    EXPECT_FALSE(each.path().filename().string().starts_with("tmp.")) << "the file is removed";
}

TEST_F(OpenRc, AFailureTellsExitStatusOutputAndLog) {
  root_.write("var/log/messages", "Nov 22 broken[7]: one\nNov 22 other: two\n");
  const ServiceOutcome failed = outcome(*manager_, manager_->start_script("broken"));
  EXPECT_EQ(failed.exit_status, 1U);
  EXPECT_EQ(failed.service.exit_status, 1U);
  EXPECT_FALSE(failed.service.started());
  EXPECT_NE(failed.message.find("no such setting"), std::string::npos);
  EXPECT_EQ(failed.log_lines, std::vector<std::string>{"Nov 22 broken[7]: one"});
}

TEST_F(OpenRc, WhatHasNoScriptIsNotFound) {
  for (const char* name : {"nothing", "not-executable"}) {
    EXPECT_EQ(manager_->read_state(name, run(manager_->state_script(name))).error().kind, Failure::not_found);
    EXPECT_EQ(manager_->read_outcome(name, run(manager_->start_script(name))).error().kind, Failure::not_found);
  }
  EXPECT_EQ(calls(), "");
}

TEST_F(OpenRc, StartModes) {
  EXPECT_EQ(state(*manager_, "web").start_mode(), StartMode::manual);
  EXPECT_EQ(outcome(*manager_, *manager_->mode_script("web", StartMode::automatic)).service.start_mode(),
            StartMode::automatic);
  root_.write("etc/runlevels/boot/web", "");
  EXPECT_EQ(outcome(*manager_, *manager_->mode_script("web", StartMode::manual)).service.start_mode(),
            StartMode::manual);
  EXPECT_EQ(calls(), "add web default\ndel web boot\ndel web default\n");
  outcome(*manager_, *manager_->mode_script("web", StartMode::manual));
  EXPECT_EQ(calls(), "add web default\ndel web boot\ndel web default\n") << "nothing is left to do";
  EXPECT_EQ(manager_->mode_script("web", StartMode::disabled).error().kind, Failure::not_supported);
}

TEST_F(OpenRc, TheListHasStatesAndDescriptions) {
  root_.write("run/openrc/started/web", "");
  root_.write("etc/runlevels/default/slow", "");
  const Output output = run(manager_->list_script(nullptr));
  const auto list = manager_->read_list(output, nullptr);
  ASSERT_TRUE(list) << list.error().message << output.out;
  EXPECT_EQ((*list)->services.size(), 3U);
  EXPECT_TRUE((*list)->services.at("web").started());
  EXPECT_EQ((*list)->services.at("web").description, "The web service");
  EXPECT_EQ((*list)->services.at("slow").start_mode(), StartMode::automatic);
}

class SysvInit : public InitScriptsTest {
 protected:
  SysvInit() {
    for (const char* each : {"bin", "etc/init.d", "etc/rc2.d", "run", "var/lock/subsys", "var/log"}) directory(each);
    program("etc/init.d/web", R"(# Short-Description: The web service
case $1 in
start) echo Starting web; : >"$ROOT/web-runs"; readlink /proc/self/fd/1 >"$ROOT/output-of-web" ;;
stop) rm -f "$ROOT/web-runs" ;;
status) [ -e "$ROOT/web-runs" ] || exit 3 ;;
esac
)");
    program("etc/init.d/broken", "case $1 in\nstart) echo no such setting >&2; exit 7 ;;\nstatus) exit 3 ;;\nesac\n");
    program("etc/init.d/dead", "case $1 in\nstatus) exit 1 ;;\nesac\n");
    program("etc/init.d/usage",
            "case $1 in\nstart|restart) ;;\n*) echo \"Usage: $0 start, no status)\"; exit 1 ;;\nesac\n");
    program("etc/init.d/stateless", "echo stateless $1 >>\"$CALLS\"\n");
    root_.write("etc/init.d/README", "no service\n");
    program("bin/service", "exec \"$ROOT/etc/init.d/$1\" \"$2\"\n");
    program("bin/update-rc.d", R"(echo "update-rc.d $@" >>"$CALLS"
case $2 in
enable) ln -s ../init.d/$1 "$ROOT/etc/rc2.d/S20$1" ;;
disable) rm "$ROOT/etc/rc2.d/S20$1" ;;
esac
)");
  }
  std::unique_ptr<ServiceManager> manager_ = make_sysvinit(root_.path());
};

TEST_F(SysvInit, StatesAreThoseOfTheScriptsThemselves) {
  EXPECT_EQ(state(*manager_, "web").active_state, "inactive");
  root_.write("web-runs", "");
  root_.write("run/web.pid", std::to_string(getpid()));
  const Service web = state(*manager_, "web");
  EXPECT_TRUE(web.started());
  EXPECT_EQ(web.main_process_id, static_cast<std::uint32_t>(getpid()));
  EXPECT_EQ(state(*manager_, "dead").active_state, "failed");
  EXPECT_EQ(state(*manager_, "usage").sub_state, "unknown");
}

TEST_F(SysvInit, AScriptWithoutStatusIsNeverGivenIt) {
  EXPECT_EQ(state(*manager_, "stateless").sub_state, "unknown");
  ASSERT_TRUE(manager_->read_list(run(manager_->list_script(nullptr)), nullptr));
  EXPECT_EQ(calls(), "");
  // Its start is over when the script is, as a oneshot's.
  const ServiceOutcome started = outcome(*manager_, manager_->start_script("stateless"));
  EXPECT_EQ(calls(), "stateless start\n");
  EXPECT_EQ(started.exit_status, 0U);
  EXPECT_EQ(started.service.type, "oneshot");
  // Red Hat's scripts leave a lock file.
  root_.write("var/lock/subsys/stateless", "");
  EXPECT_TRUE(state(*manager_, "stateless").started());
}

TEST_F(SysvInit, StartAndStop) {
  EXPECT_TRUE(outcome(*manager_, manager_->start_script("web")).service.started());
  EXPECT_NE(root_.read("output-of-web"), (root_ / "out") + "\n") << "a daemon does not keep the script's output open";
  EXPECT_FALSE(outcome(*manager_, manager_->stop_script("web")).service.started());
}

TEST_F(SysvInit, WithoutServiceTheScriptItselfIsRun) {
  std::filesystem::remove(root_ / "bin/service");
  Script script = manager_->start_script("broken");
  // A service(8) of the machine that runs the tests must not be reached.
  const std::string text = "command() { return 1; }\n" + std::string(script.text);
  script.text = text;
  EXPECT_EQ(outcome(*manager_, script).exit_status, 7U);
}

TEST_F(SysvInit, AFailureTellsExitStatusAndOutput) {
  root_.write("var/log/syslog", "broken: one\nbroken: two\n");
  const ServiceOutcome failed = outcome(*manager_, manager_->start_script("broken"));
  EXPECT_EQ(failed.exit_status, 7U);
  EXPECT_EQ(failed.service.exit_status, 7U);
  EXPECT_EQ(failed.message, "no such setting");
  EXPECT_EQ(failed.log_lines.size(), 2U);
  EXPECT_EQ(manager_->read_outcome("no", run(manager_->start_script("no"))).error().kind, Failure::not_found);
}

TEST_F(SysvInit, StartModes) {
  const auto change = [&](StartMode mode) {
    return outcome(*manager_, *manager_->mode_script("web", mode)).service.start_mode();
  };
  EXPECT_EQ(change(StartMode::automatic), StartMode::automatic);
  EXPECT_EQ(change(StartMode::automatic), StartMode::automatic);
  EXPECT_EQ(state(*manager_, "web").start_mode(), StartMode::automatic);
  EXPECT_EQ(change(StartMode::manual), StartMode::manual);
  EXPECT_EQ(calls(), "update-rc.d web defaults\nupdate-rc.d web enable\nupdate-rc.d web disable\n");
  EXPECT_EQ(manager_->mode_script("web", StartMode::disabled).error().kind, Failure::not_supported);
}

TEST_F(SysvInit, TheListHasStatesAndDescriptions) {
  root_.write("web-runs", "");
  const Output output = run(manager_->list_script(nullptr));
  const auto list = manager_->read_list(output, nullptr);
  ASSERT_TRUE(list) << list.error().message << output.out;
  EXPECT_EQ((*list)->services.size(), 5U);
  EXPECT_TRUE((*list)->services.at("web").started());
  EXPECT_EQ((*list)->services.at("web").description, "The web service");
  EXPECT_EQ((*list)->services.at("dead").sub_state, "crashed");
}

TEST(InitScriptNames, AreThoseOfFiles) {
  EXPECT_EQ(*init_script_name("net.eth0"), "net.eth0");
  EXPECT_EQ(*init_script_name("nginx.service"), "nginx") << "as the same service is called under systemd";
  for (const char* name : {"", "-h", ".service", "a/b", "../x", "a b", "$(reboot)", "a\n", ".hidden"})
    EXPECT_EQ(init_script_name(name).error().kind, Failure::not_found) << name;
  EXPECT_FALSE(init_script_name(std::string(256, 'a')));
}

TEST(InitScriptList, ThatBrokeOffIsNoList) {
  const auto manager = make_openrc();
  EXPECT_FALSE(manager->read_list(printed("Name=a\nState=started\n\n"), nullptr));
  EXPECT_FALSE(manager->read_list(printed("", 127, "sh: not found"), nullptr));
  EXPECT_EQ((*manager->read_list(printed("Name=a\nState=started\n\nEnd\n"), nullptr))->services.size(), 1U);
  EXPECT_FALSE(manager->read_outcome("a", printed("ExitStatus=x\nName=a\nState=started\n\n")));
  EXPECT_FALSE(manager->read_state("a", printed("Name=b\nState=started\n\n"))) << "of another service";
}

}  // namespace
}  // namespace vmms::guest
