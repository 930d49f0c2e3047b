// Key-value pairs of the host: added, modified and removed by clients.
#include "providers/integration/key_value_items.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "testing/test_fleet.hpp"

namespace vmms::providers {
namespace {

using testing::space;

class KeyValueItems : public testing::Providers {
 protected:
  std::uint64_t change(const char* method, const std::vector<cim::InstancePtr>& items, std::string_view vm = "alpha") {
    const cim::Class& management = schema::Msvm_VirtualSystemManagementService;
    cim::Arguments inputs(management.method(method)->parameters.size());
    inputs[0] = std::make_shared<const cim::ObjectPath>(computer_system_path(id(vm)));
    cim::Array array;
    for (const auto& item : items) array.emplace_back(item);
    inputs[1] = std::move(array);
    const auto result = call("Msvm_VirtualSystemManagementService.Name=\"vmms\"", method, inputs);
    EXPECT_TRUE(result) << result.error().message;
    last_job_ = result->outputs[2];
    return *result->return_value.get_if<std::uint64_t>();
  }
  static cim::InstancePtr item(std::string name, std::string value, std::uint16_t source = 0) {
    return key_value_item(name, value, static_cast<KeyValueSource>(source));
  }
  /// "name=value" of each, those of the host alone behind a "!".
  std::string stored(std::string_view vm = "alpha") {
    std::string text;
    for (const auto& each : host_.machines().find(id(vm))->settings.host_key_values)
      text += (text.empty() ? "" : " ") + std::string(each.host_only ? "!" : "") + each.name + "=" + each.value;
    return text;
  }
  /// The texts of all jobs, which say why changes failed.
  std::string last_error() {
    std::string text;
    for (const auto& job : all("Msvm_ConcreteJob")) text += to_text(job["ErrorDescription"]);
    return text;
  }
  /// Of the job that the last call answered.
  std::uint64_t last_error_code() {
    const auto* const job = last_job_.get_if<cim::ObjectPathPtr>();
    if (!job) return 0;
    cim::ObjectPath path = **job;
    path.namespace_name = space;
    return *manager_.get(context_, path).value()["ErrorCode"].get_if<std::uint64_t>();
  }
  cim::Value last_job_;
};

TEST_F(KeyValueItems, AreAddedModifiedAndRemoved) {
  EXPECT_EQ(change("AddKvpItems", {item("b", "1"), item("a", "2", 4)}), 0u);
  EXPECT_EQ(stored(), "!a=2 b=1");
  EXPECT_EQ(change("ModifyKvpItems", {item("B", "3")}), 0u) << "names differ without case";
  EXPECT_EQ(stored(), "!a=2 b=3");
  EXPECT_EQ(change("RemoveKvpItems", {item("a", "")}), 0u);
  EXPECT_EQ(stored(), "b=3");
  EXPECT_EQ(stored("beta"), "");
}

TEST_F(KeyValueItems, ShowOnTheSetting) {
  EXPECT_EQ(change("AddKvpItems", {item("seen", "1"), item("hidden", "2", 4)}, "gamma"), 0u) << "also while off";
  auto path = component_setting_path(id("gamma"), key_value_exchange);
  path.namespace_name = space;
  cim::Instance setting = manager_.get(context_, path).value();
  EXPECT_EQ(setting["HostExchangeItems"], cim::typed::to_value(std::vector{item("seen", "1")}));
  EXPECT_EQ(setting["HostOnlyItems"], cim::typed::to_value(std::vector{item("hidden", "2", 4)}));
  // A client may write back what it got; not others.
  setting.set("EnabledState", std::uint64_t{3});
  EXPECT_TRUE(manager_.modify(context_, path, setting));
  setting.set("HostExchangeItems", cim::typed::to_value(std::vector{item("seen", "9")}));
  EXPECT_EQ(manager_.modify(context_, path, setting).error().kind, Failure::invalid_argument);
}

TEST_F(KeyValueItems, AllOrNone) {
  EXPECT_EQ(change("AddKvpItems", {item("a", "1")}), 0u);
  EXPECT_EQ(change("AddKvpItems", {item("b", "1"), item("A", "2")}), 4096u);
  EXPECT_NE(last_error().find("already"), std::string::npos) << last_error();
  EXPECT_EQ(change("ModifyKvpItems", {item("a", "2"), item("c", "1")}), 32779u);
  EXPECT_EQ(change("RemoveKvpItems", {item("a", ""), item("c", "")}), 32779u);
  EXPECT_EQ(stored(), "a=1");
}

TEST_F(KeyValueItems, ThoseThatCannotBeAreRefused) {
  for (const auto& wrong :
       {item("", "1"), item(std::string(1025, 'x'), "1"), item("a", std::string(1025, 'x')), item("a\n", "1"),
        item("a", std::string("\x01")), item("a", "1", 1), item("a", "1", 2), item("a", "1", 7)})
    EXPECT_EQ(change("AddKvpItems", {wrong}), 4096u);
  EXPECT_EQ(change("AddKvpItems", {}), 4096u);
  EXPECT_EQ(change("AddKvpItems", {std::make_shared<const cim::Instance>(schema::Msvm_Error)}), 4096u);
  EXPECT_EQ(stored(), "");
  std::string umlauts;
  for (int i = 0; i < 1024; ++i) umlauts += "\xC3\xA4";
  EXPECT_EQ(change("AddKvpItems", {item("a", umlauts)}), 0u) << "the bound is in characters";
}

TEST_F(KeyValueItems, GoToAMachineAndToNothingElse) {
  const auto add = [&](const std::string& target) {
    cim::Arguments inputs(3);
    inputs[0] = std::make_shared<const cim::ObjectPath>(cim::ObjectPath::parse(target).value());
    inputs[1] = cim::Array{item("a", "1")};
    return call("Msvm_VirtualSystemManagementService.Name=\"vmms\"", "AddKvpItems", inputs);
  };
  const std::string alpha = id("alpha");
  for (const std::string& nothing :
       {std::string("Msvm_ComputerSystem.Name='nobody'"), std::string("Msvm_ComputerSystem"),
        "root/cimv2:" + machine_path("alpha"), "\\\\OTHER\\root\\virtualization\\v2:" + machine_path("alpha"),
        "Msvm_PlannedComputerSystem.CreationClassName='Msvm_PlannedComputerSystem',Name='" + alpha + "'",
        "Msvm_VirtualSystemSettingData='Microsoft:" + alpha + "'"}) {
    const auto refused = add(nothing);
    ASSERT_FALSE(refused) << nothing;
    EXPECT_EQ(refused.error().kind, Failure::invalid_argument) << nothing;
    EXPECT_EQ(refused.error().message.substr(0, 37), "AddKvpItems, parameter TargetSystem: ")
        << refused.error().message;
  }
  EXPECT_EQ(add("Msvm_ComputerSystem.Name='HOST1'")->return_value, cim::Value(std::uint64_t{4096})) << "a job says why";
  EXPECT_EQ(stored(), "");
  EXPECT_EQ(add("CIM_System.Name='" + alpha + "'")->return_value, cim::Value(std::uint64_t{0}));
  EXPECT_EQ(stored(), "a=1");
}

TEST_F(KeyValueItems, ThereAre128InACallAndOfAMachine) {
  std::vector<cim::InstancePtr> many;
  for (int i = 0; i < 129; ++i) many.push_back(item("name" + std::to_string(i), std::string(1024, 'x'), i % 2 ? 0 : 4));
  EXPECT_EQ(change("AddKvpItems", many), 4096u);
  EXPECT_EQ(last_error_code(), 32773u);
  EXPECT_EQ(change("RemoveKvpItems", many), 4096u) << "in a call, whatever it does";
  many.pop_back();
  EXPECT_EQ(change("AddKvpItems", many), 0u);
  EXPECT_EQ(change("ModifyKvpItems", many), 0u);
  EXPECT_EQ(change("AddKvpItems", {item("one more", "1", 4)}), 4096u);
  EXPECT_NE(last_error().find("up to 128"), std::string::npos) << last_error();
  EXPECT_EQ(change("RemoveKvpItems", {many.front()}), 0u);
  EXPECT_EQ(change("AddKvpItems", {item("one more", "1", 4)}), 0u);
}

TEST_F(KeyValueItems, LengthsCountAsTheReferencePagesSay) {
  const auto repeated = [](std::string_view text, int times) {
    std::string result;
    while (times-- > 0) result += text;
    return result;
  };
  const std::string clef = "\xF0\x9D\x84\x9E";  // two characters of UTF-16
  const std::pair<cim::InstancePtr, bool> cases[] = {
      {item(std::string(512, 'x'), "1"), true},
      {item(std::string(513, 'x'), "1"), false},
      {item(repeated("\xC3\xA4", 256), "1", 4), true},
      {item(repeated("\xC3\xA4", 257), "1", 4), false},
      {item("a", repeated(clef, 512)), true},
      {item("b", repeated(clef, 600)), false},
      {item("b", repeated("\xE2\x82\xAC", 1024)), true},
      {item("c", std::string(1025, 'x')), false},
      {item("c", std::string(16000, 'x'), 4), true},
      {item("d", std::string(16384, 'x'), 4), true},
      {item("e", std::string(16385, 'x'), 4), false},
  };
  for (const auto& [each, fits] : cases) {
    SCOPED_TRACE(to_text((*each)["Name"]).substr(0, 8));
    EXPECT_EQ(change("AddKvpItems", {each}), fits ? 0u : 4096u);
    if (!fits) {
      EXPECT_EQ(last_error_code(), 32773u);
    }
  }
  EXPECT_EQ(change("ModifyKvpItems", {item("d", std::string(16384, 'y'))}), 4096u) << "for the guest it is too long";
}

// An earlier version kept more and longer items.
TEST_F(KeyValueItems, ThoseBeyondTheBoundsCanBeRemoved) {
  const std::string longer(900, 'n');
  ASSERT_TRUE(host_.machines().change_settings(id("alpha"), [&](hypervisor::Settings& settings) {
    for (int i = 100; i < 300; ++i) settings.host_key_values.push_back({"i" + std::to_string(i), "1", false});
    settings.host_key_values.push_back({longer, "1", false});
  }));
  EXPECT_EQ(change("RemoveKvpItems", {item(longer, ""), item("i100", "")}), 0u);
  EXPECT_EQ(change("ModifyKvpItems", {item("i101", "2")}), 0u);
  EXPECT_EQ(change("AddKvpItems", {item("a", "2")}), 4096u);
}

TEST(IntrinsicItems, OfWindowsAreAsWindowsSaysThem) {
  guest::Identity identity;
  identity.host_name = "WIN1";
  identity.system = {"mswindows", "Windows Server 2019 Standard", "Microsoft Windows", "2019", "17763", "10.0",
                     "x86_64"};
  std::map<std::string, std::string> found;
  for (const auto& each : intrinsic_items(identity)) found[to_text((*each)["Name"])] = to_text((*each)["Data"]);
  EXPECT_EQ(found["OSName"], "Windows Server 2019 Standard");
  EXPECT_EQ(found["OSVersion"], "10.0.17763");
  EXPECT_EQ(found["OSMajorVersion"], "10");
  EXPECT_EQ(found["OSMinorVersion"], "0");
  EXPECT_EQ(found["OSBuildNumber"], "17763");
  EXPECT_EQ(found["OSPlatformId"], "2");
  EXPECT_EQ(found["ProcessorArchitecture"], "9");
}

}  // namespace
}  // namespace vmms::providers
