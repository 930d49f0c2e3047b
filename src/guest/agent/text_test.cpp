#include "guest/agent/base64.hpp"
#include "guest/agent/printable.hpp"
#include "guest/services/unit_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vmms::guest {
namespace {

TEST(Base64, KnownVectorsOfRfc4648) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(decode_base64(text), bytes);
  }
}

TEST(Base64, EveryByteSurvives) {
  std::string bytes;
  for (int i = 0; i < 1024; ++i) bytes += static_cast<char>(i * 7);
  EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
}

TEST(Base64, WhatEncodingNeverGivesIsRefused) {
  for (const char* text :
       {"Z", "Zg", "Zg=", "Zh==", "Zm9v\n", "Zm 9v", "Zg==Zg==", "====", "Zm9=", "Z===", "\xC3\xA4=="})
    EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

TEST(Printable, KeepsTextAndLines) {
  EXPECT_EQ(printable("läuft\tgut\nja\n\n", 100), "läuft\tgut\nja");
  EXPECT_EQ(printable("a\r\nb", 100), "a\nb");
  EXPECT_EQ(printable("\U0001F600", 100), "\U0001F600");
}

TEST(Printable, OfANameNothingGoes) {
  for (const std::string name : {"t ", " ", "  ", " lead", "t\xC2\xA0"}) EXPECT_EQ(printable_name(name, 100), name);
  EXPECT_EQ(printable_name("a\r", 100), "a\xEF\xBF\xBD");
  EXPECT_EQ(printable_name("a\xFF", 100), "a\xEF\xBF\xBD");
  EXPECT_EQ(printable_name("abc", 2), "ab…");
  EXPECT_EQ(printable("t \r\n", 100), "t");
}

TEST(Printable, ReplacesWhatXmlCannotCarry) {
  EXPECT_EQ(printable(std::string_view("a\0b", 3), 100), "a\uFFFDb");
  EXPECT_EQ(printable("\x1B[31mred", 100), "\uFFFD[31mred");
  EXPECT_EQ(printable("\xC2\x85", 100), "\uFFFD");                  // a control character
  EXPECT_EQ(printable("\xC0\xAF", 100), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(printable("\xED\xA0\x80", 100), "\uFFFD\uFFFD\uFFFD");  // half of a surrogate pair
  EXPECT_EQ(printable("\xEF\xBF\xBF", 100), "\uFFFD\uFFFD\uFFFD");  // U+FFFF
  EXPECT_EQ(printable("x\xF0\x9F", 100), "x\uFFFD\uFFFD");          // cut off
}

TEST(Printable, CutsBetweenCharacters) {
  EXPECT_EQ(printable("äää", 3), "ä…");
  EXPECT_EQ(printable("abc", 3), "abc");
}

TEST(UnitName, GetsItsSuffix) {
  EXPECT_EQ(service_unit_name("nginx").value(), "nginx.service");
  EXPECT_EQ(service_unit_name("nginx.service").value(), "nginx.service");
  EXPECT_EQ(service_unit_name("foo.bar").value(), "foo.bar.service");
  EXPECT_EQ(service_unit_name("worker@7").value(), "worker@7.service");
  EXPECT_EQ(service_unit_name(R"(dev-disk\x2d1)").value(), R"(dev-disk\x2d1.service)");
  EXPECT_EQ(service_unit_name("user@1000@x.service").value(), "user@1000@x.service");
}

TEST(UnitName, CannotBeWhatSystemdRefuses) {
  for (const std::string& name : {std::string(),
                                  std::string(".service"),
                                  std::string("a/b"),
                                  std::string("../x"),
                                  std::string("a b"),
                                  std::string("a\nb"),
                                  std::string("a;reboot"),
                                  std::string("$(reboot)"),
                                  std::string("'x'"),
                                  std::string("*"),
                                  std::string("-h"),
                                  std::string("--help.service"),
                                  std::string("worker@.service"),
                                  std::string("worker@"),
                                  std::string("@x.service"),
                                  std::string("x.socket"),
                                  std::string("x.target"),
                                  std::string("ä"),
                                  std::string("a\0b", 3),
                                  std::string(256, 'a'),
                                  std::string(248, 'a'),
                                  std::string(1 << 20, 'a')}) {
    const auto result = service_unit_name(name);
    ASSERT_FALSE(result.has_value()) << name;
    EXPECT_EQ(result.error().kind, Failure::not_found);
    EXPECT_LT(result.error().message.size(), 500U);
  }
  EXPECT_TRUE(service_unit_name(std::string(247, 'a')).has_value());
}

TEST(UnitName, TemplatesAreKnown) {
  EXPECT_TRUE(is_service_template("worker@.service"));
  EXPECT_FALSE(is_service_template("worker@1.service"));
  EXPECT_FALSE(is_service_template("@.service"));
  EXPECT_FALSE(is_service_template("worker.service"));
  EXPECT_TRUE(is_service_unit_name("worker@1.service"));
  EXPECT_FALSE(is_service_unit_name("worker@.service"));
  EXPECT_FALSE(is_service_unit_name("worker"));
  EXPECT_FALSE(is_service_unit_name(""));
}

}  // namespace
}  // namespace vmms::guest
