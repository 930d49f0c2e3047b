#include "hypervisor/this_machine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

namespace vmms::hypervisor::this_machine {
namespace {

TEST(ThisMachine, MountsThatAreVolumes) {
  const auto found = read_mounts(
      "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"
      "22 21 0:20 / /proc rw,nosuid - proc proc rw\n"
      "23 21 0:21 / /run rw - tmpfs tmpfs rw,size=1k\n"
      "24 21 8:1 /srv /var/lib/bound rw shared:1 - ext4 /dev/sda1 rw\n"
      "25 21 8:2 / /data\\040of\\040all ro,noatime shared:2 master:3 - xfs /dev/sda2 rw\n"
      "26 21 0:40 / /tank rw - zfs tank rw\n"
      "27 21 0:41 / /mnt/share rw - nfs4 server:/share rw\n"
      "nonsense\n28 21 8:9 / /short rw -\n");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].mount_point, "/");
  EXPECT_EQ(found[0].source, "/dev/sda1");
  EXPECT_FALSE(found[0].read_only);
  EXPECT_EQ(found[1].mount_point, "/data of all");
  EXPECT_TRUE(found[1].read_only);
  EXPECT_EQ(found[2].type, "zfs");
  // A container's root is on no device.
  const auto root = read_mounts("21 1 0:99 / / rw - overlay overlay rw\n");
  ASSERT_EQ(root.size(), 1U);
  EXPECT_TRUE(read_mounts("").empty());
}

TEST(ThisMachine, ItsRootHasASize) {
  const auto found = volumes();
  const auto root =
      std::find_if(found.begin(), found.end(), [](const Volume& each) { return each.mount_point == "/"; });
  ASSERT_NE(root, found.end());
  EXPECT_EQ(root->size, std::filesystem::space("/").capacity);
  EXPECT_GT(root->block_size, 0U);
  EXPECT_LE(root->free, root->size);
}

TEST(ThisMachine, ItsNetworkInterfaces) {
  std::set<std::string> names;
  for (const NetworkInterface& each : network_interfaces()) {
    EXPECT_GT(each.index, 0U);
    names.insert(each.name);
    for (const auto& address : each.addresses) EXPECT_FALSE(address.text.empty() || address.subnet.empty());
  }
  std::set<std::string> expected;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net"))
    if (std::filesystem::is_directory(entry.path())) expected.insert(entry.path().filename().string());
  expected.erase("lo");
  EXPECT_EQ(names, expected);
}

TEST(ThisMachine, NameServers) {
  EXPECT_EQ(
      read_name_servers("# nameserver 1.1.1.1\nsearch a b\nnameserver 10.0.0.1\n nameserver  ::1 # x\nnameserver\n"),
      (std::vector<std::string>{"10.0.0.1", "::1"}));
}

TEST(ThisMachine, ServicesAreThoseOfSystemd) {
  for (const Service& each : services(std::chrono::seconds(5))) {
    EXPECT_TRUE(each.name.ends_with(".service")) << each.name;
    EXPECT_FALSE(each.active_state.empty()) << each.name;
  }
}

}  // namespace
}  // namespace vmms::hypervisor::this_machine
