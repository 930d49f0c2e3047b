// A libvirt daemon of the test's own: loss and reconnection.
#include "hypervisor/libvirt/define.hpp"
#include "hypervisor/libvirt/host.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace vmms::hypervisor::libvirt {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* program = "/usr/sbin/libvirtd";
constexpr const char* machine_id = "4C0D7F1E-2B0A-4C57-9C9B-0A5D3E1F7B22";
constexpr const char* definition =
    "<domain type='qemu'><name>daemon-test</name><uuid>4c0d7f1e-2b0a-4c57-9c9b-0a5d3e1f7b22</uuid>"
    "<memory unit='MiB'>32</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
    "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel></devices></domain>";

/// A session daemon in its own directory: as root it runs as "nobody", so that it is not one of the system's.
class Daemon : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(program)) GTEST_SKIP() << "install the package libvirt-daemon to run this test";
    std::string pattern = "/tmp/vmms-XXXXXX";
    root_ = mkdtemp(pattern.data());
    std::ofstream(root_ / "conf") << fmt::format("unix_sock_dir = \"{0}\"\nauth_unix_rw = \"none\"\n", root_.string());
    std::filesystem::create_directories(root_ / ".config/libvirt");
    std::ofstream(root_ / ".config/libvirt/qemu.conf") << "stdio_handler = \"file\"\n";
    if (geteuid() == 0) {
      for (const char* path : {"", ".config", ".config/libvirt"})
        ASSERT_EQ(chown((root_ / path).c_str(), 65534, 65534), 0);
    }
    run();
  }
  void TearDown() override {
    if (root_.empty()) return;
    if (host_) host_->machines().turn_off(machine_id);
    host_.reset();
    end(SIGKILL);
    if (const pid_t process = guest_process(); process > 1) kill(process, SIGKILL);
    std::filesystem::remove_all(root_);
  }

  void run() {
    daemon_ = fork();
    if (daemon_ == 0) {
      if (geteuid() == 0 && (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) _exit(126);
      prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive a test that crashes
      setenv("HOME", root_.c_str(), 1);
      setenv("XDG_RUNTIME_DIR", root_.c_str(), 1);
      for (const char* name : {"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"}) unsetenv(name);
      const int log = open((root_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(log, STDERR_FILENO);
      execl(program, program, "-f", (root_ / "conf").c_str(), nullptr);
      _exit(127);
    }
  }
  void end(int signal) {
    if (daemon_ <= 0) return;
    kill(daemon_, signal);
    waitpid(daemon_, nullptr, 0);
    daemon_ = 0;
  }
  std::string uri() const { return fmt::format("qemu+unix:///session?socket={}/libvirt-sock", root_.string()); }
  pid_t guest_process() const {
    pid_t process = 0;
    std::ifstream(root_ / "libvirt/qemu/run/daemon-test.pid") >> process;
    return process;
  }
  template <class Condition>
  static bool wait_until(std::chrono::seconds at_most, const Condition& condition) {
    const auto end = Clock::now() + at_most;
    while (!condition()) {
      if (Clock::now() > end) return false;
      std::this_thread::sleep_for(10ms);
    }
    return true;
  }

  std::filesystem::path root_;
  pid_t daemon_ = 0;
  std::unique_ptr<Host> host_;
};

TEST_F(Daemon, IsFoundAgainAfterItsLoss) {
  ASSERT_TRUE(wait_until(20s, [&] { return std::filesystem::exists(root_ / "libvirt-sock"); }));
  Result<std::string> defined = define_domain(uri(), definition);
  ASSERT_TRUE(defined) << defined.error().message;
  EXPECT_EQ(*defined, machine_id);
  auto connected = connect({uri(), 100ms, 1000ms});
  ASSERT_TRUE(connected) << connected.error().message;
  host_ = *std::move(connected);
  ASSERT_NE(host_->machines().find(machine_id), nullptr);
  ASSERT_TRUE(host_->machines().change_settings(machine_id,
                                                [](Settings& settings) { settings.guest_service_interface = true; }));
  const auto started = host_->machines().start(machine_id);
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(host_->machines().find(machine_id)->power, PowerState::running);
  EXPECT_TRUE(host_->machines().find(machine_id)->agent_channel);

  // It dies: everything that needs it fails at once, the records stay.
  end(SIGKILL);
  ASSERT_TRUE(wait_until(5s, [&] { return !host_->machine().health(); }));
  EXPECT_EQ(host_->machine().health().error().kind, Failure::unreachable);
  EXPECT_NE(host_->machine().health().error().message.find("has been lost since"), std::string::npos);
  auto begin = Clock::now();
  EXPECT_EQ(host_->machines().turn_off(machine_id).error().kind, Failure::unreachable);
  EXPECT_EQ(host_->machines().change_settings(machine_id, [](Settings&) {}).error().kind, Failure::unreachable);
  EXPECT_LT(Clock::now() - begin, 100ms);
  EXPECT_EQ(host_->machines().find(machine_id)->power, PowerState::running);

  // Meanwhile the guest dies. It comes back: what it says now is in the records.
  kill(guest_process(), SIGKILL);
  const auto agent_connections = host_->guests().find(machine_id)->connection();
  run();
  ASSERT_TRUE(wait_until(20s, [&] { return host_->machine().health().has_value(); }));
  EXPECT_TRUE(wait_until(20s, [&] { return host_->machines().find(machine_id)->power == PowerState::off; }));
  EXPECT_EQ(host_->machines().find(machine_id)->settings.guest_service_interface, true);
  EXPECT_GT(host_->guests().find(machine_id)->connection(), agent_connections);
  ASSERT_TRUE(host_->machines().start(machine_id));
  EXPECT_TRUE(wait_until(5s, [&] { return host_->machines().find(machine_id)->power == PowerState::running; }));

  // It hangs: no sign of life for fifteen seconds is a loss too.
  kill(daemon_, SIGSTOP);
  begin = Clock::now();
  EXPECT_TRUE(wait_until(25s, [&] { return !host_->machine().health(); }));
  fmt::print("a daemon that hangs was noticed after {:.1f} s\n",
             std::chrono::duration<double>(Clock::now() - begin).count());
  begin = Clock::now();
  kill(daemon_, SIGCONT);
  EXPECT_TRUE(wait_until(20s, [&] { return host_->machine().health().has_value(); }));
  EXPECT_EQ(host_->machines().find(machine_id)->power, PowerState::running);
  ASSERT_TRUE(host_->machines().turn_off(machine_id));

  // The host's end does not wait for a daemon that hangs.
  kill(daemon_, SIGSTOP);
  begin = Clock::now();
  host_.reset();
  EXPECT_LT(Clock::now() - begin, 1500ms);
}

TEST_F(Daemon, ACallThatHangsHoldsUpNothingElse) {
  ASSERT_TRUE(wait_until(20s, [&] { return std::filesystem::exists(root_ / "libvirt-sock"); }));
  ASSERT_TRUE(define_domain(uri(), definition));
  auto connected = connect({uri(), 100ms, 1000ms});
  ASSERT_TRUE(connected) << connected.error().message;
  host_ = *std::move(connected);
  kill(daemon_, SIGSTOP);
  std::thread starting([&] { EXPECT_FALSE(host_->machines().start(machine_id)); });
  EXPECT_TRUE(wait_until(5s, [&] { return host_->machines().find(machine_id)->power == PowerState::starting; }));
  const auto begin = Clock::now();
  EXPECT_EQ(host_->machines().start(machine_id).error().kind, Failure::invalid_state) << "somebody is at it";
  EXPECT_EQ(host_->machines().list("", 10).size(), 1U);
  EXPECT_LT(Clock::now() - begin, 500ms);
  end(SIGKILL);
  starting.join();
  EXPECT_TRUE(wait_until(5s, [&] { return host_->machines().find(machine_id)->power == PowerState::off; }));
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
