#include "hypervisor/libvirt/accelerator.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace vmms::hypervisor::libvirt {
namespace {

bool qemu_is_installed() { return access("/usr/bin/qemu-system-x86_64", X_OK) == 0; }

TEST(Accelerator, ATrialBootSucceedsUnderTcg) {
  if (!qemu_is_installed()) GTEST_SKIP() << "qemu-system-x86_64 is not installed";
  EXPECT_TRUE(trial_boot("tcg", std::chrono::seconds(20)));
}

TEST(Accelerator, ATrialBootFailsInTime) {
  EXPECT_FALSE(trial_boot("no-such-accelerator", std::chrono::seconds(20)));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(trial_boot("tcg", std::chrono::milliseconds(0)));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

TEST(Accelerator, TheChoiceIsKvmOnlyWhereItBoots) {
  if (!kvm_is_plausible()) {
    EXPECT_EQ(choose_accelerator(), Accelerator::tcg);
  }
  EXPECT_STREQ(domain_type(Accelerator::tcg), "qemu");
  EXPECT_STREQ(domain_type(Accelerator::kvm), "kvm");
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
