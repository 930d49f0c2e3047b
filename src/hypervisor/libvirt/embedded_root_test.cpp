#include "hypervisor/libvirt/embedded_root.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace vmms::hypervisor::libvirt {
namespace {

struct EmbeddedRootTest : testing::Test {
  EmbeddedRootTest() {
    std::string pattern = "/tmp/vmms-XXXXXX";
    root = mkdtemp(pattern.data());
  }
  ~EmbeddedRootTest() override { std::filesystem::remove_all(root); }

  std::string configuration() const {
    std::ostringstream text;
    text << std::ifstream(root / "etc/qemu.conf").rdbuf();
    return text.str();
  }
  std::filesystem::path root;
};

TEST_F(EmbeddedRootTest, WritesTheDriversConfiguration) {
  ASSERT_TRUE(prepare_embedded_root(root));
  EXPECT_NE(configuration().find("stdio_handler = \"file\"\n"), std::string::npos);
  EXPECT_EQ(configuration().find("dynamic_ownership = 0\n") != std::string::npos, geteuid() == 0);
}

TEST_F(EmbeddedRootTest, LeavesAnExistingConfigurationAlone) {
  std::filesystem::create_directories(root / "etc");
  std::ofstream(root / "etc/qemu.conf") << "mine\n";
  ASSERT_TRUE(prepare_embedded_root(root));
  ASSERT_TRUE(prepare_embedded_root(root));
  EXPECT_EQ(configuration(), "mine\n");
}

TEST_F(EmbeddedRootTest, RefusesAPathTooLongForSockets) {
  const auto refused = prepare_embedded_root(root / std::string(60, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::invalid_argument);
  EXPECT_NE(refused.error().message.find("shorter"), std::string::npos);
  // Room for a short name, none for a long one; libvirt uses twenty characters of it.
  const std::filesystem::path borderline(std::string("/") + std::string(40, 'x'));
  EXPECT_TRUE(check_socket_paths(borderline, "a"));
  EXPECT_FALSE(check_socket_paths(borderline, std::string(20, 'a')));
  EXPECT_EQ(check_socket_paths("/tmp/x", std::string(20, 'a')).has_value(),
            check_socket_paths("/tmp/x", std::string(200, 'a')).has_value());
}

TEST_F(EmbeddedRootTest, SaysWhichDirectoryCannotBeMade) {
  std::ofstream(root / "file") << "x";
  const auto refused = prepare_embedded_root(root / "file");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::failed);
  EXPECT_NE(refused.error().message.find("file"), std::string::npos);
}

TEST_F(EmbeddedRootTest, ExplainsWhyOpeningFails) {
  std::filesystem::create_directories(root / "run/qemu");
  std::ofstream(root / "run/qemu/driver.pid") << "4711\n";
  const auto busy = explain_open_failure(
      root, {VIR_ERR_SYSTEM_ERROR, VIR_FROM_NONE, "PID-Datei '…/run/qemu/driver.pid' konnte nicht erworben werden"});
  EXPECT_NE(busy.find("4711"), std::string::npos);
  EXPECT_NE(busy.find(root.string()), std::string::npos);
  const LastError no_user{VIR_ERR_INVALID_ARG, VIR_FROM_NONE, "Analyse des Benutzers 'libvirt-qemu' fehlgeschlagen"};
  EXPECT_NE(explain_open_failure(root, no_user, false).find("useradd"), std::string::npos);
  EXPECT_EQ(explain_open_failure(root, no_user, true).find("useradd"), std::string::npos);
  EXPECT_EQ(explain_open_failure(root, {VIR_ERR_OPERATION_FAILED, VIR_FROM_QEMU, "anything else"}), "");
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
