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

TEST(Value, NumbersAsXmlSchemaWritesThem) {
  EXPECT_EQ(from_text(Type::uint8, "+007").value(), Value(std::uint64_t{7}));
  EXPECT_EQ(from_text(Type::uint8, "-0").value(), Value(std::uint64_t{0}));
  EXPECT_EQ(from_text(Type::sint64, "-9223372036854775808").value(), Value(INT64_MIN));
  for (const char* text : {"+-5", "-+5", "0x-5", "--5", "+", "-"}) {
    EXPECT_FALSE(from_text(Type::sint32, text)) << text;
    EXPECT_FALSE(from_text(Type::uint32, text)) << text;
    EXPECT_FALSE(from_text(Type::real64, text)) << text;
  }
  EXPECT_EQ(from_text(Type::real64, "+1.5E+2").value(), Value(150.0));
  EXPECT_EQ(from_text(Type::real64, ".5").value(), Value(0.5));
  EXPECT_EQ(to_text(from_text(Type::real64, "INF").value()), "INF");
  EXPECT_EQ(to_text(from_text(Type::real32, "-INF").value()), "-INF");
  EXPECT_EQ(to_text(from_text(Type::real32, "NaN").value()), "NaN");
  for (const char* text : {"inf", "infinity", "nan", "nan(1)", "Inf", "0x1p3", "1e", "1e400", "1.5.5"})
    EXPECT_FALSE(from_text(Type::real64, text)) << text;
  EXPECT_FALSE(from_text(Type::real32, "1e39"));
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
