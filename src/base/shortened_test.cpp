#include "base/shortened.hpp"

#include <gtest/gtest.h>

namespace vmms {
namespace {

TEST(Shortened, KeepsWhatIsShort) {
  EXPECT_EQ(shortened("", 0), "");
  EXPECT_EQ(shortened("abc", 3), "abc");
}

TEST(Shortened, CutsBetweenCharacters) {
  EXPECT_EQ(shortened("abcd", 3), "abc…");
  EXPECT_EQ(shortened("aä", 2), "a…");
  EXPECT_EQ(shortened("€€", 5), "€…");
  EXPECT_EQ(shortened("€€", 3), "€…");
  EXPECT_EQ(shortened("\x80\x80\x80\x80\x80\x80", 5), "\x80\x80…") << "no UTF-8 anyway";
  EXPECT_EQ(shortened(std::string(1'000'000, 'x')).size(), longest_message + 3);
}

TEST(OneLine, HasNoLineFeedsAndAnEnd) {
  EXPECT_EQ(one_line("a\nb\r\x1B[1m"), "a b  [1m");
  EXPECT_EQ(one_line(std::string(300, 'x')), std::string(200, 'x') + "…");
}

}  // namespace
}  // namespace vmms
