// Which dates and times are none (DSP0004 5.2.4).
#include "cim/mof/checks.hpp"

#include <gtest/gtest.h>

namespace vmms::cim::mof {
namespace {

bool is_datetime(std::string_view text, bool is_wmi = false) {
  Literal literal;
  literal.kind = Literal::Kind::string;
  literal.text = text;
  return mismatch({false, {literal}}, {Type::datetime, {}}, false, 0, is_wmi).empty();
}

TEST(MofDatetimes, AreThere) {
  for (const char* text : {"20200229235959.999999+000", "19991224120000.000000+360", "99991231115959.999999-720",
                           "00010101000001.000000+000", "16010101000000.000000+000", "20161231235960.000000+000",
                           "00000000000000.000000:000", "12345678121212.123456:000", "99999999235959.999999:000"})
    for (const bool is_wmi : {false, true}) EXPECT_TRUE(is_datetime(text, is_wmi)) << text;
}

TEST(MofDatetimes, NameDaysThatThereAre) {
  for (const char* text : {"20201301000000.000000+000", "20200230000000.000000+000", "20210229000000.000000+000",
                           "20200132000000.000000+000", "20200101240000.000000+000", "20200101006000.000000+000",
                           "20200101000061.000000+000", "00000001250000.000000:000", "00000001006000.000000:000",
                           "00000001000060.000000:000", "00000001000000.000000:001", "2020-01-01T00:00:00Z", "20200101",
                           "", "20200101000000.000000Z000", "2020010100000.0000000+000"})
    for (const bool is_wmi : {false, true}) EXPECT_FALSE(is_datetime(text, is_wmi)) << text;
}

TEST(MofDatetimes, HaveAsterisksForWholeFieldsFromTheRight) {
  for (const char* text : {"2020**********.******+000", "202001********.******+000", "20200101******.******+060",
                           "202001010000**.******-000", "20200101000000.******+000", "20200101000000.12345*+000",
                           "00000000******.******:000", "000000010000**.******:000"})
    for (const bool is_wmi : {false, true}) EXPECT_TRUE(is_datetime(text, is_wmi)) << text;
  // WMI's stand anywhere: every year, every day, an offset that is not known. What is given is right nevertheless.
  for (const char* text : {"****0317093000.000000-480", "********123000.000000-420", "19421121103300.000000+***",
                           "1942**21103300.000000-480", "**************.******+***", "000000*0000005.000000:000",
                           "20200001000000.000000+000", "20200100000000.000000+000"}) {
    EXPECT_FALSE(is_datetime(text)) << text;
    EXPECT_TRUE(is_datetime(text, true)) << text;
  }
  for (const char* text : {"****1317093000.000000-480", "********243000.000000-420", "2020*************.*****+0"})
    EXPECT_FALSE(is_datetime(text, true)) << text;
}

}  // namespace
}  // namespace vmms::cim::mof
