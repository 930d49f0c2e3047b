#include "providers/upkeep/upkeep.hpp"

#include "providers/files/part_files.hpp"
#include "testing/test_fleet.hpp"

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <thread>

namespace vmms::providers {
namespace {

using namespace std::chrono_literals;
using guest::Clock;
using hypervisor::PowerState;
using hypervisor::Settings;
using hypervisor::simulator::AgentState;

/// Tasks run on their own threads, which end before the host does.
class UpkeepTest : public testing::Providers {
 protected:
  UpkeepTest() { begin(); }
  ~UpkeepTest() override { end(); }

  void begin() {
    const auto submit = [this](std::string_view, std::function<void()> task) -> Status {
      const std::lock_guard lock(mutex_);
      threads_.emplace_back(std::move(task));
      return {};
    };
    upkeep_ = std::make_unique<Upkeep>(host_.machines(), guests_, *jobs_, submit);
  }
  /// As if the daemon died: what was begun ends, nothing else is done.
  void end() {
    upkeep_.reset();
    for (;;) {
      std::vector<std::thread> threads;
      {
        const std::lock_guard lock(mutex_);
        threads.swap(threads_);
      }
      if (threads.empty()) return;
      for (auto& thread : threads) thread.join();
    }
  }
  void change(std::string_view vm, const std::function<void(Settings&)>& change) {
    ASSERT_TRUE(host_.machines().change_settings(id(vm), change));
  }
  static bool soon(const std::function<bool()>& condition) {
    const auto end = Clock::now() + 10s;
    while (!condition())
      if (Clock::now() > end)
        return false;
      else
        std::this_thread::sleep_for(2ms);
    return true;
  }
  std::shared_ptr<hypervisor::simulator::SimulatedGuest> inside(std::string_view vm) {
    return host_.simulated_guest(id(vm));
  }
  double offset(std::string_view vm) {
    const auto found = guests_.find(id(vm))->system()->clock_offset(Clock::now() + 5s);
    return found ? std::chrono::duration<double>(*found).count() : NAN;
  }
  void give(std::string_view vm, std::string value) {
    change(vm, [&](Settings& settings) { settings.host_key_values = {{"Key", value, false}, {"own", "x", true}}; });
  }

  std::mutex mutex_;
  std::vector<std::thread> threads_;
  std::unique_ptr<Upkeep> upkeep_;
};

/// What copies of a vmmsd that died left behind.
class PartFiles : public UpkeepTest {
 protected:
  ~PartFiles() override {
    end();
    jobs_.reset();
    std::filesystem::remove_all(folder_);
  }
  std::string store() const { return folder_ + "/jobs.sqlite"; }

  /// A copy into a VM's guest that ends with its process; the next one begins.
  void die_while_copying_to(const std::string& machine_id) {
    end();
    std::function<void()> work;
    jobs_ =
        cim::job::Jobs::open(store(), [&](const AccountPtr&, std::string_view, std::function<void()> task) -> Status {
          work = std::move(task);
          return {};
        }).value();
    cim::job::Description description;
    description.class_name = "Msvm_CopyFileToGuestJob";
    description.cancellable = true;
    const auto job = jobs_->start(std::move(description), "", [&](cim::job::Control& control) -> Status {
      control.leave_behind(part_file_text(machine_id, {"x.part", "/tmp/x", "/x"}));
      jobs_.reset();  // the process dies here
      return {};
    });
    ASSERT_TRUE(job) << job.error().message;
    work();
    jobs_ = cim::job::Jobs::open(store(), [](const AccountPtr&, std::string_view, std::function<void()>) -> Status {
              return {};
            }).value();
    begin();
  }
  std::size_t left() const { return left_part_files(*jobs_).size(); }

  const std::string folder_ = [] {
    std::string name = "/tmp/vmms-upkeep-XXXXXX";
    return std::string(::mkdtemp(name.data()));
  }();
};

TEST_F(PartFiles, AreRemovedFromAGuestThatIsThere) {
  die_while_copying_to(id("alpha"));
  EXPECT_TRUE(soon([&] { return left() == 0; }));
  EXPECT_TRUE(host_.reached.contains("alpha"));
}

TEST_F(PartFiles, WaitForTheirGuest) {
  host_.set_agent(id("alpha"), AgentState::none);
  die_while_copying_to(id("alpha"));
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(left(), 1U);
  host_.set_agent(id("alpha"), AgentState::connected);
  EXPECT_TRUE(soon([&] { return left() == 0; }));
}

TEST_F(PartFiles, SurviveThatTheirVmIsTurnedOff) {
  host_.set_agent(id("alpha"), AgentState::none);
  die_while_copying_to(id("alpha"));
  ASSERT_TRUE(host_.machines().turn_off(id("alpha")));
  ASSERT_TRUE(host_.machines().start(id("alpha")));
  host_.set_agent(id("alpha"), AgentState::connected);
  EXPECT_TRUE(soon([&] { return left() == 0; }));
}

TEST_F(PartFiles, StayKnownWhereTheProcessEndsBeforeTheirGuestIsThere) {
  die_while_copying_to(id("gamma"));
  end();
  jobs_ = cim::job::Jobs::open(store(), [](const AccountPtr&, std::string_view, std::function<void()>) -> Status {
            return {};
          }).value();
  EXPECT_EQ(left(), 1U);
}

TEST_F(PartFiles, AreForgottenWithTheirVm) {
  die_while_copying_to(id("gamma"));
  host_.remove(id("gamma"));
  EXPECT_TRUE(soon([&] { return left() == 0; }));
  die_while_copying_to("A1576C71-F505-4D1B-9B78-2CFD971B0F31");
  EXPECT_EQ(left(), 0U) << "it went before";
}

TEST_F(UpkeepTest, TheClockIsSetWhenAVmGoesOn) {
  for (const PowerState rest : {PowerState::paused, PowerState::saved}) {
    ASSERT_GT(std::abs(offset("alpha")), 0.01) << "wrong to begin with";
    host_.set_power(id("alpha"), rest);
    std::this_thread::sleep_for(50ms);
    host_.set_power(id("alpha"), PowerState::running);
    EXPECT_TRUE(soon([&] { return std::abs(offset("alpha")) < 0.01; })) << offset("alpha");
    // Off and on again: the guest reads its clock itself.
    host_.set_power(id("alpha"), PowerState::off);
    host_.set_power(id("alpha"), PowerState::running);
    end();
    EXPECT_GT(std::abs(offset("alpha")), 0.01);
    begin();
  }
}

TEST_F(UpkeepTest, TheClockIsLeftAloneWhereThatIsOff) {
  change("alpha", [](Settings& settings) { settings.time_synchronization = false; });
  host_.set_power(id("alpha"), PowerState::paused);
  host_.set_power(id("alpha"), PowerState::running);
  end();
  EXPECT_GT(std::abs(offset("alpha")), 1);
}

TEST_F(UpkeepTest, KeyValuesAreDelivered) {
  give("alpha", "1");
  EXPECT_TRUE(soon([&] { return inside("alpha")->host_key_values() == "Key\t1\n"; }));
  give("alpha", "2");
  EXPECT_TRUE(soon([&] { return inside("alpha")->host_key_values() == "Key\t2\n"; }));
  change("alpha", [](Settings& settings) { settings.host_key_values_disabled = true; });
  EXPECT_TRUE(soon([&] { return inside("alpha")->host_key_values().empty(); }));
  change("alpha", [](Settings& settings) { settings.host_key_values_disabled = false; });
  EXPECT_TRUE(soon([&] { return inside("alpha")->host_key_values() == "Key\t2\n"; }));
  change("alpha", [](Settings& settings) { settings.key_value_exchange = false; });
  EXPECT_TRUE(soon([&] { return inside("alpha")->host_key_values().empty(); }));
  end();
  EXPECT_EQ(inside("beta")->commands(), 0u) << "nothing happened to it";
}

TEST_F(UpkeepTest, KeyValuesWaitForTheGuest) {
  give("gamma", "1");
  host_.set_agent(id("alpha"), AgentState::none);
  give("alpha", "1");
  EXPECT_EQ(inside("alpha")->host_key_values(), "");
  host_.set_agent(id("alpha"), AgentState::connected);
  EXPECT_TRUE(soon([&] { return inside("alpha")->host_key_values() == "Key\t1\n"; }));
  // What was set before the daemon started is delivered too.
  end();
  give("beta", "3");
  begin();
  EXPECT_TRUE(soon([&] { return inside("beta")->host_key_values() == "Key\t3\n"; }));
}

TEST_F(UpkeepTest, AGuestThatIsKnownToBeSilentIsWaitedFor) {
  host_.set_agent(id("alpha"), AgentState::silent);
  EXPECT_FALSE(guests_.find(id("alpha"))->ping(Clock::now() + 30s));
  give("alpha", "1");
  std::this_thread::sleep_for(8s);  // five tries that are refused at once would be over
  host_.set_agent(id("alpha"), AgentState::connected);
  EXPECT_TRUE(soon([&] { return inside("alpha")->host_key_values() == "Key\t1\n"; }));
}

TEST_F(UpkeepTest, AFreezeIsMarkedAndEnds) {
  auto freeze = upkeep_->freeze(id("alpha"), 30s, Clock::now() + 5s);
  ASSERT_TRUE(freeze) << freeze.error().message;
  EXPECT_TRUE(inside("alpha")->frozen());
  EXPECT_EQ(host_.machines().find(id("alpha"))->settings.file_systems_frozen, true);
  EXPECT_EQ(upkeep_->freeze(id("alpha"), 30s, Clock::now() + 5s).error().kind, Failure::invalid_state);
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(inside("alpha")->frozen()) << "our own mark thaws nothing";
  EXPECT_TRUE((*freeze)->thaw());
  EXPECT_FALSE(inside("alpha")->frozen());
  EXPECT_EQ(host_.machines().find(id("alpha"))->settings.file_systems_frozen, std::nullopt);
  freeze->reset();
  EXPECT_TRUE(upkeep_->freeze(id("alpha"), 30s, Clock::now() + 5s)) << "again, and its destructor thaws";
  EXPECT_FALSE(inside("alpha")->frozen());
  change("alpha", [](Settings& settings) { settings.volume_backup = false; });
  EXPECT_EQ(upkeep_->freeze(id("alpha"), 30s, Clock::now() + 5s).error().kind, Failure::invalid_state);
  EXPECT_EQ(upkeep_->freeze("nobody", 30s, Clock::now() + 5s).error().kind, Failure::not_found);
}

TEST_F(UpkeepTest, WhatADeadDaemonFrozeIsThawed) {
  end();
  // What a process that was killed leaves: the mark and a frozen guest.
  change("alpha", [](Settings& settings) { settings.file_systems_frozen = true; });
  inside("alpha")->set_frozen(true);
  // And a guest that froze its file systems itself, which must be left alone.
  inside("beta")->set_frozen(true);
  begin();
  EXPECT_TRUE(soon([&] { return !inside("alpha")->frozen(); }));
  EXPECT_TRUE(soon([&] { return !host_.machines().find(id("alpha"))->settings.file_systems_frozen; }));
  EXPECT_TRUE(inside("beta")->frozen());
}

TEST_F(UpkeepTest, AGuestThatFellSilentWhileFrozenIsThawedLater) {
  auto freeze = upkeep_->freeze(id("alpha"), 1s, Clock::now() + 5s);
  ASSERT_TRUE(freeze);
  host_.set_agent(id("alpha"), AgentState::none);
  freeze->reset();  // tries, and gives up
  EXPECT_TRUE(inside("alpha")->frozen());
  EXPECT_EQ(host_.machines().find(id("alpha"))->settings.file_systems_frozen, true);
  host_.set_agent(id("alpha"), AgentState::connected);
  EXPECT_TRUE(soon([&] { return !inside("alpha")->frozen(); }));
}

}  // namespace
}  // namespace vmms::providers
