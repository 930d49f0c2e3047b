// A real guest under the embedded driver, when VMMS_TEST_GUEST names a directory that guest/build has filled. As root
// it needs the user and group that libvirt's driver wants (the skip or error text says which). Takes about a minute.
#include "hypervisor/libvirt/connection.hpp"
#include "hypervisor/libvirt/define.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/libvirt/host.hpp"
#include "hypervisor/libvirt/library.hpp"
#include "hypervisor/libvirt/record.hpp"

#include <boost/json.hpp>
#include <dlfcn.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace vmms::hypervisor::libvirt {
namespace {

using namespace std::chrono_literals;
using guest::Clock;

constexpr const char* machine_id = "0E1F5A52-7F0C-4C0E-9D7B-5D5B4A0B7C11";
constexpr const char* root_variable = "VMMS_TEST_ROOT";
constexpr const char* guest_variable = "VMMS_TEST_GUEST";

/// How long this process takes to connect to an agent's socket, in milliseconds.
std::atomic<int> connecting_takes{0};

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

std::string definition(const std::filesystem::path& guest, const std::filesystem::path& disk) {
  return fmt::format(R"(<domain type='vmms:auto'>
  <name>real-guest-test</name>
  <uuid>{}</uuid>
  <memory unit='MiB'>192</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{}/vmlinuz</kernel>
    <initrd>{}/initrd.img</initrd>
    <cmdline>root=/dev/vda console=ttyS0 quiet mitigations=off nokaslr audit=0 apparmor=0 8250.nr_uarts=1</cmdline>
  </os>
  <features><acpi/><tcg><tb-cache unit='MiB'>64</tb-cache></tcg></features>
  <cpu mode='maximum'/>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='{}'/><target dev='vda' bus='virtio'/>
    </disk>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <serial type='file'><source path='{}.console'/></serial>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>)",
                     machine_id, guest.string(), guest.string(), disk.string(), disk.string());
}

template <class Condition>
bool wait_until(std::chrono::seconds at_most, const Condition& condition) {
  const auto end = Clock::now() + at_most;
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

/// The directory of the embedded driver, and the process that runs it first.
class RealGuest : public testing::Test {
 protected:
  static std::string uri(const std::filesystem::path& root) { return "qemu:///embed?root=" + root.string(); }

  void SetUp() override {
    if (std::getenv(guest_variable) == nullptr) GTEST_SKIP() << "VMMS_TEST_GUEST is not set";
    guest_ = std::filesystem::absolute(std::getenv(guest_variable));
    std::string pattern = "/tmp/vmms-XXXXXX";
    root_ = mkdtemp(pattern.data());
    std::filesystem::copy_file(guest_ / "disk.qcow2", root_ / "disk.qcow2");
  }
  void TearDown() override {
    if (root_.empty()) return;
    if (host_) host_->machines().turn_off(machine_id);
    host_.reset();
    std::ifstream process_file(root_ / "run/qemu/real-guest-test.pid");
    if (pid_t process = 0; process_file >> process && process > 1) kill(process, SIGKILL);
    std::filesystem::remove_all(root_);
  }

  /// Defines and starts the guest in a separate process, waits for the agent, and kills that process.
  void boot_elsewhere() {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      setenv(root_variable, root_.c_str(), 1);
      dup2(ends[1], 3);
      execl("/proc/self/exe", "child", "--gtest_filter=RealGuestChild.DISABLED_Serves",
            "--gtest_also_run_disabled_tests", nullptr);
      _exit(127);
    }
    close(ends[1]);
    std::string said;
    std::array<char, 256> buffer{};
    for (ssize_t n = 0;
         said.find("ready") == std::string::npos && (n = read(ends[0], buffer.data(), buffer.size())) > 0;) {
      said.append(buffer.data(), static_cast<std::size_t>(n));
    }
    close(ends[0]);
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);  // its lock counts until it is reaped
    ASSERT_NE(said.find("ready"), std::string::npos) << said << "\n"
                                                     << std::ifstream(root_ / "disk.qcow2.console").rdbuf();
  }

  Result<std::string> ask(const std::string& json, std::chrono::milliseconds time = 10s) {
    return host_->guests().find(machine_id)->command(json, Clock::now() + time);
  }
  /// Runs a shell command in the guest without waiting for it.
  void run_in_guest(const std::string& script) {
    const auto answer = ask(boost::json::serialize(boost::json::object{
        {"execute", "guest-exec"}, {"arguments", {{"path", "/bin/sh"}, {"arg", boost::json::array{"-c", script}}}}}));
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_NE(answer->find("\"return\""), std::string::npos) << *answer;
  }
  bool agent_falls_silent() {
    return wait_until(5s, [&] { return !ask(R"({"execute":"guest-ping"})", 300ms); });
  }
  DomainHandle domain() {
    if (!direct_) direct_ = *open_connection(uri(root_));  // a process opens an embedded driver a few times only
    return *look_up(direct_.get(), machine_id);
  }
  Settings live_settings() {
    const TextHandle xml(virDomainGetXMLDesc(domain().get(), 0));
    return parse_domain(xml.get())->settings;
  }

  std::vector<std::string> port_aliases() {
    const TextHandle xml(virDomainGetXMLDesc(domain().get(), 0));
    return parse_domain(xml.get())->port_aliases;
  }

  /// Bytes go both ways through a port, a guest that does not read holds a writer to its deadline only, and the port
  /// goes with its holder.
  void exchange_through_a_port() {
    auto begin = Clock::now();
    auto port = host_->guests().find(machine_id)->open_port("test", Clock::now() + 10s);
    ASSERT_TRUE(port) << port.error().message;
    const double open_time = milliseconds_since(begin);
    EXPECT_EQ(port_aliases().size(), 1U);
    EXPECT_EQ((*port)->read(1, Clock::now() + 100ms).error().kind, Failure::timed_out);
    const std::string chunk(1 << 20, 'x');
    Status written;
    for (int i = 0; i < 8 && written; ++i) written = (*port)->write(chunk, Clock::now() + 300ms);
    ASSERT_FALSE(written) << "nobody reads in the guest";
    EXPECT_EQ(written.error().kind, Failure::timed_out);
    port->reset();
    EXPECT_TRUE(wait_until(5s, [&] { return port_aliases().empty(); }));

    port = host_->guests().find(machine_id)->open_port("test", Clock::now() + 10s);
    ASSERT_TRUE(port) << port.error().message;
    run_in_guest("for name in /sys/class/virtio-ports/*/name; do [ \"$(cat $name)\" = " + (*port)->name() +
                 " ] && port=/dev/$(basename $(dirname $name)); done; exec 3<>$port; echo ready >&3; "
                 "dd bs=1M count=20 iflag=fullblock <&3 2>/dev/null | md5sum >&3; cat <&3 >/dev/null");
    begin = Clock::now();
    EXPECT_EQ(read_line(**port), "ready");
    begin = Clock::now();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE((*port)->write(chunk, Clock::now() + 20s));
    EXPECT_EQ(read_line(**port), "b9dc45e76c3e084bb92d9af5a383533a  -");
    fmt::print("data port: opened in {:.0f} ms, 20 MiB and their sum after {:.0f} ms\n", open_time,
               milliseconds_since(begin));
    auto reading = std::async(std::launch::async, [&] { return (*port)->read(1, Clock::now() + 60s); });
    std::this_thread::sleep_for(50ms);
    (*port)->close();
    EXPECT_EQ(reading.get().error().kind, Failure::unreachable);
    port->reset();
    EXPECT_TRUE(wait_until(5s, [&] { return port_aliases().empty(); }));
  }

  static std::string read_line(guest::Port& port) {
    std::string line;
    while (!line.ends_with('\n')) {
      auto bytes = port.read(1, Clock::now() + 20s);
      if (!bytes) return bytes.error().message;
      line += *bytes;
    }
    line.pop_back();
    return line;
  }

  /// As a daemon that was killed leaves them.
  void ports_nobody_holds_are_removed() {
    const char* xml =
        "<channel type='unix'><target type='virtio' name='org.vmms.test.stray'/>"
        "<alias name='ua-vmms-test-stray'/></channel>";
    ASSERT_EQ(virDomainAttachDeviceFlags(domain().get(), xml, VIR_DOMAIN_AFFECT_LIVE), 0);
    EXPECT_TRUE(wait_until(5s, [&] { return port_aliases().empty(); }));
  }

  std::filesystem::path guest_;
  std::filesystem::path root_;
  ConnectionHandle direct_;
  std::unique_ptr<Host> host_;
};

/// Not a test: what `boot_elsewhere` runs.
TEST(RealGuestChild, DISABLED_Serves) {
  const char* root = std::getenv(root_variable);
  const char* guest = std::getenv(guest_variable);
  if (root == nullptr || guest == nullptr) GTEST_SKIP();
  const std::string uri = std::string("qemu:///embed?root=") + root;
  const auto say = [](const std::string& text) { EXPECT_GT(write(3, text.data(), text.size()), 0); };
  auto begin = Clock::now();
  const auto defined =
      define_domain(uri, definition(std::filesystem::absolute(guest), std::filesystem::path(root) / "disk.qcow2"));
  if (!defined) return say(defined.error().message);
  const double define_time = milliseconds_since(begin);
  begin = Clock::now();
  auto host = connect({uri});
  if (!host) return say(host.error().message);
  const double open_time = milliseconds_since(begin);
  begin = Clock::now();
  if (auto started = (*host)->machines().start(*defined); !started) return say(started.error().message);
  const double start_time = milliseconds_since(begin);
  if (!wait_until(120s, [&] { return (*host)->guests().find(*defined)->connected(); })) {
    const auto direct = open_connection(uri);
    const TextHandle xml(virDomainGetXMLDesc(look_up(direct->get(), *defined)->get(), 0));
    return say(parse_domain(xml.get())->agent_connected ? "the agent is connected, and the record does not say so"
                                                        : "no agent connects: see the guest's console");
  }
  const double agent_time = milliseconds_since(begin);
  begin = Clock::now();
  const auto changed = (*host)->machines().change_settings(
      *defined, [](Settings& settings) { settings.guest_service_interface = true; });
  if (!changed) return say(changed.error().message);
  fmt::print("first definition {:.0f} ms, open {:.0f} ms, start {:.0f} ms, agent after {:.0f} ms, settings {:.1f} ms\n",
             define_time, open_time, start_time, agent_time, milliseconds_since(begin));
  std::fflush(stdout);
  say("ready");
  while (true) pause();
}

TEST_F(RealGuest, OutlivesItsProcessAndAnswersOrNotInTime) {
  boot_elsewhere();
  if (HasFatalFailure()) return;

  // A new process on the same directory adopts it.
  auto begin = Clock::now();
  auto connected = connect({uri(root_)});
  ASSERT_TRUE(connected) << connected.error().message;
  host_ = *std::move(connected);
  const double open_time = milliseconds_since(begin);
  const auto vm = host_->machines().find(machine_id);
  ASSERT_NE(vm, nullptr);
  EXPECT_EQ(vm->power, PowerState::running);
  EXPECT_EQ(vm->settings.guest_service_interface, true) << "settings outlive the process";
  EXPECT_TRUE(vm->process_id && kill(static_cast<pid_t>(*vm->process_id), 0) == 0);
  EXPECT_TRUE(vm->started && vm->configuration_changed);
  ASSERT_TRUE(wait_until(10s, [&] { return host_->guests().find(machine_id)->connected(); }));
  const double adopt_time = milliseconds_since(begin);
  const auto first = ask(R"({"execute":"guest-ping"})");
  EXPECT_TRUE(first) << first.error().message;
  fmt::print("open {:.0f} ms, agent known after {:.0f} ms, first answer after {:.0f} ms\n", open_time, adopt_time,
             milliseconds_since(begin));
  EXPECT_LT(adopt_time, 2000);

  // Answers, errors of the agent, many callers.
  std::vector<double> times;
  for (int i = 0; i < 300; ++i) {
    begin = Clock::now();
    const auto pong = ask(R"({"execute":"guest-ping"})");
    ASSERT_TRUE(pong) << pong.error().message;
    EXPECT_EQ(*pong, R"({"return":{}})");
    times.push_back(milliseconds_since(begin));
  }
  std::sort(times.begin(), times.end());
  fmt::print("guest-ping through the transport: least {:.2f} ms, median {:.2f} ms, p99 {:.2f} ms\n", times[0],
             times[150], times[297]);
  const auto unknown = ask(R"({"execute":"guest-nonsense"})");
  ASSERT_TRUE(unknown) << unknown.error().message;
  EXPECT_NE(unknown->find(R"("class":"CommandNotFound")"), std::string::npos) << *unknown;
  const auto failed = ask(R"({"execute":"guest-file-open","arguments":{"path":"/no/such"}})");
  ASSERT_TRUE(failed);
  EXPECT_NE(failed->find(R"("class":"GenericError")"), std::string::npos) << *failed;
  const auto malformed = ask("no json");
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().kind, Failure::failed);
  std::vector<std::thread> callers;
  std::atomic<int> answered{0};
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 10; ++i) answered += ask(R"({"execute":"guest-ping"})", 30s) ? 1 : 0;
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(answered, 80);

  exchange_through_a_port();
  ports_nobody_holds_are_removed();

  // The agent stops for some seconds: every call returns by its deadline, and the next after that is right.
  run_in_guest("kill -STOP $PPID; sleep 6; kill -CONT $PPID");
  ASSERT_TRUE(agent_falls_silent());
  for (int i = 0; i < 3; ++i) {
    begin = Clock::now();
    const auto silent = ask(R"({"execute":"guest-ping"})", 500ms);
    EXPECT_LT(milliseconds_since(begin), 700);
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().kind, Failure::unreachable);
    EXPECT_NE(silent.error().message.find("has not answered for"), std::string::npos) << silent.error().message;
  }
  EXPECT_TRUE(wait_until(20s, [&] { return ask(R"({"execute":"guest-ping"})", 2s).has_value(); }));
  EXPECT_EQ(*ask(R"({"execute":"guest-ping"})"), R"({"return":{}})");

  // Paused by another client, resumed by us.
  ASSERT_EQ(virDomainSuspend(domain().get()), 0);
  ASSERT_TRUE(wait_until(5s, [&] { return host_->machines().find(machine_id)->power == PowerState::paused; }));
  const auto paused = ask(R"({"execute":"guest-ping"})");
  EXPECT_EQ(paused.error().kind, Failure::unreachable);
  EXPECT_NE(paused.error().message.find("paused"), std::string::npos);
  ASSERT_TRUE(host_->machines().start(machine_id));
  EXPECT_TRUE(ask(R"({"execute":"guest-ping"})"));

  // Saved, its settings changed, restored: the live copy follows the configuration.
  if (std::filesystem::exists("/usr/lib/libvirt/libvirt_iohelper")) {  // Debian: in package libvirt-daemon
    const auto connection_before = host_->guests().find(machine_id)->connection();
    ASSERT_EQ(virDomainManagedSave(domain().get(), 0), 0);
    ASSERT_TRUE(wait_until(5s, [&] { return host_->machines().find(machine_id)->power == PowerState::saved; }));
    EXPECT_EQ(ask(R"({"execute":"guest-ping"})").error().kind, Failure::invalid_state);
    ASSERT_TRUE(host_->machines().change_settings(
        machine_id, [](Settings& settings) { settings.guest_service_interface = false; }));
    begin = Clock::now();
    connecting_takes = 300;  // libvirt has let go of the domain meanwhile, and its XML has the agent already
    ASSERT_TRUE(host_->machines().start(machine_id));
    ASSERT_TRUE(wait_until(10s, [&] {
      host_->machines().change_settings(machine_id,
                                        [](Settings& settings) { settings.guest_service_interface = false; });
      return host_->guests().find(machine_id)->connected();
    }));
    EXPECT_TRUE(ask(R"({"execute":"guest-ping"})"));
    connecting_takes = 0;
    fmt::print("restored, agent answers after {:.0f} ms\n", milliseconds_since(begin));
    EXPECT_GT(host_->guests().find(machine_id)->connection(), connection_before);
    EXPECT_TRUE(wait_until(5s, [&] { return live_settings().guest_service_interface == false; }));
  }

  // The agent restarts: none is there before libvirt talks to the next one.
  const auto of_the_first = host_->guests().find(machine_id)->connection();
  connecting_takes = 300;
  run_in_guest("systemctl restart qemu-guest-agent");
  ASSERT_TRUE(wait_until(20s, [&] { return !host_->guests().find(machine_id)->connected(); }));
  ASSERT_TRUE(wait_until(20s, [&] {
    host_->machines().change_settings(
        machine_id, [](Settings& settings) { settings.heartbeat = !settings.heartbeat.value_or(true); });
    return host_->guests().find(machine_id)->connected();
  }));
  const auto of_the_next = ask(R"({"execute":"guest-ping"})");
  EXPECT_TRUE(of_the_next) << of_the_next.error().message;
  EXPECT_GT(host_->guests().find(machine_id)->connection(), of_the_first);
  connecting_takes = 0;

  // Destroyed in mid-call.
  run_in_guest("kill -STOP $PPID");
  ASSERT_TRUE(agent_falls_silent());
  auto in_flight = std::async(std::launch::async, [&] { return ask(R"({"execute":"guest-ping"})", 20s); });
  std::this_thread::sleep_for(300ms);
  begin = Clock::now();
  ASSERT_TRUE(host_->machines().turn_off(machine_id));
  fmt::print("turned off in {:.0f} ms\n", milliseconds_since(begin));
  const auto interrupted = in_flight.get();
  EXPECT_FALSE(interrupted);
  fmt::print("call in flight ended {:.0f} ms after the switch: {}\n", milliseconds_since(begin),
             interrupted.error().message);
  EXPECT_LT(milliseconds_since(begin), 5000);
  EXPECT_EQ(host_->machines().find(machine_id)->power, PowerState::off);
  EXPECT_FALSE(host_->guests().find(machine_id)->connected());

  // The host's end waits for no call.
  ASSERT_TRUE(host_->machines().start(machine_id));
  ASSERT_TRUE(wait_until(60s, [&] { return host_->guests().find(machine_id)->connected(); }));
  run_in_guest("kill -STOP $PPID");
  ASSERT_TRUE(agent_falls_silent());
  const auto transport = host_->guests().find(machine_id);
  auto hanging = std::async(std::launch::async,
                            [&] { return transport->command(R"({"execute":"guest-ping"})", Clock::now() + 60s); });
  std::this_thread::sleep_for(300ms);
  begin = Clock::now();
  host_.reset();
  EXPECT_FALSE(hanging.get());
  EXPECT_LT(milliseconds_since(begin), 1000);
  EXPECT_FALSE(transport->connected());
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt

/// Takes the place of the C library's: the embedded driver calls it in this process.
extern "C" int connect(int socket, const sockaddr* address, socklen_t length) {
  static const auto real = reinterpret_cast<int (*)(int, const sockaddr*, socklen_t)>(dlsym(RTLD_NEXT, "connect"));
  if (address->sa_family == AF_UNIX &&
      std::string_view(reinterpret_cast<const sockaddr_un*>(address)->sun_path).find("guest_agent") !=
          std::string_view::npos)
    std::this_thread::sleep_for(std::chrono::milliseconds(vmms::hypervisor::libvirt::connecting_takes));
  return real(socket, address, length);
}
