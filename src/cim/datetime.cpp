#include "cim/datetime.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

namespace vmms::cim {

namespace {

using std::chrono::days;
using std::chrono::duration_cast;
using Microseconds = DateTime::Microseconds;
using TimePoint = DateTime::TimePoint;

// A reader of digits that never reads past its text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool done() const { return position_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[position_]; }
  bool take(char c) {
    if (peek() != c || done()) return false;
    ++position_;
    return true;
  }
  /// Exactly `count` digits.
  std::optional<std::int64_t> digits(std::size_t count) {
    if (text_.size() - position_ < count) return {};
    std::int64_t value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const char c = text_[position_ + i];
      if (c < '0' || c > '9') return {};
      value = value * 10 + (c - '0');
    }
    position_ += count;
    return value;
  }
  /// One to `most` digits.
  std::optional<std::int64_t> number(std::size_t most) {
    std::size_t count = 0;
    while (count < most && position_ + count < text_.size() && text_[position_ + count] >= '0' &&
           text_[position_ + count] <= '9')
      ++count;
    if (count == 0) return {};
    return digits(count);
  }
  /// The digits after a decimal point as microseconds; digits beyond the sixth are dropped.
  std::optional<std::int64_t> fraction() {
    std::int64_t value = 0;
    std::size_t count = 0;
    while (peek() >= '0' && peek() <= '9') {
      if (count < 6) value = value * 10 + (peek() - '0');
      ++count;
      ++position_;
    }
    if (count == 0) return {};
    for (; count < 6; ++count) value *= 10;
    return value;
  }

 private:
  std::string_view text_;
  std::size_t position_ = 0;
};

Error malformed(std::string_view text, std::string_view expected) {
  return error(Failure::invalid_argument,
               fmt::format("\"{}\" is not a date and time: expected {}", text.substr(0, 64), expected));
}

/// Asterisks stand for fields that are not significant (DSP0004 5.2.4): whole ones from the right on, of microseconds
/// also single digits, and never the first field. They read as zeros. False when they stand elsewhere.
bool replace_asterisks(std::string& text) {
  const std::size_t first = text.find('*');
  if (first == std::string::npos) return true;
  const bool is_interval = text[21] == ':';
  const bool at_field = first >= 8 ? first % 2 == 0 || first > 14 : !is_interval && (first == 4 || first == 6);
  if (!at_field) return false;
  for (std::size_t i = first; i < 21; ++i) {
    if (i == 14) continue;
    if (text[i] != '*') return false;
    text[i] = '0';
  }
  return true;
}

std::optional<TimePoint> point(std::int64_t year, std::int64_t month, std::int64_t day, std::int64_t hour,
                               std::int64_t minute, std::int64_t second, std::int64_t microsecond) {
  // In wildcards month and day may be zero.
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)},
                                         std::chrono::month{static_cast<unsigned>(month == 0 ? 1 : month)},
                                         std::chrono::day{static_cast<unsigned>(day == 0 ? 1 : day)}};
  const bool midnight = hour == 24 && minute == 0 && second == 0 && microsecond == 0;  // the day's end (XML Schema)
  if (!date.ok() || (hour > 23 && !midnight) || minute > 59 || second > 60) return {};
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + Microseconds(microsecond);
}

}  // namespace

DateTime DateTime::timestamp(TimePoint utc, std::int16_t offset_minutes) {
  DateTime result;
  result.value_ = utc.time_since_epoch();
  result.offset_minutes_ = offset_minutes;
  return result;
}

DateTime DateTime::interval(Microseconds length) {
  DateTime result;
  result.value_ = length;
  result.is_interval_ = true;
  return result;
}

namespace {

// What the 25 characters of CIM's form can say.
constexpr DateTime::Microseconds longest_interval = days(100'000'000) - DateTime::Microseconds(1);

bool has_four_digit_year(DateTime::TimePoint utc) {
  const int year = static_cast<int>(std::chrono::year_month_day(std::chrono::floor<days>(utc)).year());
  return year >= 0 && year <= 9999;
}

}  // namespace

DateTime DateTime::now() {
  return timestamp(std::chrono::time_point_cast<Microseconds>(std::chrono::system_clock::now()));
}

Result<DateTime> DateTime::parse(std::string_view text) {
  static constexpr std::string_view form =
      "yyyymmddHHMMSS.mmmmmm+UTC or ddddddddHHMMSS.mmmmmm:000, with asterisks for whole fields from the right";
  std::string significant(text.substr(0, 26));
  if (text.size() != 25 || text[14] != '.' || !replace_asterisks(significant)) return malformed(text, form);
  Reader reader(significant);
  if (text[21] == ':') {
    const auto day = reader.digits(8), hour = reader.digits(2), minute = reader.digits(2), second = reader.digits(2);
    reader.take('.');
    const auto fraction = reader.digits(6);
    if (!day || !hour || !minute || !second || !fraction || !reader.take(':') || reader.digits(3) != 0 || *hour > 23 ||
        *minute > 59 || *second > 59)
      return malformed(text, form);
    return interval(days(*day) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
                    std::chrono::seconds(*second) + Microseconds(*fraction));
  }
  const auto year = reader.digits(4), month = reader.digits(2), day = reader.digits(2), hour = reader.digits(2),
             minute = reader.digits(2), second = reader.digits(2);
  reader.take('.');
  const auto fraction = reader.digits(6);
  const char sign = reader.peek();
  const auto offset = (reader.take('+') || reader.take('-')) ? reader.digits(3) : std::nullopt;
  if (!year || !month || !day || !hour || !minute || !second || !fraction || !offset) return malformed(text, form);
  const auto local = point(*year, *month, *day, *hour, *minute, *second, *fraction);
  if (!local) return malformed(text, form);
  const auto minutes = static_cast<std::int16_t>(sign == '-' ? -*offset : *offset);
  const auto utc = *local - std::chrono::minutes(minutes);
  if (!has_four_digit_year(utc)) return malformed(text, form);
  return timestamp(utc, minutes);
}

Result<DateTime> DateTime::parse_iso8601(std::string_view text) {
  if (!text.empty() && (text.front() == 'P' || text.front() == '-')) {
    const auto length = parse_duration(text);
    if (!length) return length.error();
    if (*length < Microseconds::zero() || *length > longest_interval)
      return malformed(text, "a duration from zero to less than 100000000 days");
    return interval(*length);
  }
  static constexpr std::string_view form = "yyyy-mm-ddTHH:MM:SS[.fraction][Z|+HH:MM]";
  Reader reader(text);
  const auto year = reader.digits(4);
  const bool date = year && reader.take('-');
  const auto month = date ? reader.digits(2) : std::nullopt;
  const auto day = month && reader.take('-') ? reader.digits(2) : std::nullopt;
  if (!day || *month == 0 || *day == 0) return malformed(text, form);
  std::int64_t hour = 0, minute = 0, second = 0, fraction = 0, offset = 0;
  if (reader.take('T')) {
    const auto h = reader.digits(2);
    const auto m = h && reader.take(':') ? reader.digits(2) : std::nullopt;
    const auto s = m && reader.take(':') ? reader.digits(2) : std::nullopt;
    if (!s) return malformed(text, form);
    hour = *h, minute = *m, second = *s;
    if (reader.take('.')) {
      const auto f = reader.fraction();
      if (!f) return malformed(text, form);
      fraction = *f;
    }
  }
  const char sign = reader.peek();
  if (reader.take('+') || reader.take('-')) {
    const auto h = reader.digits(2);
    const auto m = h && reader.take(':') ? reader.digits(2) : std::nullopt;
    if (!m || *m > 59 || *h * 60 + *m > 14 * 60) return malformed(text, form);
    offset = (*h * 60 + *m) * (sign == '-' ? -1 : 1);
  } else {
    reader.take('Z');
  }
  const auto local = point(*year, *month, *day, hour, minute, second, fraction);
  if (!local || !reader.done()) return malformed(text, form);
  const auto utc = *local - std::chrono::minutes(offset);
  if (!has_four_digit_year(utc)) return malformed(text, form);
  return timestamp(utc, static_cast<std::int16_t>(offset));
}

namespace {

// Writes into a buffer of a known size; fmt takes several times as long for a date.
class Digits {
 public:
  explicit Digits(DateTime::Buffer& buffer) : text_(buffer.data()), size_(0) {}

  Digits& put(char c) {
    text_[size_++] = c;
    return *this;
  }
  /// The last `width` digits of a number that is not negative.
  template <std::size_t width>
  Digits& put(std::int64_t number) {
    auto rest = static_cast<std::uint32_t>(number);
    char* const start = text_ + size_;
    for (std::size_t at = width; at >= 2; at -= 2, rest /= 100) std::memcpy(start + at - 2, &pairs[rest % 100 * 2], 2);
    if (width % 2 == 1) *start = static_cast<char>('0' + rest % 10);
    size_ += width;
    return *this;
  }
  Digits& put_all(std::int64_t number) {
    size_ =
        static_cast<std::size_t>(std::to_chars(text_ + size_, text_ + DateTime::Buffer().size(), number).ptr - text_);
    return *this;
  }
  /// `.702341`, without zeros at its end; nothing for zero.
  Digits& put_fraction(std::int64_t microseconds) {
    if (microseconds == 0) return *this;
    put('.').put<6>(microseconds);
    while (text_[size_ - 1] == '0') --size_;
    return *this;
  }
  std::string_view text() const { return {text_, size_}; }

 private:
  // "00" to "99"
  static constexpr auto pairs = [] {
    std::array<char, 200> digits{};
    for (std::size_t i = 0; i < digits.size(); i += 2) {
      digits[i] = static_cast<char>('0' + i / 20);
      digits[i + 1] = static_cast<char>('0' + i / 2 % 10);
    }
    return digits;
  }();

  char* const text_;
  std::size_t size_;
};

}  // namespace

std::string_view DateTime::to_cim(Buffer& buffer) const {
  Digits digits(buffer);
  if (is_interval_) {
    const auto whole = duration_cast<std::chrono::seconds>(value_);
    const auto seconds = whole.count();
    digits.put<8>(seconds / 86400).put<2>(seconds / 3600 % 24).put<2>(seconds / 60 % 60).put<2>(seconds % 60);
    digits.put('.').put<6>((value_ - whole).count()).put(':').put<3>(0);
    return digits.text();
  }
  const TimePoint local = TimePoint(value_) + std::chrono::minutes(offset_minutes_);
  const auto day = std::chrono::floor<days>(local);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(local - day);
  digits.put<4>(static_cast<int>(date.year())).put<2>(static_cast<unsigned>(date.month()));
  digits.put<2>(static_cast<unsigned>(date.day())).put<2>(clock.hours().count()).put<2>(clock.minutes().count());
  digits.put<2>(clock.seconds().count()).put('.').put<6>(clock.subseconds().count());
  digits.put(offset_minutes_ < 0 ? '-' : '+').put<3>(offset_minutes_ < 0 ? -offset_minutes_ : offset_minutes_);
  return digits.text();
}

std::string_view DateTime::to_iso8601(Buffer& buffer) const {
  Digits digits(buffer);
  if (is_interval_) {
    const auto whole = duration_cast<std::chrono::seconds>(value_);
    const auto seconds = whole.count();
    digits.put('P').put_all(seconds / 86400).put('D').put('T').put_all(seconds / 3600 % 24).put('H');
    digits.put_all(seconds / 60 % 60).put('M').put_all(seconds % 60).put_fraction((value_ - whole).count()).put('S');
    return digits.text();
  }
  const TimePoint utc(value_);
  const auto day = std::chrono::floor<days>(utc);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(utc - day);
  digits.put<4>(static_cast<int>(date.year())).put('-').put<2>(static_cast<unsigned>(date.month())).put('-');
  digits.put<2>(static_cast<unsigned>(date.day())).put('T').put<2>(clock.hours().count()).put(':');
  digits.put<2>(clock.minutes().count()).put(':').put<2>(clock.seconds().count());
  digits.put_fraction(clock.subseconds().count()).put('Z');
  return digits.text();
}

std::string DateTime::to_cim() const {
  Buffer buffer;
  return std::string(to_cim(buffer));
}

std::string DateTime::to_iso8601() const {
  Buffer buffer;
  return std::string(to_iso8601(buffer));
}

Result<DateTime::Microseconds> parse_duration(std::string_view text) {
  static constexpr std::string_view form = "a duration such as PT60S or P1DT2H3M4.5S";
  Reader reader(text);
  const bool negative = reader.take('-');
  if (!reader.take('P')) return malformed(text, form);
  Microseconds total{0};
  bool time = false;
  bool any = false;
  char last = '\0';
  while (!reader.done()) {
    if (reader.take('T')) {
      if (time || reader.done()) return malformed(text, form);  // something follows it
      time = true;
      continue;
    }
    const auto value = reader.number(8);  // eight digits of each unit stay inside 64 bits of microseconds, nine do not
    if (!value) return malformed(text, form);
    std::int64_t fraction = 0;
    const bool has_fraction = reader.take('.');
    if (has_fraction) {
      const auto read = reader.fraction();
      if (!read) return malformed(text, form);
      fraction = *read;
    }
    // A month has no fixed length, but zero months are zero time.
    if (const char calendar = reader.peek(); !time && !has_fraction && (calendar == 'Y' || calendar == 'M')) {
      reader.take(calendar);
      if (*value != 0 || last == 'D' || last == 'm' || (last == 'Y' && calendar == 'Y')) return malformed(text, form);
      last = calendar == 'M' ? 'm' : 'Y';
      any = true;
      continue;
    }
    const char unit = reader.peek();
    static constexpr std::string_view order = "YmDHMS";
    const auto rank = order.find(unit);
    if (rank == std::string_view::npos || unit == 'Y' || unit == 'm' || (unit == 'D') == time ||
        (has_fraction && unit != 'S') || (last != '\0' && order.find(last) >= rank))
      return malformed(text, form);
    reader.take(unit);
    switch (unit) {
      case 'D':
        total += days(*value);
        break;
      case 'H':
        total += std::chrono::hours(*value);
        break;
      case 'M':
        total += std::chrono::minutes(*value);
        break;
      default:
        total += std::chrono::seconds(*value) + Microseconds(fraction);
        break;
    }
    last = unit;
    any = true;
  }
  if (!any) return malformed(text, form);
  return negative ? -total : total;
}

}  // namespace vmms::cim
