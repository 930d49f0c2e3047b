#include "base/shell_word.hpp"

#include <gtest/gtest.h>

namespace vmms {
namespace {

TEST(ShellWord, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(shell_word("demo-1.local"), "demo-1.local");
  EXPECT_EQ(shell_word("my vm"), "'my vm'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$(reboot)"), "'$(reboot)'");
  EXPECT_EQ(shell_word("-x"), "'-x'");
  EXPECT_EQ(shell_word(""), "''");
}

TEST(ShellWord, AnArgumentIsNoOption) {
  EXPECT_EQ(shell_argument("my vm", "ID"), "'my vm'");
  for (const char* name : {"-x", "--help", "", "a\nb", "\x1b[31m"}) EXPECT_EQ(shell_argument(name, "ID"), "ID") << name;
}

}  // namespace
}  // namespace vmms
