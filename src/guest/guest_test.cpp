#include "guest/guest.hpp"

#include "guest/services/recent_lists.hpp"
#include "guest/services/systemd.hpp"
#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

const std::string start_script(systemd_start_script);
const std::string stop_script(systemd_stop_script);
const std::string state_script(systemd_state_script);
const std::string list_script(systemd_list_script);

Clock::time_point in(Clock::duration time) { return Clock::now() + time; }
Clock::time_point soon() { return in(30s); }

std::string shown(const std::string& name, const std::string& active) {
  return "Id=" + name + "\nNames=" + name + "\nLoadState=loaded\nActiveState=" + active + "\nType=simple\n";
}

class GuestTest : public testing::Test {
 protected:
  GuestTest() {
    transport_->reply(start_script, {0, "ExitStatus=0\n" + shown("a.service", "active") + "\n", ""});
    transport_->reply(stop_script, {0, "ExitStatus=0\n" + shown("a.service", "inactive") + "\n", ""});
    transport_->reply(state_script, {0, shown("a.service", "active"), ""});
    transport_->reply(list_script,
                      {0, "Fingerprint=7 8\n" + shown("a.service", "active") + "\nUnitFiles=a.service \n", ""});
  }
  auto start_async(Clock::duration time) {
    return std::async(std::launch::async, [this, time] { return guest_->start_service("a", in(time)); });
  }
  auto stop_async() {
    return std::async(std::launch::async, [this] { return guest_->stop_service("a", soon()); });
  }
  template <class T>
  static Failure kind(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result.has_value() ? Failure::internal : result.error().kind;
  }

  std::shared_ptr<FakeAgent> transport_ = std::make_shared<FakeAgent>();
  std::shared_ptr<Guest> guest_ = make_agent_guest(transport_);
};

TEST_F(GuestTest, CapabilitiesAreLearntOncePerConnection) {
  EXPECT_EQ(guest_->known_capabilities(), nullptr);
  const auto capabilities = guest_->capabilities(soon());
  ASSERT_TRUE(capabilities) << capabilities.error().message;
  EXPECT_EQ(capabilities->service_manager, "systemd");
  EXPECT_EQ(capabilities->os_id, "debian");
  EXPECT_EQ(capabilities->os_version, "12");
  EXPECT_TRUE(capabilities->can_execute);
  EXPECT_TRUE(capabilities->can_freeze);
  EXPECT_TRUE(capabilities->forbidden.empty());
  ASSERT_NE(guest_->known_capabilities(), nullptr);
  const std::size_t commands = transport_->commands();
  EXPECT_TRUE(guest_->capabilities(soon()));
  EXPECT_EQ(transport_->commands(), commands);

  transport_->restart();
  transport_->forbid("guest-file-write");
  EXPECT_EQ(guest_->known_capabilities(), nullptr);
  const auto anew = guest_->capabilities(soon());
  EXPECT_FALSE(anew->can_write_files);
  EXPECT_EQ(anew->forbidden, "guest-file-write");
}

TEST_F(GuestTest, StartAndStopAreTwoAgentCommandsEach) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  const std::size_t commands = transport_->commands();
  const auto started = guest_->start_service("a", soon());
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(started->service.started());
  EXPECT_EQ(transport_->commands(), commands + 2);
  const auto stopped = guest_->stop_service("a.service", soon());
  ASSERT_TRUE(stopped);
  EXPECT_FALSE(stopped->service.started());
  ASSERT_EQ(transport_->runs(start_script).size(), 1U);
  EXPECT_EQ(transport_->runs(start_script)[0].parameters[0], "a.service");
}

TEST_F(GuestTest, ImpossibleNamesNeverReachTheGuest) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  const std::size_t commands = transport_->commands();
  for (const char* name : {"a/b", "-h", "x@.service", "a b", "", "x.socket", "$(reboot)"}) {
    EXPECT_EQ(kind(guest_->start_service(name, soon())), Failure::not_found);
    EXPECT_EQ(kind(guest_->stop_service(name, soon())), Failure::not_found);
    EXPECT_EQ(kind(guest_->service(name, soon())), Failure::not_found);
  }
  EXPECT_EQ(transport_->commands(), commands);
}

TEST_F(GuestTest, WithoutAnAgentNothingIsSupported) {
  transport_->set_connected(false);
  EXPECT_EQ(kind(guest_->start_service("a", soon())), Failure::not_supported);
  EXPECT_EQ(kind(guest_->services(soon())), Failure::not_supported);
  EXPECT_EQ(kind(guest_->capabilities(soon())), Failure::not_supported);
  EXPECT_FALSE(guest_->ping(soon()));
  transport_->set_connected(true);
  EXPECT_TRUE(guest_->ping(soon()));
  EXPECT_TRUE(guest_->start_service("a", soon()));
}

TEST_F(GuestTest, AnAgentThatForbidsIsNotSupported) {
  transport_->forbid("guest-exec");
  const auto capabilities = guest_->capabilities(soon());
  ASSERT_TRUE(capabilities);
  EXPECT_FALSE(capabilities->can_execute);
  EXPECT_EQ(capabilities->forbidden, "guest-exec");
  const auto started = guest_->start_service("a", soon());
  EXPECT_EQ(kind(started), Failure::not_supported);
  EXPECT_NE(started.error().message.find("guest-exec"), std::string::npos);
  EXPECT_NE(started.error().message.find("qemu-ga.conf"), std::string::npos);
}

TEST_F(GuestTest, AnotherServiceManagerIsNotSupportedAndNamed) {
  transport_->reply("vmms-discovery", {0, "Init=runit\n", ""});
  const auto started = guest_->start_service("a", soon());
  EXPECT_EQ(kind(started), Failure::not_supported);
  EXPECT_NE(started.error().message.find("runit"), std::string::npos);
  EXPECT_TRUE(guest_->capabilities(soon())->service_manager.empty());
  EXPECT_EQ(transport_->runs("vmms-discovery").size(), 1U);
}

TEST_F(GuestTest, OpenRcAndSysvInitAreFound) {
  transport_->reply("vmms-discovery", {0, "Init=openrc-init\nManager=openrc\n", ""});
  transport_->reply("vmms-openrc-start", {0, "ExitStatus=0\nName=a\nState=started\nMode=enabled\nProcess=7\n\n", ""});
  auto started = guest_->start_service("a", soon());
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_TRUE(started->service.started());
  EXPECT_EQ(guest_->known_capabilities()->service_manager, "OpenRC");

  transport_->restart();
  transport_->reply("vmms-discovery", {0, "Init=init\nManager=sysvinit\n", ""});
  transport_->reply("vmms-sysvinit-start",
                    {0, "ExitStatus=3\nName=a\nState=stopped\nMode=disabled\nProcess=0\n\n", ""});
  started = guest_->start_service("a", soon());
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->service.exit_status, 3U);
}

TEST_F(GuestTest, StartModes) {
  transport_->reply("vmms-systemd-mode",
                    {0, "ExitStatus=0\n" + shown("a.service", "inactive") + "UnitFileState=masked\n\n", ""});
  ASSERT_TRUE(guest_->services(soon()));
  const auto changed = guest_->change_start_mode("a", StartMode::disabled, soon());
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->service.start_mode(), StartMode::disabled);
  EXPECT_EQ(transport_->runs("vmms-systemd-mode").at(0).parameters.at(2), "mask");
  EXPECT_TRUE(guest_->services(soon()));
  EXPECT_EQ(transport_->runs(list_script).size(), 2U) << "what was read before is void";
  EXPECT_EQ(kind(guest_->change_start_mode("a/b", StartMode::manual, soon())), Failure::not_found);

  transport_->hold("vmms-systemd-mode");
  EXPECT_EQ(kind(guest_->change_start_mode("a", StartMode::manual, in(50ms))), Failure::timed_out);
}

constexpr const char* confined_context = "Init=systemd\nContext=system_u:system_r:virt_qemu_ga_t:s0\nManager=systemd\n";

TEST_F(GuestTest, SelinuxThatKeepsTheAgentFromSystemdIsNamedWithItsBoolean) {
  transport_->reply("vmms-discovery", {1, confined_context, "Failed to get properties: Access denied"});
  const auto started = guest_->start_service("a", soon());
  EXPECT_EQ(kind(started), Failure::not_supported);
  EXPECT_NE(started.error().message.find("virt_qemu_ga_run_unconfined"), std::string::npos) << started.error().message;
  EXPECT_NE(guest_->known_capabilities()->reason.find("virt_qemu_ga_run_unconfined"), std::string::npos);
}

TEST_F(GuestTest, SelinuxThatDeniesAStartIsNamedWithItsBoolean) {
  transport_->reply("vmms-discovery", {0, std::string(confined_context) + "Version=257\n", ""});
  transport_->reply(start_script,
                    {0, "ExitStatus=4\n" + shown("a.service", "inactive") + "\n", "Failed to start a: Access denied"});
  const auto started = guest_->start_service("a", soon());
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_NE(started->message.find("virt_qemu_ga_run_unconfined"), std::string::npos) << started->message;
  EXPECT_FALSE(guest_->known_capabilities()->confinement.empty());
}

TEST_F(GuestTest, SelinuxThatForbidsEvenAShellIsNamedWithItsBoolean) {
  transport_->answer_with(
      "guest-exec",
      R"({"error": {"class": "GenericError", "desc": "Guest agent command failed, error was 'Failed to execute child process \u201c/bin/sh\u201d (Permission denied)'"}})");
  const auto started = guest_->start_service("a", soon());
  EXPECT_EQ(kind(started), Failure::not_supported);
  EXPECT_NE(started.error().message.find("virt_qemu_ga_run_unconfined"), std::string::npos) << started.error().message;
}

TEST_F(GuestTest, WithoutConfinementADenialIsTheGuestsOwnMatter) {
  transport_->reply(start_script,
                    {0, "ExitStatus=4\n" + shown("a.service", "inactive") + "\n", "Failed to start a: Access denied"});
  EXPECT_EQ(guest_->start_service("a", soon())->message, "Failed to start a: Access denied");
}

TEST_F(GuestTest, AGuestThatIsStartingIsWaitedFor) {
  transport_->reply("vmms-discovery", {1, "Init=systemd\nManager=systemd\n", "Failed to connect to bus"});
  auto starting = start_async(30s);
  transport_->await_run("vmms-discovery");
  transport_->reply("vmms-discovery", {0, "Init=systemd\nManager=systemd\nVersion=252\n", ""});
  EXPECT_TRUE(starting.get());
}

TEST_F(GuestTest, AGuestThatStaysStartingIsUnreachableAndNotRemembered) {
  transport_->reply("vmms-discovery", {1, "Init=systemd\nManager=systemd\n", "Failed to connect to bus"});
  const auto started = guest_->start_service("a", in(400ms));
  EXPECT_EQ(kind(started), Failure::unreachable);
  EXPECT_NE(started.error().message.find("still starting"), std::string::npos);
  transport_->reply("vmms-discovery", {0, "Init=systemd\nManager=systemd\nVersion=252\n", ""});
  EXPECT_TRUE(guest_->start_service("a", soon()));
}

TEST_F(GuestTest, FrozenFileSystemsAreSaidAndForgotten) {
  transport_->set_frozen(true);
  auto started = guest_->start_service("a", soon());
  EXPECT_EQ(kind(started), Failure::unreachable);
  EXPECT_NE(started.error().message.find("frozen"), std::string::npos);
  EXPECT_TRUE(guest_->ping(soon()));
  transport_->set_frozen(false);
  EXPECT_TRUE(guest_->start_service("a", soon()));
  transport_->set_frozen(true);
  started = guest_->start_service("a", soon());
  EXPECT_EQ(kind(started), Failure::unreachable);
  EXPECT_NE(started.error().message.find("frozen"), std::string::npos);
}

TEST_F(GuestTest, ASilentAgentIsFoundWithinFiveSeconds) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->set_silent(true);
  const auto begun = Clock::now();
  auto state = std::async(std::launch::async, [&] { return guest_->service("a", in(60s)); });
  auto list = std::async(std::launch::async, [&] { return guest_->services(in(60s)); });
  auto alive = std::async(std::launch::async, [&] { return guest_->ping(in(60s)); });
  const auto started = guest_->start_service("a", in(60s));
  EXPECT_EQ(kind(started), Failure::unreachable);
  EXPECT_EQ(kind(state.get()), Failure::unreachable);
  EXPECT_EQ(kind(list.get()), Failure::unreachable);
  EXPECT_EQ(alive.get().error().kind, Failure::unreachable);
  EXPECT_LT(Clock::now() - begun, 5s);
  transport_->set_silent(false);
  EXPECT_TRUE(guest_->start_service("a", soon()));
}

TEST_F(GuestTest, WhoLeavesASilentAgentBeforeItIsFoundIsToldThatItSaidNothing) {
  const auto says_so = [this](const auto& result) {
    EXPECT_EQ(kind(result), Failure::timed_out);
    if (!result) {
      EXPECT_EQ(result.error().message.rfind("the guest agent has not answered for ", 0), 0U) << result.error().message;
    }
  };
  transport_->set_silent(true);
  says_so(guest_->start_service("a", in(900ms)));  // its service manager is not known yet
  transport_->set_silent(false);
  ASSERT_TRUE(guest_->service("a", soon()));
  transport_->set_silent(true);
  says_so(guest_->start_service("b", in(900ms)));
  says_so(guest_->services(in(900ms)));
  transport_->set_silent(false);
  transport_->hold(start_script);
  const auto started = guest_->start_service("c", in(900ms));
  EXPECT_EQ(kind(started), Failure::timed_out);
  if (!started) {
    EXPECT_EQ(started.error().message.rfind("the deadline passed", 0), 0U) << "the agent answers all the time";
  }
  transport_->release(start_script);
}

TEST_F(GuestTest, ASecondStartJoinsTheFirst) {
  transport_->hold(start_script);
  std::vector<std::future<Result<ServiceOutcome>>> starts;
  for (int i = 0; i < 8; ++i) starts.push_back(start_async(30s));
  transport_->await_run(start_script);
  std::this_thread::sleep_for(20ms);
  transport_->release(start_script);
  for (auto& start : starts) EXPECT_TRUE(start.get()->service.started());
  EXPECT_EQ(transport_->runs(start_script).size(), 1U);
}

TEST_F(GuestTest, WhoseDeadlinePassesLeavesTheOthersToIt) {
  transport_->hold(start_script);
  auto hasty = start_async(100ms);
  transport_->await_run(start_script);
  auto patient = start_async(30s);
  const auto left = hasty.get();
  EXPECT_EQ(kind(left), Failure::timed_out);
  EXPECT_NE(left.error().message.find("the guest goes on"), std::string::npos);
  transport_->release(start_script);
  EXPECT_TRUE(patient.get()->service.started());
  EXPECT_EQ(transport_->runs(start_script).size(), 1U);
}

TEST_F(GuestTest, AStartThatEverybodyLeftIsJoinedWhileItRuns) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->hold(start_script);
  EXPECT_EQ(kind(guest_->start_service("a", in(50ms))), Failure::timed_out);
  EXPECT_EQ(kind(guest_->start_service("a", in(50ms))), Failure::timed_out);
  auto joined = start_async(30s);
  std::this_thread::sleep_for(20ms);
  transport_->release(start_script);
  EXPECT_TRUE(joined.get());
  EXPECT_EQ(transport_->runs(start_script).size(), 1U);
}

TEST_F(GuestTest, AStartThatEndedUnseenIsNotTakenForANewOne) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->hold(start_script);
  EXPECT_EQ(kind(guest_->start_service("a", in(50ms))), Failure::timed_out);
  transport_->release(start_script);
  EXPECT_TRUE(guest_->start_service("a", soon()));
  EXPECT_EQ(transport_->runs(start_script).size(), 2U);
}

TEST_F(GuestTest, StopFollowsStartInOrder) {
  transport_->hold(start_script);
  auto starting = start_async(30s);
  transport_->await_run(start_script);
  auto stopping = stop_async();
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(transport_->runs(stop_script).empty());
  transport_->release(start_script);
  EXPECT_TRUE(starting.get());
  EXPECT_TRUE(stopping.get());
  EXPECT_EQ(transport_->runs(stop_script).size(), 1U);
}

TEST_F(GuestTest, AStartThatHangsCanBeStopped) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->hold(start_script);
  auto starting = start_async(30s);
  transport_->await_run(start_script);
  const auto begun = Clock::now();
  EXPECT_TRUE(guest_->stop_service("a", soon()));
  EXPECT_LT(Clock::now() - begun, 3s);
  // A start now is a new one: the first was overtaken by the stop.
  auto again = start_async(30s);
  transport_->await_run(start_script, 2);
  transport_->release(start_script);
  EXPECT_TRUE(starting.get());
  EXPECT_TRUE(again.get());
}

TEST_F(GuestTest, AnAgentRestartedInMidCallIsUnreachableAndTheNextCallRight) {
  transport_->hold(start_script);
  auto starting = start_async(30s);
  transport_->await_run(start_script);
  transport_->restart();
  const auto started = starting.get();
  EXPECT_EQ(kind(started), Failure::unreachable);
  EXPECT_NE(started.error().message.find("restarted"), std::string::npos);
  transport_->release(start_script);
  EXPECT_TRUE(guest_->start_service("a", soon()));
}

TEST_F(GuestTest, ServicesAreSharedAndKeptForAWhile) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->hold(list_script);
  std::vector<std::future<Result<std::shared_ptr<const std::map<std::string, Service>>>>> lists;
  for (int i = 0; i < 8; ++i) lists.push_back(std::async(std::launch::async, [&] { return guest_->services(soon()); }));
  transport_->await_run(list_script);
  std::this_thread::sleep_for(20ms);
  transport_->release(list_script);
  for (auto& list : lists) EXPECT_EQ((*list.get())->size(), 1U);
  EXPECT_TRUE(guest_->services(soon()));
  EXPECT_EQ(transport_->runs(list_script).size(), 1U);
  EXPECT_EQ(transport_->runs(list_script)[0].parameters[0], "");
}

TEST_F(GuestTest, AListIsAsOldAsItsStatesNotAsItsScript) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  const auto list = [](const std::string& after) {
    return FakeAgent::Reply{0,
                            "Fingerprint=7 8\nAfter=" + after + "\nStates:\na.service loaded active running -\n\n" +
                                shown("a.service", "active") + "\nUnitFiles=a.service \n",
                            ""};
  };
  const auto read_slowly = [&] {
    const std::size_t runs = transport_->runs(list_script).size();
    transport_->hold(list_script);
    auto first = std::async(std::launch::async, [&] { return guest_->services(soon()); });
    transport_->await_run(list_script, runs + 1);
    std::this_thread::sleep_for(1200ms);
    auto late = std::async(std::launch::async, [&] { return guest_->services(soon()); });
    std::this_thread::sleep_for(20ms);
    transport_->release(list_script);
    EXPECT_TRUE(first.get());
    EXPECT_TRUE(late.get());
    return transport_->runs(list_script).size() - runs;
  };
  transport_->reply(list_script, list("115"));
  EXPECT_EQ(read_slowly(), 1U) << "who came late got states that are new enough";
  EXPECT_TRUE(guest_->services(soon()));
  EXPECT_EQ(transport_->runs(list_script).size(), 1U);
  std::this_thread::sleep_for(1100ms);
  transport_->reply(list_script, list("2"));
  EXPECT_EQ(read_slowly(), 2U) << "they were read at the beginning";
}

TEST_F(GuestTest, StatesThatCameLateAreReadOnceMore) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  const auto runs_of_a_slow_list = [&](const std::string& after) {
    transport_->reply(list_script, {0,
                                    "Fingerprint=7 8\n" + after + "States:\na.service loaded active running -\n\n" +
                                        shown("a.service", "active") + "\nUnitFiles=a.service \n",
                                    ""});
    const std::size_t runs = transport_->runs(list_script).size();
    transport_->hold(list_script);
    auto list = std::async(std::launch::async, [&] { return guest_->services(soon()); });
    transport_->await_run(list_script, runs + 1);
    std::this_thread::sleep_for(1200ms);
    transport_->release(list_script);
    EXPECT_TRUE(list.get());
    return transport_->runs(list_script).size() - runs;
  };
  EXPECT_EQ(runs_of_a_slow_list("After=2\n"), 2U);
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(runs_of_a_slow_list(""), 1U) << "a service manager that says nothing of it is not asked twice";
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(runs_of_a_slow_list("After=2\nEnded=9\n"), 1U) << "the guest began late";
  std::this_thread::sleep_for(1100ms);
  EXPECT_EQ(runs_of_a_slow_list("After=2\nEnded=119\n"), 2U);
}

TEST_F(GuestTest, PagesThatFollowASlowListAreOfTheSame) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->hold(list_script);
  auto list = std::async(std::launch::async, [&] { return guest_->services(soon()); });
  transport_->await_run(list_script);
  std::this_thread::sleep_for(700ms);
  transport_->release(list_script);
  ASSERT_TRUE(list.get());
  EXPECT_TRUE(guest_->services(soon(), Guest::Page::further));
  EXPECT_EQ(transport_->runs(list_script).size(), 1U);
  EXPECT_TRUE(guest_->services(soon()));
  EXPECT_EQ(transport_->runs(list_script).size(), 2U) << "who polls wants to know what is new";
  std::this_thread::sleep_for(1100ms);
  EXPECT_TRUE(guest_->services(soon(), Guest::Page::further));
  EXPECT_EQ(transport_->runs(list_script).size(), 3U);
}

TEST_F(GuestTest, OurOwnStartVoidsWhatWasRead) {
  ASSERT_TRUE(guest_->services(soon()));
  ASSERT_TRUE(guest_->start_service("a", soon()));
  EXPECT_TRUE(guest_->services(soon()));
  const auto runs = transport_->runs(list_script);
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[1].parameters[0], "7 8") << "the guest is asked for what changed only";
}

TEST_F(GuestTest, AStateReadBeforeAStartIsNotGivenToWhoAsksAfterIt) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->hold(state_script);
  auto before = std::async(std::launch::async, [&] { return guest_->service("a", soon()); });
  transport_->await_run(state_script);
  ASSERT_TRUE(guest_->start_service("a", soon()));
  auto after = std::async(std::launch::async, [&] { return guest_->service("a", soon()); });
  transport_->await_run(state_script, 2);
  transport_->release(state_script);
  EXPECT_TRUE(before.get());
  EXPECT_TRUE(after.get());
}

TEST_F(GuestTest, TooManyStartsAtOnceAreRefused) {
  ASSERT_TRUE(guest_->capabilities(soon()));
  transport_->hold(start_script);
  for (int i = 0; i < 64; ++i)
    EXPECT_EQ(kind(guest_->start_service("unit" + std::to_string(i), in(5ms))), Failure::timed_out);
  EXPECT_EQ(kind(guest_->start_service("one-more", soon())), Failure::busy);
}

TEST_F(GuestTest, ItsListsAreChargedAsLongAsTheyLive) {
  Ledger ledger;
  const AccountPtr account = ledger.account(Ledger::Payer::machine, "VM");
  std::string many = "Fingerprint=7 8\n";
  for (int i = 0; i < 500; ++i) many += shown("s" + std::to_string(i) + ".service", "active") + "\n";
  transport_->reply(list_script, {0, many + "UnitFiles=s1.service \n", ""});
  guest_ = make_agent_guest(transport_, {}, account);
  {
    const auto services = guest_->services(soon());
    ASSERT_TRUE(services) << services.error().message;
    EXPECT_GT(account->bytes(), 500 * sizeof(Service));
    EXPECT_LT(account->bytes(), 1000 * sizeof(Service));
  }
  guest_.reset();
  recent_lists().keep(this, nullptr, RecentLists::most_bytes);
  recent_lists().keep(this, nullptr, 0);
  EXPECT_EQ(account->bytes(), 0U);
}

TEST_F(GuestTest, AListBeyondItsAccountIsRefused) {
  Ledger::Options options;
  options.bytes_of_machine = 64U << 10;
  Ledger ledger(options);
  const AccountPtr account = ledger.account(Ledger::Payer::machine, "VM");
  std::string many = "Fingerprint=7 8\n";
  for (int i = 0; i < 500; ++i) many += shown("s" + std::to_string(i) + ".service", "active") + "\n";
  transport_->reply(list_script, {0, many + "UnitFiles=s1.service \n", ""});
  guest_ = make_agent_guest(transport_, {}, account);
  const auto services = guest_->services(soon());
  ASSERT_FALSE(services);
  EXPECT_EQ(account->bytes(), 0U);
  // What is small goes on.
  EXPECT_TRUE(guest_->service("a", soon()));
}

TEST_F(GuestTest, AListWithoutMeasureIsRefused) {
  std::string many = "Fingerprint=7 8\n";
  for (int i = 0; i < 19'900; ++i)
    many += "Id=" + std::string(215, 's') + std::to_string(i) + ".service\nLoadState=loaded\nActiveState=active\n\n";
  transport_->reply(list_script, {0, many + "UnitFiles=\n", ""});
  const auto services = guest_->services(soon());
  ASSERT_FALSE(services);
  EXPECT_EQ(services.error().kind, Failure::failed);
  EXPECT_NE(services.error().message.find("19900 services"), std::string::npos) << services.error().message;
}

TEST(RecentLists, KeepOneOfEachGuestAndABoundOnAll) {
  RecentLists lists;
  const auto list = [] { return std::make_shared<const ServiceList>(); };
  const int guests[3] = {};
  std::weak_ptr<const ServiceList> first;
  {
    const auto one = list();
    first = one;
    lists.keep(&guests[0], one, 1000);
  }
  EXPECT_FALSE(first.expired());
  lists.keep(&guests[0], list(), 2000);
  EXPECT_TRUE(first.expired()) << "a guest's newer list takes the place of its older one";
  EXPECT_EQ(lists.bytes(), 2000U);
  lists.keep(&guests[1], list(), RecentLists::most_bytes - 1000);
  EXPECT_EQ(lists.bytes(), RecentLists::most_bytes - 1000);
  lists.keep(&guests[2], list(), 2 * RecentLists::most_bytes);
  EXPECT_EQ(lists.bytes(), 2 * RecentLists::most_bytes) << "the newest alone is kept, whatever it takes";
}

}  // namespace
}  // namespace vmms::guest
