#include "cim/datetime.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace vmms::cim {
namespace {

using namespace std::chrono_literals;

TEST(DateTime, NeverSetIsWindowsZero) {
  EXPECT_EQ(DateTime().to_iso8601(), "1601-01-01T00:00:00Z");
  EXPECT_EQ(DateTime().to_cim(), "16010101000000.000000+000");
}

TEST(DateTime, ReadsTheCimForms) {
  EXPECT_EQ(DateTime::parse("20251217095522.702341+000").value().to_iso8601(), "2025-12-17T09:55:22.702341Z");
  const DateTime berlin = DateTime::parse("20251217105522.500000+060").value();
  EXPECT_EQ(berlin.to_iso8601(), "2025-12-17T09:55:22.5Z");
  EXPECT_EQ(berlin.to_cim(), "20251217105522.500000+060");
  const DateTime five_minutes = DateTime::parse("00000000000500.000000:000").value();
  EXPECT_TRUE(five_minutes.is_interval());
  EXPECT_EQ(five_minutes.length(), 5min);
  EXPECT_EQ(five_minutes.to_iso8601(), "P0DT0H5M0S");
}

TEST(DateTime, WritesIntervalsAsRecordedHostsDo) {
  EXPECT_EQ(DateTime::interval(1004170us).to_iso8601(), "P0DT0H0M1.00417S");
}

TEST(DateTime, RefusesWhatIsNoDate) {
  for (const char* text :
       {"", "2025", "20251317095522.702341+000", "20251232095522.702341+000", "2025121709552x.702341+000",
        "20251217095522.702341 000", "20251217095522.702341+00", "99999999235960.000000:000"})
    EXPECT_FALSE(DateTime::parse(text)) << text;
  for (const char* text : {"2025-12-17T09:55", "2025-00-17T09:55:00Z", "2025-12-17T09:55:00Zx", "P", "PT", "P1Y", "PT5",
                           "PT1S2M", "P1DT", "PT99999999999999999999S"})
    EXPECT_FALSE(DateTime::parse_iso8601(text) && text[0] != 'P') << text;
}

TEST(DateTime, AsterisksReplaceWholeFieldsFromTheRight) {
  EXPECT_EQ(DateTime::parse("20251217095522.702***+000").value().to_iso8601(), "2025-12-17T09:55:22.702Z");
  EXPECT_EQ(DateTime::parse("20251217095522.******+060").value().to_iso8601(), "2025-12-17T08:55:22Z");
  EXPECT_EQ(DateTime::parse("2025121709****.******+000").value().to_iso8601(), "2025-12-17T09:00:00Z");
  EXPECT_EQ(DateTime::parse("2025**********.******-000").value().to_iso8601(), "2025-01-01T00:00:00Z");
  EXPECT_EQ(DateTime::parse("0000000100****.******:000").value().length(), 24h);
  for (const char* text : {"000000*0000005.000000:000", "000000*0000000.000000:000", "**************.******+***",
                           "**************.******+000", "**************.******:000", "20251217095522.702341+***",
                           "20251217095522.***341+000", "202512170955**.702341+000", "2025121709552*.******+000",
                           "2025**17095522.702341+000", "202*1217095522.702341+000", "20251*********.******+000",
                           "0000*****00500.000000:000", "00000***********.****:000", "20251217095522.702341+0*0",
                           "20251217095522*702341+000", "0000**********.******:000"})
    EXPECT_FALSE(DateTime::parse(text)) << text;
}

TEST(Duration, ReadsWhatClientsSend) {
  EXPECT_EQ(parse_duration("PT60.000S").value(), 60s);
  EXPECT_EQ(parse_duration("PT30.0S").value(), 30s);
  EXPECT_EQ(parse_duration("PT1M30S").value(), 90s);
  EXPECT_EQ(parse_duration("P0DT0H5M0S").value(), 5min);
  EXPECT_EQ(parse_duration("P1D").value(), 24h);
  for (const char* text :
       {"", "P", "PT", "60", "P1M", "PT1H1D", "PT1S1S", "PT.5S", "PT1.5M", "PT1234567890S", "P1DT", "-P1DT"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

RC_GTEST_PROP(DateTime, BothFormsRoundTrip, ()) {
  const auto offset = static_cast<std::int16_t>(*rc::gen::inRange(-720, 720));
  const auto microseconds = *rc::gen::inRange<std::int64_t>(-11644473600000000, 250000000000000000);
  const DateTime time = DateTime::timestamp(DateTime::TimePoint(DateTime::Microseconds(microseconds)), offset);
  RC_ASSERT(DateTime::parse(time.to_cim()).value() == time);
  RC_ASSERT(DateTime::parse_iso8601(time.to_iso8601()).value().time() == time.time());
  const DateTime length =
      DateTime::interval(DateTime::Microseconds(*rc::gen::inRange<std::int64_t>(0, 8000000000000000)));
  RC_ASSERT(DateTime::parse(length.to_cim()).value() == length);
  RC_ASSERT(DateTime::parse_iso8601(length.to_iso8601()).value() == length);
}

RC_GTEST_PROP(DateTime, AnyTextIsAnsweredNotCrashedOn, (const std::string& text)) {
  (void)DateTime::parse(text);
  (void)DateTime::parse_iso8601(text);
  (void)parse_duration("P" + text);
}

TEST(DateTime, WhatCannotBeWrittenIsNotRead) {
  EXPECT_FALSE(DateTime::parse("00000101000000.000000+720")) << "before the year 0";
  EXPECT_FALSE(DateTime::parse("99991231235959.999999-720")) << "after the year 9999";
  EXPECT_FALSE(DateTime::parse_iso8601("0000-01-01T00:00:00+14:00"));
  EXPECT_FALSE(DateTime::parse_iso8601("-P1D")) << "intervals have no sign";
  EXPECT_FALSE(DateTime::parse_iso8601("P99999999DT24H"));
  const auto longest = DateTime::parse("99999999235959.999999:000");
  ASSERT_TRUE(longest);
  EXPECT_EQ(DateTime::parse_iso8601(longest->to_iso8601())->length(), longest->length());
}

TEST(DateTime, NoYearsAndMonthsAreNoTime) {
  EXPECT_EQ(parse_duration("P0Y0M0DT0H3M0S").value(), std::chrono::minutes(3));
  EXPECT_EQ(parse_duration("P0YT1S").value(), std::chrono::seconds(1));
  for (const char* text : {"P1Y", "P1M", "P0M0Y", "P0Y0Y", "P0D0Y", "PT0Y", "P0.5Y", "P0M0M", "PT5m", "P0m"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

}  // namespace
}  // namespace vmms::cim
