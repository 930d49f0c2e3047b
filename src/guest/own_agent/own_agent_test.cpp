// Bringing our own agent into a guest, and services with and without it. The test plays the guest.
#include "guest/own_agent/own_agent.hpp"

#include "guest/guest.hpp"
#include "guest/services/systemd.hpp"
#include "guest/testing/guest_with_ports.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;
namespace protocol = guest::protocol;

Clock::time_point soon() { return Clock::now() + 30s; }

std::string shown(const std::string& name, const std::string& active) {
  return "Id=" + name + "\nNames=" + name + "\nLoadState=loaded\nActiveState=" + active + "\nType=exec\n";
}

class OwnAgentTest : public testing::Test {
 protected:
  OwnAgentTest() {
    transport_->reply(std::string(own_agent_look_script), {0, "Directory=/run/vmms\n", ""});
    transport_->reply(std::string(systemd_start_script),
                      {0, "ExitStatus=0\n" + shown("a.service", "active") + "\n", ""});
    transport_->reply(std::string(systemd_stop_script),
                      {0, "ExitStatus=0\n" + shown("a.service", "inactive") + "\n", ""});
    transport_->reply(std::string(systemd_state_script), {0, shown("a.service", "active"), ""});
    transport_->reply(std::string(systemd_list_script),
                      {0, "Fingerprint=7 8\n" + shown("a.service", "active") + "\nUnitFiles=a.service \n", ""});
  }
  void start() {
    const auto outcome = guest_->start_service("a", soon());
    ASSERT_TRUE(outcome) << outcome.error().message;
    EXPECT_TRUE(outcome->service.started());
  }
  void await(const std::function<bool()>& condition) {
    const auto limit = soon();
    while (!condition() && Clock::now() < limit) std::this_thread::sleep_for(2ms);
    EXPECT_TRUE(condition()) << guest_->own_agent_description();
  }
  std::size_t started_by_script() const { return transport_->runs(systemd_start_script).size(); }

  std::shared_ptr<GuestWithPorts> transport_ = std::make_shared<GuestWithPorts>();
  std::shared_ptr<Guest> guest_ = make_agent_guest(transport_, {"the program", "5um"});
};

TEST_F(OwnAgentTest, TheFirstCallBringsItAndTheNextOnesUseIt) {
  EXPECT_EQ(guest_->own_agent(), nullptr);
  EXPECT_EQ(transport_->ports, 0) << "nobody asked for a service yet";
  start();
  EXPECT_EQ(started_by_script(), 1U);
  await([&] { return guest_->own_agent() != nullptr; });
  const auto run = transport_->runs(own_agent_start_script).at(0);
  EXPECT_EQ(run.parameters, (std::vector<std::string>{"/run/vmms", "5um", "org.vmms.agent.1", "11"}));
  start();
  EXPECT_EQ(started_by_script(), 1U);
  EXPECT_EQ(transport_->acted, 1);
  EXPECT_EQ(guest_->service("a", soon())->active_state, "active");
  EXPECT_TRUE(guest_->stop_service("a", soon()));
  EXPECT_EQ(guest_->service("a", soon())->active_state, "inactive");
  EXPECT_TRUE(transport_->runs(systemd_state_script).empty());
  EXPECT_EQ(guest_->own_agent_description(), "our own agent for services");
}

TEST_F(OwnAgentTest, AListIsReadOnceAndThenTold) {
  start();
  await([&] { return guest_->own_agent() && guest_->own_agent()->versions(); });
  EXPECT_EQ((*guest_->services(soon()))->at("a.service").active_state, "active");
  const std::size_t lists = transport_->runs(systemd_list_script).size();
  for (const char* expected : {"active", "inactive"}) {
    const bool wants_active = expected == std::string("active");
    EXPECT_TRUE(wants_active ? guest_->start_service("a", soon()) : guest_->stop_service("a", soon()));
    EXPECT_EQ((*guest_->services(soon()))->at("a.service").active_state, expected);
  }
  EXPECT_EQ(transport_->runs(systemd_list_script).size(), lists);
}

TEST_F(OwnAgentTest, AProgramThatIsThereIsNotBroughtAgain) {
  transport_->reply(std::string(own_agent_look_script), {0, "Directory=/run/vmms\nPresent=yes\n", ""});
  transport_->program.clear();
  start();
  await([&] { return guest_->own_agent() != nullptr; });
  EXPECT_EQ(transport_->runs(own_agent_start_script).at(0).parameters.at(3), "0");
}

TEST_F(OwnAgentTest, NeverMeansNever) {
  guest_ = make_agent_guest(transport_);
  start();
  start();
  EXPECT_EQ(transport_->ports, 0);
  EXPECT_EQ(started_by_script(), 2U);
  EXPECT_NE(guest_->own_agent_description().find("never"), std::string::npos);
}

TEST_F(OwnAgentTest, WithoutPortsItIsTriedOnce) {
  transport_->takes_ports = false;
  start();
  await([&] { return guest_->own_agent_description().find("no ports here") != std::string::npos; });
  start();
  EXPECT_EQ(started_by_script(), 2U);
  EXPECT_EQ(transport_->ports, 1);
  EXPECT_TRUE(transport_->runs(own_agent_look_script).empty());
}

TEST_F(OwnAgentTest, AFailureIsKeptAndAnAgentThatComesAnewIsAnotherChance) {
  transport_->reply(std::string(own_agent_look_script), {1, "", "everything is noexec"});
  start();
  await([&] { return guest_->own_agent_description().find("everything is noexec") != std::string::npos; });
  start();
  EXPECT_EQ(transport_->ports, 1);
  transport_->reply(std::string(own_agent_look_script), {0, "Directory=/run/vmms\n", ""});
  transport_->restart();
  start();
  await([&] { return guest_->own_agent() != nullptr; });
}

TEST_F(OwnAgentTest, WhatTheGuestSaysIsNoPath) {
  transport_->reply(std::string(own_agent_look_script), {0, "Directory=/etc\n", ""});
  start();
  await([&] { return guest_->own_agent_description().find("no place") != std::string::npos; });
  EXPECT_TRUE(transport_->runs(own_agent_start_script).empty());
}

TEST_F(OwnAgentTest, WhereExecutingIsForbiddenNothingIsBrought) {
  transport_->forbid("guest-exec");
  EXPECT_EQ(guest_->start_service("a", soon()).error().kind, Failure::not_supported);
  EXPECT_EQ(transport_->ports, 0);
}

TEST_F(OwnAgentTest, OneThatDiesIsReplacedByTheGuestsAgent) {
  start();
  await([&] { return guest_->own_agent() != nullptr; });
  transport_->killed = true;
  await([&] { return guest_->own_agent() == nullptr; });
  start();
  EXPECT_EQ(started_by_script(), 2U);
}

TEST_F(OwnAgentTest, OneThatHangsIsReplacedByTheGuestsAgent) {
  start();
  await([&] { return guest_->own_agent() != nullptr; });
  transport_->silent = true;
  const auto begun = Clock::now();
  start();
  EXPECT_LT(Clock::now() - begun, 10s);
  EXPECT_EQ(started_by_script(), 2U);
}

TEST_F(OwnAgentTest, DroppedItGoesAndComesAgainWhenItIsWanted) {
  start();
  await([&] { return guest_->own_agent() != nullptr; });
  guest_->drop_own_agent();
  await([&] { return transport_->exits == 1; });
  start();
  await([&] { return guest_->own_agent() != nullptr; });
  EXPECT_EQ(transport_->ports, 2);
}

}  // namespace
}  // namespace vmms::guest
