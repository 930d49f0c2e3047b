#include "wire/xml/simple_types.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>

namespace vmms::wire::xml {
namespace {

TEST(SimpleTypes, BooleansHaveFourForms) {
  for (const char* text : {"true", "1", " true\n", "\t1 "}) EXPECT_EQ(read_boolean(text), true) << text;
  for (const char* text : {"false", "0", " false "}) EXPECT_EQ(read_boolean(text), false) << text;
  for (const char* text : {"", " ", "True", "FALSE", "yes", "01", "2", "true false", "-1"})
    EXPECT_FALSE(read_boolean(text)) << text;
}

TEST(SimpleTypes, NumbersMayHaveASignAndZerosBefore) {
  for (const char* text : {"5", "+5", " 5 ", "0005", "+05\r\n"}) EXPECT_EQ(read_unsigned(text), 5U) << text;
  for (const char* text : {"0", "-0", "+0", "-000"}) EXPECT_EQ(read_unsigned(text), 0U) << text;
  EXPECT_EQ(read_unsigned("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(read_unsigned("99999999999999999999999"), UINT64_MAX);
  for (const char* text :
       {"", " ", "+", "-", "-1", "5.0", "1e3", "0x10", "5 5", "+-5", "--0", "-99999999999999999999999"})
    EXPECT_FALSE(read_unsigned(text)) << text;
}

}  // namespace
}  // namespace vmms::wire::xml
