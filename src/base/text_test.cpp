#include "base/text.hpp"

#include <gtest/gtest.h>

#include <set>

namespace vmms {
namespace {

TEST(Text, NamesCompareWithoutCase) {
  EXPECT_TRUE(equals_no_case("Msvm_GuestService", "MSVM_guestSERVICE"));
  EXPECT_FALSE(equals_no_case("Msvm_GuestService", "Msvm_GuestServices"));
  EXPECT_LT(compare_no_case("abc", "ABD"), 0);
  EXPECT_LT(compare_no_case("ab", "ABC"), 0);
  EXPECT_GT(compare_no_case("b", "A"), 0);
}

TEST(Text, CaseChangesOnlyAscii) {
  EXPECT_EQ(to_upper("vm-ä1"), "VM-ä1");
  EXPECT_EQ(to_lower("VM-Ä1"), "vm-Ä1");
}

TEST(Text, RandomGuidsAreDistinctVersion4Guids) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string guid = random_guid();
    EXPECT_TRUE(is_guid(guid)) << guid;
    EXPECT_EQ(guid[14], '4') << guid;
    EXPECT_TRUE(seen.insert(guid).second) << guid;
  }
}

TEST(Text, GuidFormIsChecked) {
  EXPECT_TRUE(is_guid("a1576c71-F505-4D1B-9B78-2CFD971B0F31"));
  EXPECT_FALSE(is_guid(""));
  EXPECT_FALSE(is_guid("A1576C71-F505-4D1B-9B78-2CFD971B0F3"));
  EXPECT_FALSE(is_guid("A1576C71-F505-4D1B-9B78-2CFD971B0F3G"));
  EXPECT_FALSE(is_guid("A1576C71xF505-4D1B-9B78-2CFD971B0F31"));
}

}  // namespace
}  // namespace vmms
