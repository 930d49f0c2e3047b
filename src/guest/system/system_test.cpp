#include "guest/system/system.hpp"

#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

Clock::time_point soon() { return Clock::now() + 30s; }

class SystemTest : public testing::Test {
 protected:
  void answer(const std::string& command, const std::string& value) {
    transport_->answer_with(command, "{\"return\":" + value + "}");
  }
  void refuse(const std::string& command, const std::string& text) {
    transport_->answer_with(command, R"({"error":{"class":"GenericError","desc":")" + text + "\"}}");
  }
  static std::string now_and(std::chrono::nanoseconds offset) {
    return std::to_string((std::chrono::system_clock::now().time_since_epoch() + offset).count());
  }

  std::shared_ptr<FakeAgent> transport_ = std::make_shared<FakeAgent>();
  System system_{transport_, std::make_shared<AbandonedProcesses>()};
};

TEST_F(SystemTest, ItsName) {
  answer("guest-get-host-name", R"({"host-name":"web1.example.org"})");
  EXPECT_EQ(system_.host_name(soon()).value(), "web1.example.org");
  EXPECT_EQ(system_.agent_version(soon()).value(), "7.2.0");
}

TEST_F(SystemTest, ItsAddresses) {
  answer("guest-network-get-interfaces",
         R"([{"name":"lo","hardware-address":"00:00:00:00:00:00",
              "ip-addresses":[{"ip-address":"127.0.0.1","ip-address-type":"ipv4","prefix":8}]},
             {"name":"eth0","hardware-address":"52:54:00:AB:cd:01","statistics":{},
              "ip-addresses":[{"ip-address":"192.0.2.7","ip-address-type":"ipv4","prefix":24},
                              {"ip-address":"fe80::1","ip-address-type":"ipv6","prefix":64}]},
             {"name":"down"}])");
  const auto interfaces = system_.interfaces(soon());
  ASSERT_TRUE(interfaces) << interfaces.error().message;
  ASSERT_EQ(interfaces->size(), 3U);
  EXPECT_EQ((*interfaces)[0].hardware_address, "");
  EXPECT_EQ((*interfaces)[1].hardware_address, "52:54:00:ab:cd:01");
  ASSERT_EQ((*interfaces)[1].addresses.size(), 2U);
  EXPECT_EQ((*interfaces)[1].addresses[0].prefix, 24U);
  EXPECT_TRUE((*interfaces)[1].addresses[1].version_6);
}

TEST_F(SystemTest, HostileAnswersHarmNobody) {
  std::string many = "[";
  for (int i = 0; i < 3000; ++i) many += R"({"name":"x","hardware-address":7,"ip-addresses":{}},)";
  many += "{}]";
  answer("guest-network-get-interfaces", many);
  EXPECT_LE(system_.interfaces(soon())->size(), 256U);
  answer("guest-network-get-interfaces",
         R"([7,null,{"hardware-address":"52:54:00:ab:cd:0;","ip-addresses":[3,{"ip-address":"1.2.3.4; reboot",
             "ip-address-type":"ipv4"},{"ip-address":"::1","ip-address-type":"ipv4"},
             {"ip-address":"10.0.0.1","ip-address-type":"ipv4","prefix":-7}]}])");
  const auto odd = system_.interfaces(soon());
  ASSERT_EQ(odd->size(), 1U);
  EXPECT_EQ((*odd)[0].hardware_address, "");
  ASSERT_EQ((*odd)[0].addresses.size(), 1U);
  EXPECT_EQ((*odd)[0].addresses[0].prefix, 0U);
  for (const char* nonsense : {"{}", "7", "null", "[[]]", "\"x\"", "-1", "1e99", "true"}) {
    for (const char* command : {"guest-get-host-name", "guest-network-get-interfaces", "guest-get-time",
                                "guest-fsfreeze-freeze", "guest-fsfreeze-thaw"})
      answer(command, nonsense);
    system_.host_name(soon());
    system_.interfaces(soon());
    system_.clock_offset(soon());
    if (std::string(nonsense) != "7") {
      EXPECT_FALSE(system_.freeze(soon())) << nonsense;
      EXPECT_FALSE(system_.thaw(soon())) << nonsense;
    }
  }
}

TEST_F(SystemTest, ItsClock) {
  answer("guest-get-time", now_and(90s));
  const auto offset = system_.clock_offset(soon());
  ASSERT_TRUE(offset);
  EXPECT_GT(*offset, 85s);
  EXPECT_LT(*offset, 95s);
  EXPECT_TRUE(system_.set_clock(soon()));
  // No hwclock in the guest: the agent says that it failed, though the clock is right.
  refuse("guest-set-time", "hwclock failed to set hardware clock to system time");
  EXPECT_FALSE(system_.set_clock(soon()));
  answer("guest-get-time", now_and(0s));
  EXPECT_TRUE(system_.set_clock(soon()));
}

TEST_F(SystemTest, AShutdownThatIsNotAnsweredWorked) {
  EXPECT_TRUE(system_.shut_down(ShutdownMode::power_down, soon()));
  refuse("guest-shutdown", "child process has failed to shutdown");
  const auto failed = system_.shut_down(ShutdownMode::reboot, soon());
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, Failure::failed);
  EXPECT_NE(failed.error().message.find("child process"), std::string::npos);
  // No shutdown is sent to an agent that is not there, or silent.
  transport_->set_connected(false);
  EXPECT_EQ(system_.shut_down(ShutdownMode::power_down, soon()).error().kind, Failure::unreachable);
  transport_->set_connected(true);
  transport_->forbid("guest-suspend-disk");
  EXPECT_EQ(system_.shut_down(ShutdownMode::hibernate, soon()).error().kind, Failure::not_supported);
}

TEST_F(SystemTest, FrozenFileSystemsAreInUse) {
  transport_->set_frozen(true);
  EXPECT_EQ(system_.shut_down(ShutdownMode::power_down, soon()).error().kind, Failure::busy);
}

TEST_F(SystemTest, KeyValuesAreTheInputOfFixedScripts) {
  EXPECT_TRUE(system_.write_host_key_values({{"a", "$(reboot)\n"}}, soon()));
  const auto runs = transport_->runs(write_key_values_script);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_EQ(runs[0].text.find("reboot"), std::string::npos);
  ASSERT_EQ(runs[0].parameters.size(), 2U);
  EXPECT_EQ(runs[0].parameters[0], "first last");
  EXPECT_EQ(runs[0].input, "a\t$(reboot)\\n\n");
  transport_->reply(std::string(write_key_values_script), {1, "", "Read-only file system"});
  const auto failed = system_.write_host_key_values({}, soon());
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("Read-only"), std::string::npos);
  transport_->reply(std::string(read_key_values_script), {0, "Role\tweb\n", ""});
  EXPECT_EQ(system_.read_guest_key_values(soon()).value(), (KeyValues{{"Role", "web"}}));
}

TEST_F(SystemTest, EachWritingOfKeyValuesHasAFileOfItsOwn) {
  const KeyValues many(128, {std::string(500, 'n'), std::string(1000, 'v')});
  EXPECT_TRUE(system_.write_host_key_values(many, soon()));
  EXPECT_TRUE(system_.write_host_key_values({{"a", "b"}}, soon()));
  const auto runs = transport_->runs(write_key_values_script);
  ASSERT_EQ(runs.size(), 4U);
  std::string written;
  for (std::size_t i = 0; i < 3; ++i) {
    written += runs[i].input;
    ASSERT_EQ(runs[i].parameters.size(), 2U);
    EXPECT_EQ(runs[i].parameters[0], i == 0 ? "first" : i == 1 ? "" : " last");
    EXPECT_EQ(runs[i].parameters[1], runs[0].parameters[1]);
  }
  EXPECT_EQ(written, write_key_values(many));
  EXPECT_NE(runs[3].parameters[1], runs[0].parameters[1]);
}

}  // namespace
}  // namespace vmms::guest
