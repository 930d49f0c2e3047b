// CIM datetime (DSP0004 5.2.4): a point in time with its UTC offset, or an interval.
#pragma once

#include "base/result.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmms::cim {

class DateTime {
 public:
  using Microseconds = std::chrono::microseconds;
  using TimePoint = std::chrono::time_point<std::chrono::system_clock, Microseconds>;

  /// 1601-01-01T00:00:00Z, what Windows sends for a time that was never set (FILETIME 0).
  DateTime() = default;
  static DateTime timestamp(TimePoint utc, std::int16_t offset_minutes = 0);
  static DateTime interval(Microseconds length);
  static DateTime now();

  /// Reads the CIM form, `yyyymmddHHMMSS.mmmmmm+UTC` or `ddddddddHHMMSS.mmmmmm:000` (25 characters). Wildcards (`*`)
  /// are taken as zero.
  static Result<DateTime> parse(std::string_view text);
  /// Reads the WS-Management forms: xs:dateTime (`2025-12-17T09:55:22.702341Z`) or xs:duration (`P0DT0H5M0S`).
  static Result<DateTime> parse_iso8601(std::string_view text);

  bool is_interval() const { return is_interval_; }
  TimePoint time() const { return TimePoint(value_); }  ///< UTC; for timestamps
  Microseconds length() const { return value_; }        ///< for intervals
  std::int16_t offset_minutes() const { return offset_minutes_; }

  std::string to_cim() const;      ///< the 25-character form
  std::string to_iso8601() const;  ///< UTC with `Z` and trailing zeros trimmed, or `P0DT0H5M0S`

  /// The same text in a buffer.
  using Buffer = std::array<char, 48>;
  std::string_view to_cim(Buffer& buffer) const;
  std::string_view to_iso8601(Buffer& buffer) const;

  friend bool operator==(const DateTime&, const DateTime&) = default;

 private:
  Microseconds value_{-11644473600000000LL};
  std::int16_t offset_minutes_ = 0;
  bool is_interval_ = false;
};

/// An xs:duration as a length of time (`PT30.0S`, `P0DT0H1M30S`); years and months are refused.
Result<DateTime::Microseconds> parse_duration(std::string_view text);

}  // namespace vmms::cim
