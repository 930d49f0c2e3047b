#include "hypervisor/libvirt/machine.hpp"

#include "base/text.hpp"

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

TEST(HostMachine, ItsUuidStays) {
  const std::string libvirt = "a1576c71-f505-4d1b-9b78-2cfd971b0f31";
  const std::string firmware = "b1576c71-f505-4d1b-9b78-2cfd971b0f31";
  const std::string identity = "C1576C71-F505-4D1B-9B78-2CFD971B0F31";
  const std::string nothing = "ffffffff-ffff-ffff-ffff-ffffffffffff";
  const auto uuid = [&](const std::string& of_libvirt, const std::string& of_firmware, bool configured, bool local,
                        const std::string& uri = "qemu+ssh://a/system") {
    return lasting_uuid({of_libvirt, of_firmware, configured, local, identity, uri});
  };
  EXPECT_EQ(uuid(libvirt, firmware, false, true), to_upper(libvirt)) << "libvirt knows better than the firmware";
  EXPECT_EQ(uuid(libvirt, "", true, true), to_upper(libvirt));
  EXPECT_EQ(uuid(libvirt, "", false, true), identity) << "it was made up";
  EXPECT_EQ(uuid(libvirt, nothing, false, true), identity);
  EXPECT_EQ(uuid("", firmware, false, true), to_upper(firmware));
  EXPECT_EQ(uuid(libvirt, "", false, false), to_upper(libvirt));
  const std::string other = uuid("", "", false, false);
  EXPECT_TRUE(is_guid(other) && other != identity) << other;
  EXPECT_EQ(uuid("", "", false, false), other);
  EXPECT_NE(uuid("", "", false, false, "qemu+ssh://b/system"), other);
}

TEST(HostMachine, VersionsAreNumbers) {
  EXPECT_EQ(numeric_version("6.1.0-28-amd64"), "6.1.0");
  EXPECT_EQ(numeric_version("5.15.167.4-microsoft"), "5.15.167.4");
  EXPECT_EQ(numeric_version("6.1."), "6.1");
  EXPECT_EQ(numeric_version("next"), "");
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
