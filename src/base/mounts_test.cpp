// What is reached by a path, whatever is mounted on what.
#include "base/mounts.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace vmms {
namespace {

/// "DEVICE:PATH WHERE" of each place.
std::vector<std::string> reached(const std::string& mountinfo, const std::string& path) {
  std::vector<std::string> places;
  for (const MountedPlace& place : reached_by(read_mountinfo(mountinfo), path))
    places.push_back(place.device + ' ' + place.path + ' ' + place.where);
  return places;
}

using Places = std::vector<std::string>;

TEST(Mounts, ReadsWhatTheKernelWrites) {
  const auto mounts = read_mountinfo(
      "36 35 98:0 /mnt1 /mnt\\040two\\134x rw,noatime master:1 propagate_from:2 - ext3 /dev/root rw,errors=continue\n"
      "37 36 0:40 / /empty rw - tmpfs  rw\n"
      "nonsense\n"
      "38 x 0:1 / /a rw - ext4 a rw\n"
      "39 35 0:4 net:[4026531840] /run/netns/a rw - nsfs nsfs rw");
  ASSERT_EQ(mounts.size(), 3U);
  EXPECT_EQ(mounts[0].id, 36U);
  EXPECT_EQ(mounts[0].parent, 35U);
  EXPECT_EQ(mounts[0].device, "98:0");
  EXPECT_EQ(mounts[0].root, "/mnt1");
  EXPECT_EQ(mounts[0].mount_point, "/mnt two\\x");
  EXPECT_EQ(mounts[0].options, "rw,noatime");
  EXPECT_EQ(mounts[0].type, "ext3");
  EXPECT_EQ(mounts[0].source, "/dev/root");
  EXPECT_EQ(mounts[1].mount_point, "/empty") << "its source is empty";
  EXPECT_EQ(mounts[2].root, "net:[4026531840]");
  EXPECT_TRUE(read_mountinfo("").empty());
}

TEST(Mounts, APathLeadsThroughMounts) {
  const std::string mounts =
      "1 0 8:1 / / rw - ext4 a rw\n"
      "2 1 8:2 / /srv rw - ext4 b rw\n"
      "3 2 8:1 /var/lib /srv/lib rw - ext4 a rw\n"
      "4 1 8:3 /sub /data rw - ext4 c rw\n";
  EXPECT_EQ(reached(mounts, "/etc/x"), (Places{"8:1 /etc/x /etc/x"}));
  EXPECT_EQ(reached(mounts, "/srvx"), (Places{"8:1 /srvx /srvx"}));
  EXPECT_EQ(reached(mounts, "/srv"), (Places{"8:2 / /srv", "8:1 /var/lib /srv/lib"}));
  EXPECT_EQ(reached(mounts, "/srv/lib/vmms"), (Places{"8:1 /var/lib/vmms /srv/lib/vmms"}));
  EXPECT_EQ(reached(mounts, "/data/x"), (Places{"8:3 /sub/x /data/x"}));
  EXPECT_EQ(reached(mounts, "/").size(), 4U);
  EXPECT_EQ(reached(mounts, "/").front(), "8:1 / /");
}

TEST(Mounts, WhatIsHiddenIsNotWhereAPathLeads) {
  const std::string mounts =
      "1 0 8:1 / / rw - ext4 a rw\n"
      "2 1 8:2 / /srv/lib rw - ext4 b rw\n"  // hidden by the next
      "3 1 8:3 / /srv rw - ext4 c rw\n"
      "4 3 8:4 / /srv rw - ext4 d rw\n";  // and that by this
  EXPECT_EQ(reached(mounts, "/srv/lib/x"), (Places{"8:4 /lib/x /srv/lib/x"}));
  EXPECT_EQ(reached(mounts, "/srv"), (Places{"8:4 / /srv", "8:2 / /srv/lib"})) << "it comes back";
}

TEST(Mounts, ExportsOfOneFileSystemAreTwoPlaces) {
  const auto places = [](const std::string& path) {
    return reached_by(read_mountinfo("1 0 8:1 / / rw - ext4 a rw\n"
                                     "2 1 0:50 / /images rw - nfs4 server:/export/images rw\n"
                                     "3 1 0:50 / /other rw - nfs4 server:/export/other rw\n"
                                     "4 1 0:50 / /export rw - nfs4 [fd00::1]:/export rw\n"),
                      path)
        .front();
  };
  EXPECT_FALSE(places("/images").contains(places("/other")));
  EXPECT_TRUE(places("/export").contains(places("/other/x")));
  EXPECT_FALSE(places("/other/x").contains(places("/export")));
}

TEST(Mounts, WithoutARootNothingIsKnown) {
  EXPECT_EQ(reached("2 1 8:2 / /srv rw - ext4 b rw\n", "/srv"), Places{});
  EXPECT_EQ(reached("", "/"), Places{});
  // Mounts that are each other's parents end, too.
  EXPECT_EQ(reached("1 1 8:1 / / rw - ext4 a rw\n2 1 8:2 / /a rw - ext4 b rw\n", "/a/b"), (Places{"8:2 /b /a/b"}));
  EXPECT_EQ(reached("1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / / rw - ext4 b rw\n", "/a"), (Places{"8:2 /a /a"}));
}

TEST(Mounts, ThisHost) {
  std::ifstream file("/proc/self/mountinfo");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) GTEST_SKIP() << "there is no /proc/self/mountinfo";
  const auto places = reached_by(read_mountinfo(text), "/proc/self");
  ASSERT_FALSE(places.empty());
  EXPECT_EQ(places.front().path, "/self");
}

}  // namespace
}  // namespace vmms
