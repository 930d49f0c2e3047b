#include "cim/value.hpp"

#include "cim/instance.hpp"

#include <gtest/gtest.h>

namespace vmms::cim {
namespace {

TEST(Value, ReadsScalarsWithinTheirRange) {
  EXPECT_EQ(from_text(Type::uint16, "65535").value(), Value(std::uint64_t{65535}));
  EXPECT_EQ(from_text(Type::sint8, "-128").value(), Value(std::int64_t{-128}));
  EXPECT_EQ(from_text(Type::uint32, "0x10").value(), Value(std::uint64_t{16}));
  EXPECT_EQ(from_text(Type::boolean, "TRUE").value(), Value(true));
  EXPECT_EQ(from_text(Type::boolean, "0").value(), Value(false));
  EXPECT_EQ(from_text(Type::string, "").value(), Value(std::string()));
  EXPECT_EQ(from_text(Type::datetime, "2025-12-17T09:55:22Z").value(),
            Value(DateTime::parse("20251217095522.000000+000").value()));
}

TEST(Value, RefusesWhatDoesNotFit) {
  EXPECT_NE(from_text(Type::uint16, "65536").error().message.find("out of the range of uint16"), std::string::npos);
  for (const char* text : {"", "-1", "1x", " 1", "1.0"}) EXPECT_FALSE(from_text(Type::uint32, text)) << text;
  EXPECT_FALSE(from_text(Type::boolean, "yes"));
  EXPECT_FALSE(from_text(Type::real64, "1,5"));
  EXPECT_FALSE(from_text(Type::datetime, "yesterday"));
}

TEST(Value, ComparesBehindPointers) {
  const auto path = [](const char* name) {
    ObjectPath p;
    p.class_name = name;
    return Value(std::make_shared<const ObjectPath>(p));
  };
  EXPECT_EQ(path("A"), path("a"));
  EXPECT_FALSE(path("A") == path("B"));
  EXPECT_EQ(Value(Array{std::uint64_t{1}}), Value(Array{std::uint64_t{1}}));
  EXPECT_FALSE(Value() == Value(false));
}

TEST(Value, TextIsWhatFromTextReads) {
  EXPECT_EQ(to_text(Value(true)), "true");
  EXPECT_EQ(to_text(Value(std::int64_t{-3})), "-3");
  EXPECT_EQ(to_text(Value()), "");
}

}  // namespace
}  // namespace vmms::cim
