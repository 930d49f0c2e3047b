#include "hypervisor/libvirt/host_machine.hpp"

#include <gtest/gtest.h>

namespace vmms::hypervisor::libvirt {
namespace {

TEST(HostMachine, TheOperatingSystemsName) {
  EXPECT_EQ(operating_system_name("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nVERSION_ID=12\n"),
            "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(operating_system_name("PRETTY_NAME=Plain"), "Plain");
  EXPECT_EQ(operating_system_name("PRETTY_NAME=\""), "\"");
  EXPECT_EQ(operating_system_name("NAME=x"), "");
  EXPECT_EQ(operating_system_name(""), "");
}

TEST(HostMachine, VersionsAreNumbers) {
  EXPECT_EQ(numeric_version("6.1.0-28-amd64"), "6.1.0");
  EXPECT_EQ(numeric_version("5.15.167.4-microsoft"), "5.15.167.4");
  EXPECT_EQ(numeric_version("6.1."), "6.1");
  EXPECT_EQ(numeric_version("next"), "");
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
