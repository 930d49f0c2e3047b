// The state of a guest: the same answer from every provider.
#include "guest/agent/heartbeat.hpp"
#include "guest/services/systemd.hpp"
#include "guest/testing/guest_with_ports.hpp"
#include "providers/integration/integration_components.hpp"
#include "testing/test_fleet.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

namespace vmms::providers {
namespace {

using namespace std::chrono_literals;
using guest::Clock;
using ::testing::HasSubstr;

constexpr const char* program = "the program";

class GuestContact : public testing::Providers {
 protected:
  GuestContact() : testing::Providers(with_own_agent()) {}

  static Guests::Options with_own_agent() {
    Guests::Options options;
    options.own_agent = {program, "5um"};
    return options;
  }

  cim::Instance interface_of(std::string_view name) {
    cim::ObjectPath path = component_path(id(name), guest_service_interface);
    path.namespace_name = testing::space;
    const auto found = manager_.get(context_, path);
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  /// A property as text; of an array its elements with spaces between.
  static std::string text(const cim::Instance& instance, const char* property) {
    const cim::Value& value = instance[property];
    const auto* array = value.get_if<cim::Array>();
    if (!array) return to_text(value);
    std::string elements;
    for (const cim::Value& each : *array) elements += (elements.empty() ? "" : " ") + to_text(each);
    return elements;
  }
};

TEST_F(GuestContact, AHypervisorThatIsLostIsToldOfTheHostAndItsMachines) {
  host_.set_health(error(Failure::unreachable, "libvirt has been lost since noon"));
  for (const cim::Instance& system : all("Msvm_ComputerSystem")) {
    EXPECT_EQ(text(system, "Status"), "Lost Comm");
    EXPECT_EQ(text(system, "OperationalStatus"), "13");
    EXPECT_THAT(text(system, "StatusDescriptions"), HasSubstr("lost since noon"));
  }
  const cim::Instance component = interface_of("alpha");
  EXPECT_EQ(text(component, "OperationalStatus"), "13");
  EXPECT_THAT(text(component, "StatusDescriptions"), HasSubstr("lost since noon"));
  host_.set_health({});
  for (const cim::Instance& system : all("Msvm_ComputerSystem")) EXPECT_EQ(text(system, "Status"), "OK");
}

// The guest's own agent ends while ours is there.
TEST_F(GuestContact, OurOwnAgentIsEnoughForServices) {
  const auto agent = std::make_shared<guest::GuestWithPorts>();
  host_.transports["alpha"] = agent;
  const std::string shown = "Id=a.service\nNames=a.service\nLoadState=loaded\nActiveState=active\nType=exec\n";
  agent->reply(std::string(guest::own_agent_look_script), {0, "Directory=/run/vmms\n", ""});
  agent->reply(std::string(guest::systemd_start_script), {0, "ExitStatus=0\n" + shown + "\n", ""});
  agent->reply(std::string(guest::systemd_list_script),
               {0, "Fingerprint=7 8\n" + shown + "\nUnitFiles=a.service \n", ""});
  const std::string path = fmt::format(
      "Vmms_GuestOSService.CreationClassName=\"Vmms_GuestOSService\",Name=\"a.service\",SystemCreationClassName=\"Msvm_"
      "ComputerSystem\",SystemName=\"{}\"",
      id("alpha"));
  const auto answer = [&](const char* method) {
    const auto called = call(path, method);
    EXPECT_TRUE(called) << called.error().message;
    return called ? called->return_value : cim::Value();
  };
  EXPECT_EQ(answer("StartService"), cim::Value(std::uint64_t{0}));
  const auto guest = guests_.find(id("alpha"));
  for (const auto limit = Clock::now() + 30s; !guest->has_own_agent() && Clock::now() < limit;)
    std::this_thread::sleep_for(2ms);
  ASSERT_TRUE(guest->has_own_agent()) << guest->own_agent_description();

  agent->set_connected(false);
  host_.set_agent(id("alpha"), hypervisor::simulator::AgentState::none);
  EXPECT_EQ(answer("StopService"), cim::Value(std::uint64_t{0}));
  EXPECT_EQ(answer("StartService"), cim::Value(std::uint64_t{0}));
  EXPECT_GE(agent->acted, 2);
  const cim::Instance component = interface_of("alpha");
  EXPECT_EQ(text(component, "OperationalStatus"), "3");
  EXPECT_THAT(text(component, "StatusDescriptions"), HasSubstr("qemu-guest-agent is not connected"));

  guest->drop_own_agent();
  EXPECT_EQ(answer("StartService"), cim::Value(std::uint64_t{1}));
  EXPECT_EQ(text(interface_of("alpha"), "OperationalStatus"), "12");
}

// An agent that needs 1.5 s for an answer is slow: after recent answers it is not called silent.
TEST_F(GuestContact, ASlowAgentIsNotSilent) {
  host_.simulated_guest(id("beta"))->set_latency(900ms);
  const auto keys = std::vector<cim::KeyBinding>{{"SystemName", id("beta"), {}}};
  EXPECT_FALSE(all("Vmms_GuestOSService", 100, keys).empty());
  EXPECT_TRUE(failures_.empty());
  EXPECT_THAT(text(interface_of("beta"), "StatusDescriptions"), HasSubstr("OK"));
  std::this_thread::sleep_for(guest::Heartbeat::believed + 100ms);
  EXPECT_THAT(text(interface_of("beta"), "StatusDescriptions"), HasSubstr("OK")) << "it gets twice the time it needed";
}

}  // namespace
}  // namespace vmms::providers
