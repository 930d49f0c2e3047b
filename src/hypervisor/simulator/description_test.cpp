#include "hypervisor/simulator/description.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace vmms::hypervisor::simulator {
namespace {

FleetDescription parsed(std::string_view toml) {
  const auto fleet = parse_description(toml, "fleet.toml");
  EXPECT_TRUE(fleet.has_value()) << (fleet.has_value() ? "" : fleet.error().message);
  return fleet.has_value() ? *fleet : FleetDescription();
}

std::string complaint(std::string_view toml) {
  const auto fleet = parse_description(toml, "fleet.toml");
  EXPECT_FALSE(fleet.has_value()) << toml;
  if (fleet.has_value()) return {};
  EXPECT_EQ(fleet.error().kind, Failure::invalid_argument);
  return fleet.error().message;
}

TEST(Description, DefaultsOfAVm) {
  const auto fleet = parsed("[[vm]]\nname = 'a'\n");
  ASSERT_EQ(fleet.machines.size(), 1U);
  EXPECT_EQ(fleet.machines[0].name, "a");
  EXPECT_TRUE(is_guid(fleet.machines[0].id));
  const MachineDescription& machine = *fleet.machines[0].description;
  EXPECT_EQ(machine.power, PowerState::off);
  EXPECT_EQ(machine.processors, 1U);
  EXPECT_EQ(machine.memory_bytes, std::uint64_t{1} << 30);
  EXPECT_EQ(machine.settings, Settings());
  EXPECT_EQ(machine.guest, nullptr);
}

TEST(Description, IdsFollowFromHostAndName) {
  const auto one = parsed("[host]\nname='h'\n[[vm]]\nname='a'\n[[vm]]\nname='b'\n");
  const auto two = parsed("[host]\nname='h'\n[[vm]]\nname='b'\nprocessors=8\n");
  const auto other = parsed("[host]\nname='i'\n[[vm]]\nname='b'\n");
  EXPECT_EQ(one.machines[1].id, two.machines[0].id);
  EXPECT_NE(one.machines[0].id, one.machines[1].id);
  EXPECT_NE(other.machines[0].id, two.machines[0].id);
  EXPECT_EQ(one.machines[0].id, to_upper(one.machines[0].id));
  EXPECT_EQ(parsed("[[vm]]\nname='a'\nid='0f3b8a56-5d0c-4f8e-9a53-8b9a1c3c7d11'\n").machines[0].id,
            "0F3B8A56-5D0C-4F8E-9A53-8B9A1C3C7D11");
}

TEST(Description, TemplatesAreSharedAndOverridden) {
  const auto fleet = parsed(R"(
[template.t]
state = "running"
processors = 4
[[template.t.guest.service]]
name = "a"
start = "fail"
[[fleet]]
prefix = "f"
count = 10
template = "t"
[[vm]]
name = "x"
template = "t"
processors = 2
[[vm.guest.service]]
name = "a.service"
exit_status = 9
[[vm.guest.service]]
name = "worker@.service"
)");
  ASSERT_EQ(fleet.machines.size(), 11U);
  EXPECT_EQ(fleet.machines[1].name, "f01");
  EXPECT_EQ(fleet.machines[10].name, "f10");
  EXPECT_EQ(fleet.machines[1].description, fleet.machines[10].description);
  EXPECT_EQ(fleet.machines[1].description->processors, 4U);
  const MachineDescription& x = *fleet.machines[0].description;
  EXPECT_EQ(x.processors, 2U);
  EXPECT_EQ(x.power, PowerState::running);
  ASSERT_EQ(x.guest->services.size(), 2U);
  EXPECT_EQ(x.guest->services[0].name, "a.service");
  EXPECT_EQ(x.guest->services[0].start, StartBehaviour::fail);
  EXPECT_EQ(x.guest->services[0].exit_status, 9U);
  EXPECT_EQ(fleet.machines[1].description->guest->services[0].exit_status, 1U) << "the template stays as it was";
}

TEST(Description, SlowTakesFiveSecondsUnlessSaidOtherwise) {
  const auto fleet = parsed(
      "[[vm]]\nname='a'\n[[vm.guest.service]]\nname='s'\nstart='slow'\n"
      "[[vm.guest.service]]\nname='t'\nstart='slow'\nstart_milliseconds=7\n");
  EXPECT_EQ(fleet.machines[0].description->guest->services[0].start_time, milliseconds(5000));
  EXPECT_EQ(fleet.machines[0].description->guest->services[1].start_time, milliseconds(7));
}

TEST(Description, NamesOfWindowsServicesHaveNoCase) {
  EXPECT_NE(complaint("[[vm]]\nname='a'\n[vm.guest]\nservice_manager='windows'\n[[vm.guest.service]]\nname='Spooler'\n"
                      "[[vm.guest.service]]\nname='SPOOLER'\n")
                .find("two services named \"SPOOLER\""),
            std::string::npos);
}

TEST(Description, AServiceIsDescribedByItsNameAsItsManagerHasIt) {
  for (const auto& [manager, description] : {std::pair("systemd", "sshd.service"), std::pair("openrc", "sshd"),
                                             std::pair("sysvinit", "sshd"), std::pair("windows", "sshd")}) {
    const auto fleet = parsed(std::string("[[vm]]\nname='a'\n[vm.guest]\nservice_manager='") + manager +
                              "'\n[[vm.guest.service]]\nname='sshd'\n");
    EXPECT_EQ(fleet.machines[0].description->guest->services[0].description, description) << manager;
  }
}

TEST(Description, ErrorsNameFileLineAndColumn) {
  EXPECT_EQ(complaint("[[vm]]\nname = 'a'\nstat = 'off'\n").find("fleet.toml:3:1: unknown key \"stat\""), 0U);
  EXPECT_NE(complaint("[[vm]]\nname = 'a'\nstat = 'off'\n").find("state"), std::string::npos)
      << "what is known is listed";
  EXPECT_EQ(complaint("[[vm]]\nname = 'a'\nstate = 'of'\n").find("fleet.toml:3:9: \"state\" must be one of \"off\""),
            0U);
  EXPECT_EQ(complaint("[[vm]\n").find("fleet.toml:1:"), 0U);
  EXPECT_EQ(complaint("[[vm]]\nn\xC3\xA4me = 'a'\n").find("fleet.toml:2:2:"), 0U) << complaint("n\xC3\xA4me = 1");
  EXPECT_EQ(complaint("[[vm]]\nname = 'a' \xC3\xA4\n").find("fleet.toml:2:"), 0U);
}

TEST(Description, EveryBadValueIsAnError) {
  for (const char* toml : {
           "x = 1",
           "vm = 1",
           "vm = [1]",
           "[host]\nprocessors = 0",
           "[host]\nname = 1",
           "[[vm]]\n",
           "[[vm]]\nname = ''",
           "[[vm]]\nname = 'a'\nid = 'b'",
           "[[vm]]\nname = 'a'\n[[vm]]\nname = 'a'",
           "[[vm]]\nname = 'a'\nid='0F3B8A56-5D0C-4F8E-9A53-8B9A1C3C7D11'\n"
           "[[vm]]\nname = 'b'\nid='0f3b8a56-5D0C-4F8E-9A53-8B9A1C3C7D11'",
           "[[vm]]\nname = 'a'\ntemplate = 'none'",
           "[[vm]]\nname = 'a'\nprocessors = -1",
           "[[vm]]\nname = 'a'\nmemory_mib = 1.5",
           "[[vm]]\nname = 'a'\nfaults = ['reboot']",
           "[[vm]]\nname = 'a'\nfaults = 'start'",
           "[[vm]]\nname = 'a'\nsettings = {guest_service_interface = 1}",
           "[[vm]]\nname = 'a'\nguest = {agent = 'maybe'}",
           "[[vm]]\nname = 'a'\nguest = {latency_milliseconds = -1}",
           "[[vm]]\nname = 'a'\nguest = {forbids = [1]}",
           "[[vm]]\nname = 'a'\nguest = {os = {color = 'red'}}",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\n",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a/b'",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a.socket'",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a'\naliases = ['b c']",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a'\nexit_status = 256",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a'\nstart = 'explode'",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a'\nunit_file_state = 'enable'",
           "[[vm]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a'\n[[vm.guest.service]]\nname = 'a.service'",
           "[[vm]]\nname = 'a'\nguest = {addresses = ['192.0.2.300']}",
           "[[vm]]\nname = 'a'\nguest = {addresses = ['192.0.2.1/24']}",
           "[[vm]]\nname = 'a'\nguest = {forbids = ['guest_exec']}",
           "[[vm]]\nname = 'a'\nguest = {forbids = ['exec']}",
           "[[fleet]]\ncount = 1",
           "[[fleet]]\nprefix = 'a'",
           "[[fleet]]\nprefix = 'a'\ncount = 1000001",
           "[[fleet]]\nprefix = 'a'\ncount = 1\nname = 'b'",
           "template = {t = 1}",
           "[template.t]\nname = 'a'",
           "\xFF",
       })
    EXPECT_EQ(complaint(toml).find("fleet.toml:"), 0U) << toml << "\n" << complaint(toml);
}

TEST(Description, AFileThatCannotBeReadIsNotFound) {
  for (const char* file : {"/nonexistent/fleet.toml", "/"}) {
    const auto fleet = read_description(file);
    ASSERT_FALSE(fleet.has_value()) << file;
    EXPECT_EQ(fleet.error().kind, Failure::not_found);
    EXPECT_EQ(fleet.error().message.find(file), 0U);
  }
}

TEST(Description, TheExampleIsRight) {
  const auto fleet = read_description(VMMS_SOURCE_DIR "/examples/fleet.toml");
  ASSERT_TRUE(fleet.has_value()) << fleet.error().message;
  EXPECT_GT(fleet->machines.size(), 30U);
}

}  // namespace
}  // namespace vmms::hypervisor::simulator
