#include "hypervisor/simulator/host.hpp"

#include "guest/guest.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace vmms::hypervisor::simulator {
namespace {

using namespace std::chrono_literals;
using guest::Guest;
using guest::make_agent_guest;

Clock::time_point in(Clock::duration time) { return Clock::now() + time; }
Clock::time_point soon() { return in(30s); }

constexpr std::string_view services = R"(
[template.t]
state = "running"
[template.t.guest]
boot_milliseconds = 5
[[template.t.guest.service]]
name = "web"
state = "active"
aliases = ["www"]
[[template.t.guest.service]]
name = "db"
start_milliseconds = 3
[[template.t.guest.service]]
name = "fail"
start = "fail"
exit_status = 3
log = ["no such setting: colour"]
[[template.t.guest.service]]
name = "dies"
start = "dies"
[[template.t.guest.service]]
name = "hang"
start = "hang"
[[template.t.guest.service]]
name = "once"
type = "oneshot"
[[template.t.guest.service]]
name = "remains"
type = "oneshot"
remain_after_exit = true
[[template.t.guest.service]]
name = "stubborn"
state = "active"
ignores_stop = true
stop_milliseconds = 10
[[template.t.guest.service]]
name = "masked"
masked = true
[[template.t.guest.service]]
name = "worker@.service"
[[vm]]
name = "vm"
template = "t"
)";

class SimulatorTest : public testing::Test {
 protected:
  void make(std::string_view more = {}) {
    auto fleet = parse_description(std::string(services) + std::string(more), "test");
    ASSERT_TRUE(fleet.has_value()) << fleet.error().message;
    id_ = fleet->machines[0].id;
    host_ = std::make_unique<Simulator>(std::move(*fleet));
    guest_ = make_agent_guest(host_->guests().find(id_));
  }
  void SetUp() override { make(); }
  void TearDown() override { guest_.reset(); }

  auto start(std::string_view name) { return guest_->start_service(name, soon()); }
  auto stop(std::string_view name) { return guest_->stop_service(name, soon()); }
  auto start_async(std::string name) {
    return std::async(std::launch::async, [this, name] { return start(name); });
  }
  /// Waits until the guest is at work on the service.
  void await_starting(std::string_view name) {
    while (!guest_->service(name, soon())->starting()) std::this_thread::sleep_for(1ms);
  }
  template <class T>
  static Failure kind(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result.has_value() ? Failure::internal : result.error().kind;
  }

  std::string id_;
  std::unique_ptr<Simulator> host_;
  std::shared_ptr<Guest> guest_;
};

TEST_F(SimulatorTest, StartAndStopShowInStateAndList) {
  auto outcome = start("db");
  ASSERT_TRUE(outcome) << outcome.error().message;
  EXPECT_TRUE(outcome->service.started());
  EXPECT_GT(outcome->service.main_process_id, 0U);
  EXPECT_TRUE(outcome->service.state_changed);
  EXPECT_TRUE(guest_->service("db", soon())->started());
  EXPECT_TRUE((*guest_->services(soon()))->at("db.service").started());
  outcome = stop("db");
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->service.active_state, "inactive");
  EXPECT_FALSE((*guest_->services(soon()))->at("db.service").started());
}

TEST_F(SimulatorTest, EveryKindOfService) {
  EXPECT_EQ(start("web")->exit_status, 0U) << "it runs already";
  EXPECT_EQ(guest_->service("www", soon())->name, "web.service");

  const auto failed = start("fail");
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->exit_status, 1U);
  EXPECT_EQ(failed->service.active_state, "failed");
  EXPECT_EQ(failed->service.exit_status, 3U);
  EXPECT_EQ(failed->service.result, "exit-code");
  EXPECT_NE(failed->message.find("failed"), std::string::npos);
  ASSERT_FALSE(failed->log_lines.empty());
  EXPECT_EQ(failed->log_lines[0], "no such setting: colour");

  const auto died = start("dies");
  EXPECT_EQ(died->exit_status, 0U);
  EXPECT_EQ(died->service.active_state, "failed");

  const auto once = start("once");
  EXPECT_EQ(once->exit_status, 0U);
  EXPECT_EQ(once->service.active_state, "inactive");
  EXPECT_EQ(once->service.type, "oneshot");
  EXPECT_EQ(once->service.result, "success");
  EXPECT_EQ(start("remains")->service.sub_state, "exited");

  const auto masked = start("masked");
  EXPECT_EQ(masked->service.load_state, "masked");
  EXPECT_NE(masked->exit_status, 0U);

  const auto killed = stop("stubborn");
  EXPECT_EQ(killed->service.active_state, "failed");
  EXPECT_EQ(killed->service.result, "timeout");
  EXPECT_EQ(killed->service.exit_signal, 9U);

  EXPECT_EQ(kind(start("nosuch")), Failure::not_found);
  EXPECT_EQ(kind(stop("nosuch")), Failure::not_found);
  EXPECT_EQ(kind(guest_->service("nosuch", soon())), Failure::not_found);
}

TEST_F(SimulatorTest, TemplatesAreListedOnceInstantiated) {
  EXPECT_EQ(kind(start("worker@.service")), Failure::not_found);
  EXPECT_EQ(guest_->service("worker@7", soon())->active_state, "inactive");
  EXPECT_EQ((*guest_->services(soon()))->count("worker@7.service"), 0U);
  EXPECT_TRUE(start("worker@7")->service.started());
  EXPECT_EQ((*guest_->services(soon()))->count("worker@7.service"), 1U);
  EXPECT_TRUE(stop("worker@7"));
  EXPECT_EQ((*guest_->services(soon()))->count("worker@7.service"), 0U);
}

TEST_F(SimulatorTest, ListAndStateTellTheSame) {
  for (const char* name : {"db", "fail", "once", "worker@1"}) ASSERT_TRUE(start(name));
  ASSERT_TRUE(stop("db"));
  for (int round = 0; round < 2; ++round) {
    const auto list = guest_->services(soon());
    ASSERT_TRUE(list);
    EXPECT_EQ((*list)->size(), 10U);
    for (const auto& [name, listed] : **list) {
      const auto service = guest_->service(name, soon());
      ASSERT_TRUE(service) << name;
      EXPECT_EQ(service->active_state, listed.active_state) << name;
      EXPECT_EQ(service->result, listed.result) << name;
      EXPECT_EQ(service->main_process_id, listed.main_process_id) << name;
      EXPECT_EQ(service->exit_status, listed.exit_status) << name;
      EXPECT_EQ(service->state_changed, listed.state_changed) << name;
      EXPECT_EQ(service->description, listed.description) << name;
      EXPECT_EQ(service->unit_file_state, listed.unit_file_state) << name;
    }
    ASSERT_TRUE(start("once"));  // the second list is made with the first one's fingerprint
  }
}

TEST_F(SimulatorTest, AHangingStartTimesOutAndHoldsUpNobodyAndCanBeStopped) {
  EXPECT_EQ(kind(guest_->start_service("hang", in(30ms))), Failure::timed_out);
  EXPECT_TRUE(guest_->service("hang", soon())->starting());
  const auto begun = Clock::now();
  EXPECT_TRUE(start("db"));
  EXPECT_LT(Clock::now() - begun, 1s);
  const std::uint64_t commands = host_->simulated_guest(id_)->commands();
  auto canceled = start_async("hang");
  while (host_->simulated_guest(id_)->commands() == commands) std::this_thread::sleep_for(1ms);  // it has joined
  EXPECT_TRUE(stop("hang"));
  const auto outcome = canceled.get();
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->exit_status, 1U);
  EXPECT_NE(outcome->message.find("canceled"), std::string::npos);
  EXPECT_EQ(guest_->service("hang", soon())->active_state, "inactive");
}

TEST_F(SimulatorTest, AgentFallsSilentInMidCall) {
  auto starting = std::async(std::launch::async, [&] { return guest_->start_service("hang", in(300ms)); });
  await_starting("hang");
  host_->set_agent(id_, AgentState::silent);
  EXPECT_EQ(kind(starting.get()), Failure::timed_out);
  EXPECT_TRUE(host_->machines().find(id_)->agent_connected);
  host_->set_agent(id_, AgentState::connected);
  EXPECT_TRUE(start("db"));
}

TEST_F(SimulatorTest, AgentRestartsInMidCall) {
  auto starting = start_async("hang");
  await_starting("hang");
  host_->simulated_guest(id_)->restart_agent();
  EXPECT_EQ(kind(starting.get()), Failure::unreachable);
  EXPECT_TRUE(guest_->service("hang", soon())->starting()) << "the guest goes on";
  EXPECT_TRUE(start("db"));
}

TEST_F(SimulatorTest, AgentGoesAndComes) {
  host_->set_agent(id_, AgentState::none);
  EXPECT_FALSE(host_->machines().find(id_)->agent_connected);
  EXPECT_EQ(kind(start("db")), Failure::not_supported);
  host_->set_agent(id_, AgentState::connected);
  EXPECT_TRUE(host_->machines().find(id_)->agent_connected);
  EXPECT_TRUE(start("db"));
}

TEST_F(SimulatorTest, VmDiesInMidCall) {
  auto starting = start_async("hang");
  await_starting("hang");
  host_->set_power(id_, PowerState::off);
  EXPECT_EQ(kind(starting.get()), Failure::invalid_state);
  EXPECT_EQ(host_->machines().find(id_)->power, PowerState::off);
  EXPECT_FALSE(host_->machines().find(id_)->agent_connected);
}

TEST_F(SimulatorTest, VmDiesWhileItsAgentIsSilent) {
  host_->set_agent(id_, AgentState::silent);
  auto asking = std::async(std::launch::async, [&] { return guest_->ping(soon()); });
  while (host_->simulated_guest(id_)->commands() == 0) std::this_thread::sleep_for(1ms);
  const auto begun = Clock::now();
  host_->remove(id_);
  EXPECT_EQ(asking.get().error().kind, Failure::invalid_state);
  EXPECT_LT(Clock::now() - begun, 1s);
  EXPECT_EQ(host_->machines().find(id_), nullptr);
  EXPECT_EQ(host_->guests().find(id_), nullptr);
}

TEST_F(SimulatorTest, PausedAndFrozenGuestsAreUnreachable) {
  host_->set_power(id_, PowerState::paused);
  EXPECT_EQ(host_->guests().find(id_)->command(R"({"execute":"guest-ping"})", soon()).error().kind,
            Failure::unreachable);
  EXPECT_TRUE(host_->machines().start(id_));
  EXPECT_TRUE(start("db"));
  host_->simulated_guest(id_)->set_frozen(true);
  const auto frozen = stop("db");
  EXPECT_EQ(kind(frozen), Failure::unreachable);
  EXPECT_NE(frozen.error().message.find("frozen"), std::string::npos);
  host_->simulated_guest(id_)->set_frozen(false);
  EXPECT_TRUE(stop("db"));
}

TEST_F(SimulatorTest, PowerCycleBootsTheGuestAnew) {
  ASSERT_TRUE(start("db"));
  std::promise<void> connected;
  std::atomic<bool> told{false};
  host_->machines().listen([&](const VirtualMachinePtr& before, const VirtualMachinePtr& after) {
    if (before && after && !before->agent_connected && after->agent_connected && !told.exchange(true))
      connected.set_value();
  });
  EXPECT_TRUE(host_->machines().turn_off(id_));
  EXPECT_EQ(host_->machines().turn_off(id_).error().kind, Failure::invalid_state);
  EXPECT_FALSE(host_->machines().find(id_)->started);
  EXPECT_EQ(kind(start("db")), Failure::invalid_state);
  EXPECT_TRUE(host_->machines().start(id_));
  EXPECT_EQ(host_->machines().start(id_).error().kind, Failure::invalid_state);
  ASSERT_EQ(connected.get_future().wait_for(10s), std::future_status::ready);
  EXPECT_TRUE(host_->machines().find(id_)->started);
  EXPECT_EQ(guest_->service("db", soon())->active_state, "inactive");
  EXPECT_TRUE(guest_->service("web", soon())->started());
}

TEST_F(SimulatorTest, FaultsOfTheVm) {
  make("[[vm]]\nname='faulty'\nfaults=['start']\n[[vm]]\nname='stuck'\nstate='running'\nfaults=['turn_off']\n");
  for (const auto& machine : host_->machines().list("", 10)) {
    const bool stuck = machine->power == PowerState::running && machine->name == "stuck";
    if (machine->name == "vm") continue;
    EXPECT_EQ((stuck ? host_->machines().turn_off(machine->id) : host_->machines().start(machine->id)).error().kind,
              Failure::failed);
  }
  EXPECT_EQ(host_->machines().start("none").error().kind, Failure::not_found);
  EXPECT_EQ(host_->machines().turn_off("none").error().kind, Failure::not_found);
  EXPECT_EQ(host_->guests().find("none"), nullptr);
}

TEST_F(SimulatorTest, SettingsAreInTheRecordWhenTheCallReturns) {
  const auto before = host_->machines().find(id_);
  EXPECT_TRUE(
      host_->machines().change_settings(id_, [](Settings& settings) { settings.guest_service_interface = true; }));
  EXPECT_EQ(host_->machines().find(id_)->settings.guest_service_interface, true);
  EXPECT_FALSE(before->settings.guest_service_interface);
  EXPECT_EQ(host_->machines().change_settings("none", [](Settings&) {}).error().kind, Failure::not_found);
}

TEST_F(SimulatorTest, AgentsThatForbidAndManagersThatAreNotThere) {
  make(R"(
[[vm]]
name = "forbids"
template = "t"
guest = { forbids = ["guest-exec"] }
[[vm]]
name = "none"
template = "t"
guest = { agent = "none" }
[[vm]]
name = "other"
template = "t"
guest = { service_manager = "none" }
[[vm]]
name = "windows"
template = "t"
guest = { os = { id = "mswindows", name = "Windows" } }
[[vm]]
name = "late"
template = "t"
guest = { service_manager = "starting", starting_milliseconds = 50 }
)");
  for (const auto& machine : host_->machines().list("", 10)) {
    const auto guest = make_agent_guest(host_->guests().find(machine->id));
    const auto started = guest->start_service("db", soon());
    if (machine->name == "vm" || machine->name == "late") {
      EXPECT_TRUE(started.has_value()) << machine->name;
    } else {
      EXPECT_EQ(kind(started), Failure::not_supported) << machine->name;
    }
  }
}

TEST_F(SimulatorTest, LatencyIsOfEachCommand) {
  host_->simulated_guest(id_)->set_latency(20ms);
  const auto begun = Clock::now();
  EXPECT_TRUE(guest_->ping(soon()));
  EXPECT_GE(Clock::now() - begun, 20ms);
  EXPECT_EQ(guest_->ping(in(5ms)).error().kind, Failure::timed_out);
}

TEST_F(SimulatorTest, HostileCommandsAreAnswered) {
  const auto transport = host_->guests().find(id_);
  for (const char* json : {"", "{", "[]", "{}", R"({"execute":7})", R"({"execute":"guest-suspend-hybrid"})",
                           R"({"execute":"guest-exec"})", R"({"execute":"guest-exec","arguments":{"path":"/bin/sh"}})",
                           R"({"execute":"guest-exec-status","arguments":{"pid":"x"}})",
                           R"({"execute":"guest-exec","arguments":{"path":"/bin/sh","arg":[1,2,3,4]}})"}) {
    const auto answer = transport->command(json, soon());
    ASSERT_TRUE(answer.has_value()) << json;
    EXPECT_EQ(answer->front(), '{');
  }
}

TEST_F(SimulatorTest, ManyClientsAtOnce) {
  std::vector<std::future<void>> clients;
  for (int client = 0; client < 8; ++client)
    clients.push_back(std::async(std::launch::async, [&, name = "worker@" + std::to_string(client)] {
      for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(start(name)->service.started());
        EXPECT_FALSE(stop(name)->service.started());
        EXPECT_TRUE(start("db"));
        EXPECT_TRUE(guest_->services(soon()));
      }
    }));
  for (auto& client : clients) client.get();
}

TEST(SimulatorScale, TenThousandVmsLoadQuickly) {
  auto fleet = parse_description(std::string(services) + "[[fleet]]\nprefix='f'\ncount=10000\ntemplate='t'\n", "test");
  ASSERT_TRUE(fleet.has_value());
  Simulator host(std::move(*fleet));
  EXPECT_EQ(host.machines().list("", 20000).size(), 10001U);
}

}  // namespace
}  // namespace vmms::hypervisor::simulator
