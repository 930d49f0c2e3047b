// Every provider on a simulated fleet: what holds for all of them, whatever class they answer for.
#include "base/waiting.hpp"
#include "base/worker_pool.hpp"
#include "testing/test_fleet.hpp"

#include <chrono>

namespace vmms::providers {
namespace {

using testing::Providers;
using testing::space;

/// Where the first commands to several guests meet.
struct Meeting {
  std::mutex mutex;
  Condition changed;
  std::set<std::string> guests;
};

/// A guest that answers its first command when another one has been asked, too.
class Together : public guest::Transport {
 public:
  Together(std::shared_ptr<guest::Transport> below, std::shared_ptr<Meeting> meeting, std::string name)
      : below_(std::move(below)), meeting_(std::move(meeting)), name_(std::move(name)) {}
  bool connected() const override { return below_->connected(); }
  std::uint64_t connection() const override { return below_->connection(); }
  PollDelays poll_delays() const override { return below_->poll_delays(); }
  Result<std::string> command(std::string_view json, guest::Clock::time_point deadline) override {
    {
      std::unique_lock lock(meeting_->mutex);
      meeting_->guests.insert(name_);
      meeting_->changed.notify_all();
      if (!meeting_->changed.wait_until(lock, deadline, [&] { return meeting_->guests.size() > 1; }))
        return error(Failure::unreachable, "nobody else was asked meanwhile");
    }
    return below_->command(json, deadline);
  }

 private:
  const std::shared_ptr<guest::Transport> below_;
  const std::shared_ptr<Meeting> meeting_;
  const std::string name_;
};

TEST_F(Providers, GuestsAreAskedForTheirServicesAtTheSameTime) {
  WorkerPool pool;
  environment_.offer = [&pool](const cim::Context&, std::function<void()> task) {
    return pool.submit({}, std::move(task)).has_value();
  };
  const auto meeting = std::make_shared<Meeting>();
  for (const char* name : {"alpha", "beta"})
    host_.transports[name] = std::make_shared<Together>(host_.simulated_guest(id(name)), meeting, name);
  std::set<std::string> systems;
  for (const cim::Instance& service : all("Vmms_GuestOSService")) systems.insert(to_text(service["SystemName"]));
  EXPECT_EQ(systems, (std::set<std::string>{id("alpha"), id("beta")}));
  EXPECT_EQ(failures_.size(), 1U) << "delta's";
}

TEST_F(Providers, GetGivesWhatEnumerationGave) {
  ASSERT_TRUE(call(machine_path("gamma"), "RequestStateChange", {std::uint64_t{2}, cim::Value(), cim::Value()}));
  std::size_t seen = 0;
  for (const std::string_view name : manager_.namespaces()) {
    for (const cim::Class* cim_class : manager_.find_schema(name)->classes) {
      if (!cim_class->has_provider) continue;
      for (const cim::Instance& instance : all(cim_class->name, 100, {}, name)) {
        // Running machines show the time that they have been on, jobs the time that they took, hosts the time.
        const auto got = manager_.get(context_, instance.path(name));
        ASSERT_TRUE(got) << instance.path().to_string() << ": " << got.error().message;
        for (std::size_t i = 0; i < instance.values.size(); ++i) {
          const std::string_view property = cim_class->properties[i].name;
          if (property == "OnTimeInMilliseconds" || property == "ElapsedTime" || property == "LocalDateTime" ||
              property == "FreeSpace")
            continue;
          EXPECT_EQ(got->values[i], instance.values[i]) << instance.path().to_string() << " " << property;
        }
        ++seen;
      }
    }
  }
  EXPECT_GT(seen, 30u);
}

TEST_F(Providers, ACallThatWaitsDoesSoWhateverClassItsObjectIsNamedBy) {
  std::size_t seen = 0;
  for (const std::string_view name : manager_.namespaces())
    for (const cim::Class* cim_class : manager_.find_schema(name)->classes) {
      if (!cim_class->has_provider) continue;
      for (const cim::Method& method : cim_class->methods) {
        if (!manager_.waits(name, *cim_class, &method)) continue;
        for (const cim::Class* base = cim_class->superclass; base; base = base->superclass)
          if (const cim::Method* declared = base->method(method.name)) {
            EXPECT_TRUE(manager_.waits(name, *base, declared)) << base->name << "." << method.name;
            ++seen;
          }
      }
    }
  EXPECT_GT(seen, 10u);
}

TEST_F(Providers, EveryClassCanBeEnumeratedAndOnesWithoutProviderAreEmpty) {
  ASSERT_TRUE(host_.machines().turn_off(id("delta")));  // whose guest would be waited for many times
  std::size_t classes = 0;
  for (const std::string_view name : manager_.namespaces())
    for (const cim::Class* cim_class : manager_.find_schema(name)->classes) {
      ++classes;
      auto enumeration = manager_.enumerate(context_, name, cim_class->name);
      ASSERT_TRUE(enumeration) << cim_class->name << ": " << enumeration.error().message;
      const bool has_some = !read(**enumeration, 1000).empty();
      const bool provided =
          std::any_of(manager_.find_schema(name)->classes.begin(), manager_.find_schema(name)->classes.end(),
                      [&](const cim::Class* each) {
                        return each->is_a(*cim_class) && (each->has_provider || !each->join_left.empty());
                      });
      EXPECT_TRUE(provided || !has_some) << cim_class->name;
    }
  EXPECT_GT(classes, 600u);
}

TEST_F(Providers, PagesOfAnySizeGiveTheSame) {
  for (const char* name :
       {"Msvm_ComputerSystem", "Msvm_VirtualSystemSettingData", "CIM_Service", "CIM_LogicalDevice",
        "Msvm_GuestServiceInterfaceComponentSettingData", "Msvm_SystemDevice", "Msvm_HostedService"}) {
    std::multiset<std::string> whole;
    for (const auto& instance : all(name, 1000)) whole.insert(instance.path().to_string());
    EXPECT_EQ(std::set<std::string>(whole.begin(), whole.end()).size(), whole.size()) << name;
    for (const std::size_t most : {1u, 2u}) {
      std::multiset<std::string> pages;
      for (const auto& instance : all(name, most)) pages.insert(instance.path().to_string());
      EXPECT_EQ(pages, whole) << name << " by " << most;
      // One guest is silent in each pass, and none but it.
      for (const Error& failure : failures_)
        EXPECT_NE(failure.message.find("'delta'"), std::string::npos) << failure.message;
    }
  }
}

TEST_F(Providers, AKeyTouchesOneMachine) {
  EXPECT_EQ(all("Vmms_GuestOSService", 100, {{"SystemName", id("alpha"), {}}}).size(), 2u);
  EXPECT_EQ(host_.reached, std::set<std::string>{"alpha"});
  host_.reached.clear();
  const auto end = std::make_shared<const cim::ObjectPath>(
      cim::ObjectPath::parse(std::string(space) + ":" + machine_path("beta")).value());
  EXPECT_FALSE(all("Msvm_HostedService", 100, {{"Antecedent", {}, end}}).empty());
  EXPECT_EQ(host_.reached, std::set<std::string>{"beta"});
}

TEST_F(Providers, UnreachableIsNotEmpty) {
  const auto services = all("Vmms_GuestOSService");
  EXPECT_EQ(services.size(), 3u);
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].kind, Failure::unreachable);
  EXPECT_NE(failures_[0].message.find("'delta'"), std::string::npos) << failures_[0].message;
}

TEST_F(Providers, RegisteredGuestServiceJoinsTheInterfaceAndItsServices) {
  const auto component = std::make_shared<const cim::ObjectPath>(
      all("Msvm_GuestServiceInterfaceComponent", 100, {{"SystemName", id("alpha"), {}}}).at(0).path(space));
  std::set<std::string> names;
  for (const auto& association : all("Msvm_RegisteredGuestService", 100, {{"Antecedent", {}, component}}))
    names.insert(std::string((*association["Dependent"].get_if<cim::ObjectPathPtr>())->value("Name")));
  EXPECT_EQ(names, (std::set<std::string>{"cron.service", "web.service", "guestfilesvc", "vsssvc"}));
}

TEST_F(Providers, JobsTellWhatTheyDidAndToWhom) {
  const auto result = call(machine_path("gamma"), "RequestStateChange", {std::uint64_t{2}, cim::Value(), cim::Value()});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->return_value, cim::Value(std::uint64_t{4096}));
  const auto jobs = all("Msvm_ConcreteJob");
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_EQ(jobs[0]["JobState"], cim::Value(std::uint64_t{7}));
  const auto affected = all("Msvm_AffectedJobElement");
  ASSERT_EQ(affected.size(), 1u);
  EXPECT_EQ((*affected[0]["AffectedElement"].get_if<cim::ObjectPathPtr>())->value("Name"), id("gamma"));
  EXPECT_EQ(host_.machines().find(id("gamma"))->power, hypervisor::PowerState::running);
}

TEST_F(Providers, AJobIsFoundByItsKeyAlone) {
  for (const auto& [name, state] : {std::pair("beta", 3), std::pair("gamma", 2)}) {
    const auto result =
        call(machine_path(name), "RequestStateChange", {static_cast<std::uint64_t>(state), cim::Value(), cim::Value()});
    ASSERT_TRUE(result) << result.error().message;
  }
  const auto jobs = all("Msvm_ConcreteJob");
  ASSERT_EQ(jobs.size(), 2u);
  for (const cim::Instance& job : jobs) {
    const auto found = all("Msvm_ConcreteJob", 100, {{"InstanceID", to_text(job["InstanceID"]), {}}});
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0]["InstanceID"], job["InstanceID"]);
  }
}

TEST_F(Providers, AMethodNobodyWroteSaysSo) {
  EXPECT_EQ(call("Msvm_VirtualSystemManagementService.Name=\"vmms\"", "StartService").value().return_value,
            cim::Value(std::uint64_t{1}));
  const auto define =
      call("Msvm_VirtualSystemManagementService.Name=\"vmms\"", "DefineSystem",
           cim::Arguments(schema::Msvm_VirtualSystemManagementService.method("DefineSystem")->parameters.size()));
  EXPECT_TRUE(!define || define->return_value == cim::Value(std::uint64_t{1}));
}

TEST_F(Providers, UnitNamesHaveCase) {
  const std::string path = R"(Vmms_GuestOSService.CreationClassName="Vmms_GuestOSService",Name="WEB.service",)"
                           R"(SystemCreationClassName="Msvm_ComputerSystem",SystemName=")" +
                           id("alpha") + "\"";
  EXPECT_EQ(call(path, "StartService").error().kind, Failure::not_found);
}

}  // namespace
}  // namespace vmms::providers
