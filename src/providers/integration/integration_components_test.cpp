// The integration components on a simulated fleet: devices, settings, and what they show of the guest.
#include "base/text.hpp"
#include "base/worker_pool.hpp"
#include "providers/common/machines.hpp"
#include "testing/test_fleet.hpp"

#include <chrono>
#include <map>

namespace vmms::providers {
namespace {

using namespace std::chrono_literals;
using hypervisor::PowerState;
using hypervisor::simulator::AgentState;
using testing::space;
using Clock = std::chrono::steady_clock;

class IntegrationComponents : public testing::Providers {
 protected:
  using Numbers = std::vector<std::uint64_t>;

  cim::ObjectPath in_space(cim::ObjectPath path) {
    path.namespace_name = space;
    return path;
  }
  cim::Instance device(std::string_view machine, const IntegrationComponent& component) {
    const auto found = manager_.get(context_, in_space(component_path(id(machine), component)));
    EXPECT_TRUE(found) << component.class_name << ": " << found.error().message;
    return *found;
  }
  cim::Instance setting(std::string_view machine, const IntegrationComponent& component) {
    const auto found = manager_.get(context_, in_space(component_setting_path(id(machine), component)));
    EXPECT_TRUE(found) << component.class_name;
    return *found;
  }
  static Numbers numbers(const cim::Value& value) {
    Numbers found;
    if (const auto* array = value.get_if<cim::Array>())
      for (const cim::Value& each : *array) found.push_back(*each.get_if<std::uint64_t>());
    return found;
  }
  Numbers status(std::string_view machine, const IntegrationComponent& component) {
    return numbers(device(machine, component)["OperationalStatus"]);
  }
  /// A minimal instance, as clients send it.
  cim::Instance state(std::string_view machine, const IntegrationComponent& component, std::uint64_t enabled_state) {
    cim::Instance instance(**manager_.find_class(space, component.setting_class_name));
    instance.set("InstanceID", setting_instance_id(id(machine), component.id));
    instance.set("EnabledState", enabled_state);
    return instance;
  }
  cim::MethodResult modify(std::string_view method, cim::Instance instance) {
    const cim::Class& management = schema::Msvm_VirtualSystemManagementService;
    cim::Arguments inputs(management.method(method)->parameters.size());
    inputs[0] = cim::Array{std::make_shared<const cim::Instance>(std::move(instance))};
    return call("Msvm_VirtualSystemManagementService.Name=\"vmms\"", method, inputs).value();
  }
  std::map<std::string, std::string> items(const cim::Value& value, std::uint64_t source) {
    std::map<std::string, std::string> found;
    const auto* array = value.get_if<cim::Array>();
    for (std::size_t i = 0; array && i < array->size(); ++i) {
      const cim::Instance& item = **(*array)[i].get_if<cim::InstancePtr>();
      EXPECT_EQ(item["Source"], cim::Value(source));
      found[to_text(item["Name"])] = to_text(item["Data"]);
    }
    return found;
  }
};

TEST_F(IntegrationComponents, DevicesAreOfVmsThatAreOnAndSettingsOfAll) {
  for (const IntegrationComponent* component : integration_components) {
    EXPECT_EQ(all(component->class_name).size(), 3u) << component->class_name;
    EXPECT_EQ(all(component->setting_class_name).size(), 4u) << component->setting_class_name;
    const auto alpha = device("alpha", *component);
    EXPECT_EQ(alpha["DeviceID"], cim::Value("Microsoft:" + std::string(component->id)));
    EXPECT_EQ(alpha["SystemName"], cim::Value(id("alpha")));
    EXPECT_EQ(alpha["EnabledState"], cim::Value(std::uint64_t{2}));
    EXPECT_EQ(alpha["RequestedState"], cim::Value(std::uint64_t{12}));
    EXPECT_EQ(setting("gamma", *component)["EnabledState"],
              cim::Value(std::uint64_t{component == &guest_service_interface ? 3u : 2u}));
    const auto off = manager_.get(context_, in_space(component_path(id("gamma"), *component)));
    ASSERT_FALSE(off);
    EXPECT_EQ(off.error().kind, Failure::not_found);
  }
  EXPECT_EQ(setting("gamma", heartbeat)["Interval"], cim::Value(std::uint64_t{2000}));
  const auto end = std::make_shared<const cim::ObjectPath>(
      cim::ObjectPath::parse(std::string(space) + ":" + machine_path("alpha")).value());
  EXPECT_EQ(all("Msvm_SystemDevice", 100, {{"GroupComponent", {}, end}}).size(), integration_components.size() + 1)
      << "and the keyboard";
  const auto configuration = std::make_shared<const cim::ObjectPath>(in_space(settings_path(id("gamma"))));
  EXPECT_EQ(all("Msvm_VirtualSystemSettingDataComponent", 100, {{"GroupComponent", {}, configuration}}).size(),
            integration_components.size());
  EXPECT_EQ(all("Msvm_ServiceOfVssComponent").size(), 3u);
}

TEST_F(IntegrationComponents, EachIsLinkedToItsSetting) {
  for (const IntegrationComponent* component : integration_components) {
    const auto one = std::make_shared<const cim::ObjectPath>(in_space(component_path(id("beta"), *component)));
    const auto other =
        std::make_shared<const cim::ObjectPath>(in_space(component_setting_path(id("beta"), *component)));
    for (const auto& [role, end] : {std::pair{"ManagedElement", one}, std::pair{"SettingData", other}}) {
      const auto found = all("Msvm_ElementSettingData", 100, {{role, {}, end}});
      ASSERT_EQ(found.size(), 1u) << component->class_name << " " << role;
      EXPECT_EQ(found[0]["IsCurrent"], cim::Value(std::uint64_t{1}));
    }
  }
}

TEST_F(IntegrationComponents, AreSwitchedInEachWayAndAtOnce) {
  for (const IntegrationComponent* component : integration_components) {
    const auto enabled = [&] { return device("alpha", *component)["EnabledState"]; };
    EXPECT_EQ(modify("ModifyResourceSettings", state("alpha", *component, 3)).return_value,
              cim::Value(std::uint64_t{0}));
    EXPECT_EQ(enabled(), cim::Value(std::uint64_t{3})) << component->class_name;
    EXPECT_EQ(host_.machines().find(id("alpha"))->settings.*component->enabled, false);
    EXPECT_EQ(modify("ModifyGuestServiceSettings", state("alpha", *component, 2)).return_value,
              cim::Value(std::uint64_t{0}));
    EXPECT_EQ(enabled(), cim::Value(std::uint64_t{2})) << component->class_name;
    // As a client of WS-Management's Put does, with all that it got.
    cim::Instance whole = setting("alpha", *component);
    whole.set("EnabledState", std::uint64_t{3});
    EXPECT_TRUE(manager_.modify(context_, in_space(component_setting_path(id("alpha"), *component)), whole));
    EXPECT_EQ(enabled(), cim::Value(std::uint64_t{3})) << component->class_name;
    EXPECT_EQ(modify("ModifyResourceSettings", state("alpha", *component, 7)).return_value,
              cim::Value(std::uint64_t{4096}));
    // The setting of another component, under this class.
    cim::Instance wrong = state("alpha", *component, 2);
    wrong.set("InstanceID", setting_instance_id(id("alpha"), "00000000-0000-0000-0000-000000000000"));
    EXPECT_EQ(modify("ModifyResourceSettings", wrong).return_value, cim::Value(std::uint64_t{4096}));
    EXPECT_EQ(enabled(), cim::Value(std::uint64_t{3}));
  }
  EXPECT_EQ(host_.machines().find(id("beta"))->settings.heartbeat, std::nullopt);
}

TEST_F(IntegrationComponents, RequestStateChangeAndResetAreNotSupported) {
  for (const IntegrationComponent* component : integration_components) {
    if (component == &guest_service_interface) continue;
    const auto path = in_space(component_path(id("alpha"), *component));
    const auto changed =
        manager_.invoke(context_, path, "RequestStateChange", {std::uint64_t{3}, cim::Value(), cim::Value()});
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(changed->return_value, cim::Value(std::uint64_t{1})) << component->class_name;
    const auto reset = manager_.invoke(context_, path, "Reset", {});
    ASSERT_TRUE(reset) << reset.error().message;
    EXPECT_EQ(reset->return_value, cim::Value(std::uint64_t{1}));
  }
}

TEST_F(IntegrationComponents, OperationalStatusIsTheGuests) {
  EXPECT_EQ(status("alpha", heartbeat), (Numbers{2, 2}));
  EXPECT_EQ(status("delta", heartbeat), (Numbers{13, 32783})) << "nobody called it before";
  for (const IntegrationComponent* component : integration_components) {
    EXPECT_EQ(status("alpha", *component).at(0), 2u) << component->class_name;
    EXPECT_EQ(status("delta", *component).at(0), 13u) << component->class_name;
  }
  host_.set_power(id("alpha"), PowerState::paused);
  EXPECT_EQ(status("alpha", heartbeat), Numbers{15});
  host_.set_power(id("alpha"), PowerState::running);
  host_.set_agent(id("alpha"), AgentState::none);
  EXPECT_EQ(status("alpha", heartbeat), Numbers{12}) << "at once: the agent's end is an event";
  EXPECT_EQ(device("alpha", shutdown_component)["Status"], cim::Value("No Contact"));
  host_.set_agent(id("alpha"), AgentState::connected);
  EXPECT_EQ(status("alpha", heartbeat), (Numbers{2, 2}));
  modify("ModifyResourceSettings", state("alpha", heartbeat, 3));
  EXPECT_EQ(status("alpha", heartbeat), Numbers{12});
}

TEST_F(IntegrationComponents, SilenceShowsWithinTwoSeconds) {
  EXPECT_EQ(status("beta", heartbeat), (Numbers{2, 2}));
  host_.set_agent(id("beta"), AgentState::silent);
  const auto fell_silent = Clock::now();
  while (status("beta", heartbeat) != Numbers{13, 32783}) ASSERT_LT(Clock::now() - fell_silent, 2s);
  host_.set_agent(id("beta"), AgentState::connected);
  const auto back = Clock::now();
  while (status("beta", heartbeat) != Numbers{2, 2}) ASSERT_LT(Clock::now() - back, 2s);
}

TEST_F(IntegrationComponents, SilentGuestsDoNotHoldAnEnumerationUp) {
  WorkerPool pool;
  environment_.offer = [&pool](const cim::Context&, std::function<void()> task) {
    return pool.submit({}, std::move(task)).has_value();
  };
  for (const auto& machine : host_.machines().list("", 100))
    if (machine->power == PowerState::running) host_.set_agent(machine->id, AgentState::silent);
  auto begun = Clock::now();
  for (const auto& each : all("Msvm_HeartbeatComponent")) EXPECT_EQ(numbers(each["OperationalStatus"]).at(0), 13u);
  EXPECT_LT(Clock::now() - begun, 1500ms) << "they are waited for at the same time";
  begun = Clock::now();
  all("CIM_LogicalDevice");
  EXPECT_LT(Clock::now() - begun, 1500ms);
}

TEST_F(IntegrationComponents, IdleGuestsAreLeftAlone) {
  const auto commands = [&] { return host_.simulated_guest(id("alpha"))->commands(); };
  const auto before = commands();
  for (int i = 0; i < 20; ++i) device("alpha", shutdown_component);
  EXPECT_LE(commands() - before, 2u) << "one ping a second, shared by all components";
  // Who wants the keys alone asks no guest.
  all("Msvm_SystemDevice");
}

TEST_F(IntegrationComponents, KeyValuesOfTheGuest) {
  const auto exchange = device("alpha", key_value_exchange);
  const auto intrinsic = items(exchange["GuestIntrinsicExchangeItems"], 2);
  EXPECT_EQ(intrinsic.at("FullyQualifiedDomainName"), "alpha.example.org");
  EXPECT_EQ(intrinsic.at("OSName"), "Debian GNU/Linux");
  EXPECT_EQ(intrinsic.at("OSMajorVersion"), "12");
  EXPECT_EQ(intrinsic.at("OSVersion"), "6.1.0");
  EXPECT_EQ(intrinsic.at("OSBuildNumber"), "6.1.0-amd64");
  EXPECT_EQ(intrinsic.at("ProcessorArchitecture"), "x86_64");
  EXPECT_EQ(intrinsic.at("NetworkAddressIPv4"), "192.0.2.1");
  EXPECT_EQ(intrinsic.at("NetworkAddressIPv6"), "2001:db8::1");
  EXPECT_EQ(items(exchange["GuestExchangeItems"], 1), (std::map<std::string, std::string>{{"Role", "web"}}));
  EXPECT_TRUE(device("delta", key_value_exchange)["GuestIntrinsicExchangeItems"].is_null());
  modify("ModifyResourceSettings", state("alpha", key_value_exchange, 3));
  EXPECT_TRUE(device("alpha", key_value_exchange)["GuestIntrinsicExchangeItems"].is_null());
  EXPECT_TRUE(device("alpha", key_value_exchange)["GuestExchangeItems"].is_null());
}

TEST_F(IntegrationComponents, ReadingKeyValuesOftenAsksSeldom) {
  device("alpha", key_value_exchange);
  const auto before = host_.simulated_guest(id("alpha"))->commands();
  for (int i = 0; i < 10; ++i) device("alpha", key_value_exchange);
  EXPECT_LE(host_.simulated_guest(id("alpha"))->commands() - before, 1u);
}

TEST_F(IntegrationComponents, NetworkAdaptersOfTheGuest) {
  const auto adapters = all("Msvm_GuestNetworkAdapterConfiguration");
  ASSERT_EQ(adapters.size(), 2u) << "alpha's and beta's; delta is silent";
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_NE(failures_[0].message.find("'delta'"), std::string::npos);
  const auto found = std::find_if(adapters.begin(), adapters.end(), [&](const cim::Instance& each) {
    return to_text(each["InstanceID"]).find(id("alpha")) != std::string::npos;
  });
  ASSERT_NE(found, adapters.end());
  EXPECT_TRUE(to_text((*found)["InstanceID"])
                  .starts_with("Microsoft:GuestNetwork\\" + id("alpha") + "\\00000000-0000-0000-0000-525400"));
  EXPECT_EQ((*found)["IPAddresses"], cim::Value(cim::Array{cim::Value("192.0.2.1"), cim::Value("2001:db8::1")}));
  EXPECT_EQ((*found)["Subnets"], cim::Value(cim::Array{cim::Value("255.255.255.0"), cim::Value("64")}));
  EXPECT_EQ((*found)["ProtocolIFType"], cim::Value(std::uint64_t{4098}));
}

TEST_F(IntegrationComponents, TheClocksOffsetIsReadable) {
  const cim::Value texts = device("alpha", time_synchronization)["StatusDescriptions"];
  const std::string text = to_text(texts.get_if<cim::Array>()->at(0));
  EXPECT_TRUE(text.find("clock offset +90.0") != std::string::npos || text.find("+89.9") != std::string::npos) << text;
}

TEST_F(IntegrationComponents, TheVssServiceNeedsItsComponent) {
  const std::string path = R"(Msvm_VssService.CreationClassName="Msvm_VssService",Name="vsssvc",)"
                           R"(SystemCreationClassName="Msvm_ComputerSystem",SystemName=")" +
                           id("alpha") + "\"";
  EXPECT_EQ(call(path, "StartService").value().return_value, cim::Value(std::uint64_t{0}));
  EXPECT_EQ(call(path, "QueryGuestClusterInformation").value().return_value, cim::Value(std::uint64_t{32770}));
  modify("ModifyResourceSettings", state("alpha", volume_backup, 3));
  EXPECT_EQ(call(path, "StartService").value().return_value, cim::Value(std::uint64_t{1}));
  EXPECT_EQ(call(path, "QueryGuestClusterInformation").value().return_value, cim::Value(std::uint64_t{32775}));
}

}  // namespace
}  // namespace vmms::providers
