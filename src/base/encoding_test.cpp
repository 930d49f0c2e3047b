#include "base/encoding.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vmms {
namespace {

using Form = Encoding::Form;
using namespace std::string_literals;

TEST(Encoding, IsSeenByMarkByZerosOrByCharset) {
  EXPECT_EQ(encoding_of("\xFF\xFE<\0"s).form, Form::utf16_little_endian);
  EXPECT_EQ(encoding_of("\xFE\xFF\0<"s).form, Form::utf16_big_endian);
  EXPECT_TRUE(encoding_of("\xFE\xFF\0<"s).has_mark);
  EXPECT_EQ(encoding_of("<\0?\0"s).form, Form::utf16_little_endian);
  EXPECT_EQ(encoding_of("\0<\0?"s).form, Form::utf16_big_endian);
  EXPECT_EQ(encoding_of("<a/>").form, Form::utf8);
  EXPECT_EQ(encoding_of("", "UTF-16").form, Form::utf16_big_endian);
  EXPECT_EQ(encoding_of("", "utf-16le").form, Form::utf16_little_endian);
  EXPECT_EQ(encoding_of("", "utf-8").form, Form::utf8);
}

TEST(Encoding, TextSurvivesBothOrders) {
  const std::string text = "<a>\xC3\xA4 \xE2\x82\xAC \xF0\x9F\x98\x80</a>";
  for (const Form form : {Form::utf16_little_endian, Form::utf16_big_endian})
    for (const bool mark : {false, true}) {
      const std::string wide = from_utf8(text, {form, mark});
      const Encoding seen = encoding_of(wide);
      EXPECT_EQ(seen.form, form);
      EXPECT_EQ(seen.has_mark, mark);
      EXPECT_EQ(to_utf8(wide, seen).value(), text);
    }
}

TEST(Encoding, WhatIsNoUtf16IsRefused) {
  const Encoding little{Form::utf16_little_endian, false};
  EXPECT_FALSE(to_utf8("<\0a"s, little));
  EXPECT_FALSE(to_utf8("<\0\x00\xD8"s, little)) << "a high surrogate at the end";
  EXPECT_FALSE(to_utf8("\x00\xDC<\0"s, little)) << "a low surrogate alone";
  EXPECT_FALSE(to_utf8("\x00\xD8<\0"s, little)) << "a high surrogate alone";
}

RC_GTEST_PROP(Encoding, AnyBytesAreTextOrAnError, (const std::string& bytes)) {
  for (const Form form : {Form::utf16_little_endian, Form::utf16_big_endian}) {
    const auto text = to_utf8(bytes, {form, false});
    if (text) RC_ASSERT(from_utf8(*text, {form, false}) == bytes);
  }
}

}  // namespace
}  // namespace vmms
