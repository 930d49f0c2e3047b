#include "hypervisor/libvirt/uri.hpp"

#include <gtest/gtest.h>

namespace vmms::hypervisor::libvirt {
namespace {

TEST(Uri, FindsTheEmbeddedRoot) {
  EXPECT_EQ(**embedded_root("qemu:///embed?root=/var/lib/vm"), "/var/lib/vm");
  EXPECT_EQ(**embedded_root("qemu:///embed?x=1&root=/a%20b//c/"), "/a b/c");
  EXPECT_EQ(**embedded_root("qemu:///embed?root=%2Fa%20b"), "/a b");
  EXPECT_EQ(**embedded_root("qemu:///embed?x=1;ro%6ft=/a;y=2&root=/b"), "/a");
  EXPECT_FALSE(embedded_root("qemu:///system")->has_value());
  EXPECT_FALSE(embedded_root("test:///default")->has_value());
  EXPECT_FALSE(embedded_root("")->has_value());
}

TEST(Uri, RefusesAnEmbedUriWithoutAUsableRoot) {
  for (const char* uri : {"qemu:///embed", "qemu:///embed?", "qemu:///embed?root=", "qemu:///embed?root=relative",
                          "qemu:///embed?roots=/x"}) {
    const auto root = embedded_root(uri);
    ASSERT_FALSE(root) << uri;
    EXPECT_EQ(root.error().kind, Failure::invalid_argument);
    EXPECT_NE(root.error().message.find("root="), std::string::npos);
  }
}

TEST(Uri, KnowsWhatRunsInThisProcess) {
  EXPECT_TRUE(in_process("qemu:///embed?root=/x"));
  EXPECT_TRUE(in_process("test:///default"));
  EXPECT_FALSE(in_process("qemu:///system"));
  EXPECT_FALSE(in_process("qemu+ssh://host/system"));
}

TEST(Uri, KnowsTheFilesOfLocalDriversOnly) {
  EXPECT_EQ(local_files("qemu:///embed?root=/r").state, "/r/run/qemu");
  EXPECT_EQ(local_files("qemu:///embed?root=/r").configuration, "/r/etc/qemu");
  EXPECT_EQ(local_files("qemu:///system").state, "/run/libvirt/qemu");
  for (const char* uri : {"qemu+tls://host/system", "qemu+ssh://me@host/system", "test:///default", "xen:///system"}) {
    EXPECT_TRUE(local_files(uri).state.empty()) << uri;
    EXPECT_TRUE(local_files(uri).configuration.empty()) << uri;
  }
}

TEST(Uri, ShowsNoParameters) { EXPECT_EQ(short_uri("qemu:///embed?root=/secret"), "qemu:///embed"); }

}  // namespace
}  // namespace vmms::hypervisor::libvirt
