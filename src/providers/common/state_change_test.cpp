// RequestStateChange of every class: what TimeoutPeriod means, and the states of virtual machines.
#include "providers/common/state_change.hpp"

#include "providers/files/file_copies.hpp"
#include "testing/test_fleet.hpp"

namespace vmms::providers {
namespace {

using cim::DateTime;
using cim::Value;
using hypervisor::PowerState;
using testing::space;

class StateChange : public testing::Providers {
 protected:
  Result<std::uint64_t> change(const std::string& path, const Value& state, const Value& timeout = {}) {
    const auto parsed = cim::ObjectPath::parse(path).value();
    const auto* const method = manager_.find_class(space, parsed.class_name).value()->method("RequestStateChange");
    cim::Arguments inputs(method->parameters.size());
    for (std::size_t i = 0; i < inputs.size(); ++i)
      inputs[i] = method->parameters[i].name == "RequestedState"  ? state
                  : method->parameters[i].name == "TimeoutPeriod" ? timeout
                                                                  : Value();
    const auto result = call(path, "RequestStateChange", inputs);
    if (!result) return result.error();
    return *result->return_value.get_if<std::uint64_t>();
  }
  std::uint64_t machine_answers(std::string_view machine, std::uint64_t state) {
    const auto answer = change(machine_path(machine), state);
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? *answer : 0;
  }
  PowerState power(std::string_view machine) { return host_.machines().find(id(machine))->power; }

  /// A job of a class, whose work has ended.
  std::string job(const std::string& class_name) {
    cim::job::Description description;
    description.caption = "Copying";
    description.class_name = class_name;
    description.detail = CopyDetail{id("alpha"), "alpha", {{"/from", "/to", true, false}}}.to_text();
    description.affected = computer_system_path(id("alpha")).to_string();
    return jobs_->start(std::move(description), "key", [](cim::job::Control&) { return Status(); }).value().id;
  }
};

TEST_F(StateChange, ATimeoutOfZeroOrNullIsNone) {
  ASSERT_TRUE(host_.machines().turn_off(id("delta")));  // whose guest would be waited for
  ASSERT_TRUE(host_.machines().change_settings(id("alpha"), [](hypervisor::Settings& settings) {
    settings.communication_services = {{"00000BB8-FACB-11E6-BD58-64006A7986D3"}};
  }));
  for (const char* each : {"", "Msvm_CopyFileToGuestJob", "Vmms_CopyFileFromGuestJob"}) job(each);
  const Value none[] = {Value(), DateTime::interval(DateTime::Microseconds(0))};
  const Value limits[] = {DateTime::interval(std::chrono::seconds(5)), DateTime::interval(DateTime::Microseconds(1)),
                          DateTime::now()};
  std::set<std::string_view> classes;
  for (const cim::Class* each : manager_.find_schema(space)->classes) {
    const cim::Method* const method = each->method("RequestStateChange");
    if (!each->has_provider || !method || !method->implemented || each->name == "Msvm_ComputerSystem") continue;
    for (const cim::Instance& instance : all(each->name)) {
      SCOPED_TRACE(instance.path().to_string());
      classes.insert(each->name);
      const std::string path = instance.path().to_string();
      for (const Value& timeout : none) EXPECT_NE(change(path, std::uint64_t{77}, timeout).value(), 4098U);
      for (const Value& timeout : limits) EXPECT_EQ(change(path, std::uint64_t{77}, timeout).value(), 4098U);
    }
  }
  EXPECT_EQ(classes,
            (std::set<std::string_view>{"Msvm_ConcreteJob", "Msvm_CopyFileToGuestJob", "Msvm_GuestCommunicationService",
                                        "Msvm_GuestFileService", "Msvm_GuestServiceInterfaceComponent",
                                        "Msvm_VssService", "Vmms_CopyFileFromGuestJob", "Vmms_GuestOSService"}));
}

TEST_F(StateChange, AServiceStartsWithATimeoutOfZero) {
  const std::string path = R"(Vmms_GuestOSService.CreationClassName="Vmms_GuestOSService",Name="web.service",)"
                           R"(SystemCreationClassName="Msvm_ComputerSystem",SystemName=")" +
                           id("alpha") + "\"";
  EXPECT_EQ(change(path, std::uint64_t{2}, DateTime::parse("00000000000000.000000:000").value()).value(), 0U);
  EXPECT_EQ(change(path, std::uint64_t{2}, DateTime::parse_iso8601("PT0S").value()).value(), 0U);
  EXPECT_EQ(change(path, Value()).value(), 1U) << "a missing state is answered like an unknown one";
}

TEST_F(StateChange, AMachineIsReset) {
  EXPECT_EQ(machine_answers("alpha", 11), 4096U);
  EXPECT_EQ(all("Msvm_ConcreteJob").at(0)["JobState"], Value(std::uint64_t{7}));
  EXPECT_EQ(power("alpha"), PowerState::running);
  ASSERT_TRUE(host_.machines().pause(id("alpha")));
  EXPECT_EQ(machine_answers("alpha", 11), 32775U);
  EXPECT_EQ(machine_answers("gamma", 11), 32775U) << "it is off";
}

TEST_F(StateChange, OldNumbersOfPausedAndSavedAreKnown) {
  EXPECT_EQ(machine_answers("alpha", 32768), 4096U);
  EXPECT_EQ(power("alpha"), PowerState::paused);
  EXPECT_EQ(machine_answers("alpha", 32768), 32775U);
  EXPECT_EQ(machine_answers("alpha", 32769), 4096U);
  EXPECT_EQ(power("alpha"), PowerState::saved);
}

TEST_F(StateChange, OtherStatesOfAMachineAreInvalidParameters) {
  for (const std::uint64_t state : {0, 1, 5, 7, 8, 12, 99, 32770, 32773, 65535})
    EXPECT_EQ(machine_answers("alpha", state), 32773U) << state;
  EXPECT_EQ(change(machine_path("alpha"), Value()).value(), 32773U);
  EXPECT_EQ(change(machine_path("alpha"), std::uint64_t{9}, DateTime::interval(std::chrono::seconds(5))).value(), 4096U)
      << "TimeoutPeriod is not used, as the reference page says";
}

TEST_F(StateChange, AMachineThatRunsHasAProcessOfItsOwn) {
  std::set<std::uint64_t> processes;
  for (const cim::Instance& system : all("Msvm_ComputerSystem")) {
    const auto* const process = system["ProcessID"].get_if<std::uint64_t>();
    const bool on = system["EnabledState"] == Value(std::uint64_t{2}) && to_text(system["Name"]).size() == 36;
    EXPECT_EQ(process != nullptr, on) << to_text(system["ElementName"]);
    if (process) {
      EXPECT_TRUE(*process > 0 && processes.insert(*process).second);
    }
  }
  EXPECT_GT(processes.size(), 1U);
  const auto process = [&] { return host_.machines().find(id("alpha"))->process_id; };
  const auto first = process();
  ASSERT_TRUE(host_.machines().pause(id("alpha")));
  EXPECT_EQ(process(), first);
  ASSERT_TRUE(host_.machines().save(id("alpha")));
  EXPECT_EQ(process(), std::nullopt);
  ASSERT_TRUE(host_.machines().start(id("alpha")));
  EXPECT_TRUE(process() && processes.insert(*process()).second);
  const auto second = process();
  ASSERT_TRUE(host_.machines().reset(id("alpha")));
  EXPECT_EQ(process(), second);
}

TEST_F(StateChange, ACopyJobIsToldAsItsOwnClassWhateverItIsCalledBy) {
  for (const char* own : {"Msvm_CopyFileToGuestJob", "Vmms_CopyFileFromGuestJob"}) {
    const std::string key = job(own);
    for (const char* name : {own, "Msvm_ConcreteJob", "CIM_ConcreteJob", "cim_concretejob"}) {
      SCOPED_TRACE(std::string(name) + " for " + own);
      const std::string path = std::string(name) + ".InstanceID=\"" + key + "\"";
      const auto found = manager_.get(context_, cim::ObjectPath::parse(std::string(space) + ":" + path).value());
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(found->cim_class().name, own);
      EXPECT_EQ((*found)["VirtualSystemName"], Value(std::string("alpha")));
      EXPECT_EQ(call(path, "GetError").value().return_value, Value(std::uint64_t{0}));
      EXPECT_EQ(change(path, std::uint64_t{4}).value(), 32775U) << "it has ended, and could have been cancelled";
    }
  }
  const std::string plain = job("");
  const auto found = manager_.get(
      context_, cim::ObjectPath::parse(std::string(space) + ":CIM_ConcreteJob.InstanceID=\"" + plain + "\"").value());
  EXPECT_EQ(found.value().cim_class().name, "Msvm_ConcreteJob");
  EXPECT_EQ(all("Msvm_ConcreteJob").size(), 1U) << "jobs of copies are no instances of it";
  EXPECT_EQ(all("CIM_ConcreteJob").size(), 3U);
}

}  // namespace
}  // namespace vmms::providers
