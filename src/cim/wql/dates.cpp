#include "cim/wql/dates.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace vmms::cim::wql {

namespace {

constexpr std::size_t longest = 40;  // "30 September, 2004 12:00:00:000 PM" and some blanks

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

// At most four digits.
int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// January is 1; 0 for no month.
int month_of(std::string_view word) {
  static constexpr std::array<std::string_view, 12> months = {"January",   "February", "March",    "April",
                                                              "May",       "June",     "July",     "August",
                                                              "September", "October",  "November", "December"};
  for (std::size_t i = 0; i < months.size(); ++i)
    if (equals_no_case(word, months[i]) || equals_no_case(word, months[i].substr(0, 3))) return static_cast<int>(i) + 1;
  return 0;
}

int year_of(std::string_view digits) {
  const int year = number(digits);
  if (digits.size() == 4) return year;
  return year < 30 ? 2000 + year : 1900 + year;
}

struct Date {
  int year = 0;
  int month = 1;
  int day = 1;
};

// One or two digits, or none of them.
bool is_short(std::string_view digits) { return digits.size() <= 2; }
bool is_year(std::string_view digits) { return digits.size() == 4 || digits.size() == 2; }

std::optional<Date> without_separators(std::string_view digits) {
  if (digits.size() == 4) return Date{number(digits), 1, 1};
  if (digits.size() == 8)
    return Date{number(digits.substr(0, 4)), number(digits.substr(4, 2)), number(digits.substr(6))};
  return std::nullopt;
}

// Month and day in this order, unless that cannot be.
Date with_day(int year, int first, int second) {
  return first > 12 && second <= 12 ? Date{year, second, first} : Date{year, first, second};
}

std::optional<Date> with_separators(std::string_view text) {
  const std::size_t first = text.find_first_of("/-.");
  const std::size_t second = text.find(text[first], first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::array<std::string_view, 3> parts = {text.substr(0, first), text.substr(first + 1, second - first - 1),
                                                 text.substr(second + 1)};
  // Where the year stands: last, unless its four digits or its value say otherwise.
  std::size_t year = 2;
  for (std::size_t i = 0; i < 2; ++i)
    if (parts[i].size() == 4 || (parts[2].size() == 2 && parts[i].size() == 2 && number(parts[i]) > 31)) year = i;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty() || !std::all_of(parts[i].begin(), parts[i].end(), is_digit)) return std::nullopt;
    if (i == year ? !is_year(parts[i]) : !is_short(parts[i])) return std::nullopt;
  }
  return with_day(year_of(parts[year]), number(parts[year == 0 ? 1 : 0]), number(parts[year == 2 ? 1 : 2]));
}

// Month, day and year, or month and year of four digits, in any order.
std::optional<Date> with_month_name(std::string_view text) {
  Date date;
  date.month = 0;
  std::vector<std::string_view> numbers;
  bool comma = false;  // one may stand behind the first or second word
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    if (text[i] == ' ') {
      ++i;
    } else if (text[i] == ',') {
      if (comma || (numbers.empty() && date.month == 0)) return std::nullopt;
      comma = true;
      ++i;
    } else if (is_digit(text[i])) {
      while (i < text.size() && is_digit(text[i])) ++i;
      numbers.push_back(text.substr(begin, i - begin));
    } else if (is_letter(text[i])) {
      while (i < text.size() && is_letter(text[i])) ++i;
      if (date.month != 0) return std::nullopt;
      date.month = month_of(text.substr(begin, i - begin));
      if (date.month == 0) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (date.month == 0 || text.back() == ',') return std::nullopt;
  if (numbers.size() == 1 && numbers[0].size() == 4) {
    date.year = number(numbers[0]);
    return date;
  }
  if (numbers.size() != 2) return std::nullopt;
  const bool year_first =
      numbers[0].size() == 4 || (is_year(numbers[0]) && is_short(numbers[1]) && number(numbers[0]) > 31);
  const std::string_view year = numbers[year_first ? 0 : 1];
  const std::string_view day = numbers[year_first ? 1 : 0];
  if (!is_year(year) || !is_short(day)) return std::nullopt;
  date.year = year_of(year);
  date.day = number(day);
  return date;
}

struct Time {
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::string fraction;  // digits
};

// `hh:mm[:ss[:mmm]]`, also with AM or PM, and `hh AM`.
std::optional<Time> read_time(std::string_view text) {
  std::optional<bool> afternoon;
  for (const auto& [word, is_afternoon] : {std::pair("AM", false), std::pair("PM", true)})
    if (text.size() > 2 && equals_no_case(text.substr(text.size() - 2), word)) afternoon = is_afternoon;
  if (afternoon) text = trimmed(text.substr(0, text.size() - 2));
  std::vector<std::string_view> parts;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    const bool separates = i == text.size() || text[i] == ':' || (text[i] == '.' && parts.size() == 2);
    if (i == begin || !separates || (parts.size() < 3 ? i - begin > 2 : i - begin > 6)) return std::nullopt;
    parts.push_back(text.substr(begin, i - begin));
  }
  if (parts.size() > 4 || (parts.size() == 1 && !afternoon)) return std::nullopt;
  if (parts.size() == 4 && parts[3].size() < 3) return std::nullopt;  // of a time zone, says one of the pages
  Time time;
  time.hour = number(parts[0]);
  if (afternoon) {
    if (time.hour < 1 || time.hour > 12) return std::nullopt;
    time.hour = time.hour % 12 + (*afternoon ? 12 : 0);
  }
  if (parts.size() > 1) time.minute = number(parts[1]);
  if (parts.size() > 2) time.second = number(parts[2]);
  if (parts.size() > 3) time.fraction = parts[3];
  return time;
}

// Where the time begins: with the digits before the first colon, or before AM and PM; the end where there is none.
std::size_t begin_of_time(std::string_view text) {
  std::size_t i = text.find(':');
  if (i == std::string_view::npos) {
    if (text.size() < 4 || (text.back() != 'M' && text.back() != 'm')) return text.size();
    i = text.size() - 2;
    while (i > 0 && text[i - 1] == ' ') --i;
  }
  while (i > 0 && is_digit(text[i - 1])) --i;
  return i;
}

}  // namespace

std::optional<DateTime> read_date(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text.size() > longest) return std::nullopt;
  const std::size_t begin = begin_of_time(text);
  Time time;
  if (begin < text.size()) {
    auto found = begin > 0 && text[begin - 1] == ' ' ? read_time(text.substr(begin)) : std::nullopt;
    if (!found) return std::nullopt;
    time = *std::move(found);
  }
  const std::string_view day = trimmed(text.substr(0, begin));
  std::optional<Date> date;
  if (std::any_of(day.begin(), day.end(), is_letter))
    date = with_month_name(day);
  else if (day.find_first_of("/-.") != std::string_view::npos)
    date = with_separators(day);
  else if (std::all_of(day.begin(), day.end(), is_digit))
    date = without_separators(day);
  if (!date || date->month < 1 || date->month > 12 || date->day < 1 || date->day > 31) return std::nullopt;
  auto read = DateTime::parse_iso8601(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{}Z", date->year, date->month,
                                                  date->day, time.hour, time.minute, time.second,
                                                  time.fraction.empty() ? "0" : time.fraction));
  return read ? std::optional(*read) : std::nullopt;
}

}  // namespace vmms::cim::wql
