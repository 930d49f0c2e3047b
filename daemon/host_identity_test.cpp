#include "daemon/host_identity.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vmms::daemon {
namespace {

class HostIdentity : public testing::Test {
 protected:
  HostIdentity() {
    std::string pattern = "/tmp/vmms-identity-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~HostIdentity() override { std::filesystem::remove_all(folder_); }
  Result<std::string> kept() const { return kept_identity(**StateFolder::open(folder_)); }

  std::string folder_;
};

TEST_F(HostIdentity, StaysTheSame) {
  const auto first = host_identity(**StateFolder::open(folder_));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(is_guid(*first));
  EXPECT_EQ(*first, to_upper(*first));
  EXPECT_EQ(host_identity(**StateFolder::open(folder_)).value(), *first);
}

TEST_F(HostIdentity, IsNotTheMachineId) {
  std::string machine;
  std::getline(std::ifstream("/etc/machine-id"), machine);
  std::string shown = to_lower(host_identity(**StateFolder::open(folder_)).value());
  std::erase(shown, '-');
  EXPECT_NE(shown, machine);
}

TEST_F(HostIdentity, IsKeptWhereThereIsNoMachineId) {
  const auto first = kept();
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(is_guid(*first));
  EXPECT_EQ(kept().value(), *first);
  struct stat status {};
  ASSERT_EQ(stat((folder_ + "/host-uuid").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  std::ofstream(folder_ + "/host-uuid") << "nonsense\n";
  const auto second = kept();
  EXPECT_TRUE(is_guid(second.value()));
  EXPECT_EQ(kept().value(), *second);
}

}  // namespace
}  // namespace vmms::daemon
