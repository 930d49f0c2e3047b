#include "base/escaped.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vmms {
namespace {

TEST(Escaped, WhatEndsALineOrHidesTextIsSpelledOut) {
  EXPECT_EQ(escaped("web 1"), "web 1");
  EXPECT_EQ(escaped("a\nb\r\tc\x1b[2J\x7f"), "a\\x0ab\\x0d\\x09c\\x1b[2J\\x7f");
  EXPECT_EQ(escaped(std::string_view("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(escaped("a\nb\tc\r", "\n\t"), "a\nb\tc\\x0d");
  EXPECT_EQ(escaped("\xc2\x85|\xc2\x9b"), "\\u0085|\\u009b");
  EXPECT_EQ(escaped("\u2028\u2029\u202a\u202b\u202c\u202d\u202e"), "\\u2028\\u2029\\u202a\\u202b\\u202c\\u202d\\u202e");
  EXPECT_EQ(escaped("\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff"),
            "\\u2066\\u2067\\u2068\\u2069\\u200e\\u200f\\u061c\\ufeff");
  EXPECT_EQ(escaped("\xf3\xa0\x80\xa1"), "\\U000e0021");
  EXPECT_EQ(escaped("\xff\xc3(\xe2\x82"), "\\xff\\xc3(\\xe2\\x82");
  EXPECT_EQ(escaped("grün 東京 😀"), "grün 東京 😀");
}

TEST(Escaped, QuotedTextIsJson) {
  EXPECT_EQ(json_string("web 1"), "\"web 1\"");
  EXPECT_EQ(json_string("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
  EXPECT_EQ(json_string("\u202e\xff"), "\"\\u202e\\ufffd\"");
  EXPECT_EQ(json_string("\xf3\xa0\x80\xa1"), "\"\\udb40\\udc21\"");
}

RC_GTEST_PROP(Escaped, NothingThatIsAppendedIsAControlOrNoUtf8, (const std::string& text)) {
  for (const std::string& out : {escaped(text), json_string(text)}) {
    for (std::string_view rest = out; !rest.empty();) {
      const CodePoint point = first_code_point(rest);
      RC_ASSERT(point.valid);
      RC_ASSERT(point.value >= 0x20 && (point.value < 0x7F || point.value > 0x9F));
      RC_ASSERT(point.value < 0x2028 || point.value > 0x202E);
      rest.remove_prefix(point.length);
    }
  }
}

}  // namespace
}  // namespace vmms
