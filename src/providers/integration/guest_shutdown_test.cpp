// Shutting guests down, in each way that clients have.
#include "providers/common/machines.hpp"
#include "testing/test_fleet.hpp"

namespace vmms::providers {
namespace {

using hypervisor::PowerState;
using hypervisor::simulator::AgentState;
using testing::space;

class GuestShutdown : public testing::Providers {
 protected:
  std::uint64_t initiate(std::string_view machine, std::string_view method) {
    cim::ObjectPath path = component_path(id(machine), shutdown_component);
    path.namespace_name = space;
    cim::Arguments inputs;
    if (method != "InitiateHibernate") inputs = {true, std::string("maintenance")};
    const auto result = manager_.invoke(context_, path, method, inputs);
    EXPECT_TRUE(result) << result.error().message;
    return result ? *result->return_value.get_if<std::uint64_t>() : 99999;
  }
  std::uint64_t request(std::string_view machine, std::uint64_t state) {
    const auto result = call(machine_path(machine), "RequestStateChange", {state, cim::Value(), cim::Value()});
    EXPECT_TRUE(result) << result.error().message;
    return *result->return_value.get_if<std::uint64_t>();
  }
  PowerState power(std::string_view machine) { return host_.machines().find(id(machine))->power; }
};

TEST_F(GuestShutdown, ByTheAgent) {
  EXPECT_EQ(initiate("alpha", "InitiateShutdown"), 0u);
  EXPECT_EQ(power("alpha"), PowerState::off);
  const auto connection = host_.guests().find(id("beta"))->connection();
  EXPECT_EQ(initiate("beta", "InitiateReboot"), 0u);
  EXPECT_EQ(power("beta"), PowerState::running);
  EXPECT_GT(host_.guests().find(id("beta"))->connection(), connection);
  EXPECT_EQ(initiate("beta", "InitiateHibernate"), 0u);
  EXPECT_EQ(power("beta"), PowerState::off);
}

TEST_F(GuestShutdown, ByThePowerButtonWhereThereIsNoAgent) {
  host_.set_agent(id("alpha"), AgentState::none);
  EXPECT_EQ(initiate("alpha", "InitiateHibernate"), 32770u) << "no button for that";
  EXPECT_EQ(initiate("alpha", "InitiateShutdown"), 0u);
  EXPECT_EQ(power("alpha"), PowerState::off);
  EXPECT_EQ(initiate("delta", "InitiateShutdown"), 0u) << "its agent is silent";
  EXPECT_EQ(power("delta"), PowerState::off);
}

TEST_F(GuestShutdown, NotWhereItIsOffPausedOrFrozen) {
  host_.machines().change_settings(id("alpha"), [](hypervisor::Settings& settings) { settings.shutdown = false; });
  EXPECT_EQ(initiate("alpha", "InitiateShutdown"), 32775u);
  EXPECT_EQ(initiate("alpha", "InitiateHibernate"), 32775u);
  EXPECT_EQ(power("alpha"), PowerState::running);
  host_.simulated_guest(id("beta"))->set_frozen(true);
  EXPECT_EQ(initiate("beta", "InitiateReboot"), 32774u);
  host_.simulated_guest(id("beta"))->set_frozen(false);
  host_.set_power(id("beta"), PowerState::paused);
  EXPECT_EQ(initiate("beta", "InitiateShutdown"), 32775u);
  host_.set_power(id("beta"), PowerState::stopping);
  EXPECT_EQ(initiate("beta", "InitiateShutdown"), 32782u);
}

TEST_F(GuestShutdown, AsAStateOfTheVm) {
  EXPECT_EQ(request("alpha", 10), 4096u);
  EXPECT_EQ(power("alpha"), PowerState::running);
  EXPECT_EQ(request("alpha", 4), 4096u);
  EXPECT_EQ(power("alpha"), PowerState::off);
  EXPECT_EQ(request("alpha", 4), 32775u) << "it is off";
  EXPECT_EQ(request("gamma", 10), 32775u);
  EXPECT_EQ(request("beta", 9), 4096u);
  EXPECT_EQ(power("beta"), PowerState::paused);
  EXPECT_EQ(request("beta", 9), 32775u);
  EXPECT_EQ(request("beta", 4), 32775u);
  EXPECT_EQ(request("beta", 6), 4096u);
  EXPECT_EQ(power("beta"), PowerState::saved);
  EXPECT_EQ(request("beta", 2), 4096u);
  EXPECT_EQ(power("beta"), PowerState::running);
}

}  // namespace
}  // namespace vmms::providers
