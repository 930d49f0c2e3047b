#include "guest/system/key_values.hpp"

#include <gtest/gtest.h>

namespace vmms::guest {
namespace {

TEST(KeyValues, AreReadAsTheyWereWritten) {
  const KeyValues values{{"A b", "1\t2\\3\n4"}, {"Name", ""}, {"\xC3\x84", "\\n"}};
  const std::string text = write_key_values(values);
  EXPECT_EQ(text.substr(0, text.find('\n')), "A b\t1\\t2\\\\3\\n4");
  EXPECT_EQ(read_key_values(text), values);
}

TEST(KeyValues, WhatAGuestSaysIsBounded) {
  EXPECT_TRUE(read_key_values("").empty());
  EXPECT_TRUE(read_key_values("no item\n\tno name\n").empty());
  EXPECT_EQ(read_key_values("a\t1\nb\t2\na\t3"), (KeyValues{{"a", "3"}, {"b", "2"}}));
  EXPECT_EQ(read_key_values("a\t\x1B[31m"), (KeyValues{{"a", "\xEF\xBF\xBD[31m"}}));
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "name" + std::to_string(i) + "\t" + std::to_string(i) + "\n";
  EXPECT_EQ(read_key_values(many).size(), key_values_count);
  const auto longest = read_key_values("a\t" + std::string(100'000, 'x'));
  ASSERT_EQ(longest.size(), 1U);
  EXPECT_LE(longest[0].second.size(), key_value_characters + 3);
}

}  // namespace
}  // namespace vmms::guest
