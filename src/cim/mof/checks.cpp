#include "cim/mof/checks.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>
#include <span>

namespace vmms::cim::mof {
namespace {

struct Range {
  std::int64_t least;
  std::uint64_t most;
};

bool is_integer(Type type) { return is_unsigned(type) || is_signed(type) || type == Type::char16; }

Range range_of(Type type) {
  const auto bits = [](int count) { return count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1; };
  switch (type) {
    case Type::uint8:
      return {0, bits(8)};
    case Type::uint16:
    case Type::char16:
      return {0, bits(16)};
    case Type::uint32:
      return {0, bits(32)};
    case Type::uint64:
      return {0, bits(64)};
    case Type::sint8:
      return {-128, bits(7)};
    case Type::sint16:
      return {-32768, bits(15)};
    case Type::sint32:
      return {std::numeric_limits<std::int32_t>::min(), bits(31)};
    default:
      return {std::numeric_limits<std::int64_t>::min(), bits(63)};
  }
}

bool fits(bool negative, std::uint64_t magnitude, Type type) {
  const Range range = range_of(type);
  return negative
             ? magnitude <= static_cast<std::uint64_t>(-(range.least + 1)) + 1 && (range.least != 0 || magnitude == 0)
             : magnitude <= range.most;
}

/// integerValue of DSP0004 annex A.
bool is_integer_text(std::string_view text, Type type) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative || (!text.empty() && text.front() == '+')) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.ends_with('b') || text.ends_with('B')) {
    base = 2;
    text.remove_suffix(1);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  std::uint64_t magnitude = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), magnitude, base);
  return code == std::errc{} && end == text.data() + text.size() && fits(negative, magnitude, type);
}

/// The digits of a date and time, or of an interval (DSP0004 5.2.4).
struct Field {
  std::size_t begin, length;
  int least, most;
};
constexpr Field point_fields[] = {{0, 4, 0, 9999}, {4, 2, 1, 12},  {6, 2, 1, 31},       {8, 2, 0, 23},
                                  {10, 2, 0, 59},  {12, 2, 0, 60}, {15, 6, 0, 999'999}, {22, 3, 0, 999}};
constexpr Field interval_fields[] = {{0, 8, 0, 99'999'999}, {8, 2, 0, 23},       {10, 2, 0, 59},
                                     {12, 2, 0, 59},        {15, 6, 0, 999'999}, {22, 3, 0, 0}};

bool has_datetime_form(std::string_view text) {
  if (text.size() != 25 || text[14] != '.') return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == 14 || i == 21) continue;
    if ((text[i] < '0' || text[i] > '9') && text[i] != '*') return false;
  }
  return text[21] == ':' || text[21] == '+' || text[21] == '-';
}

/// Asterisks replace whole fields from the right on, of microseconds also single digits, and never the first field.
bool has_asterisks_at_the_end_only(std::string_view text) {
  const std::size_t first = text.find('*');
  if (first == std::string_view::npos) return true;
  const bool is_interval = text[21] == ':';
  const bool at_field = first >= 8 ? first % 2 == 0 || first > 14 : !is_interval && (first == 4 || first == 6);
  const std::size_t rest = text.find_first_not_of("*.", first);
  return at_field && rest == 21 && text.find('*', rest) == std::string_view::npos;
}

int number_of(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

/// WMI has asterisks in any field, and zeros where nothing is meant.
bool is_datetime(std::string_view text, bool is_wmi) {
  if (!has_datetime_form(text) || (!is_wmi && !has_asterisks_at_the_end_only(text))) return false;
  const bool is_interval = text[21] == ':';
  const std::span<const Field> fields = is_interval ? std::span<const Field>(interval_fields) : point_fields;
  for (const Field& field : fields) {
    const std::string_view digits = text.substr(field.begin, field.length);
    if (digits.find('*') != std::string_view::npos) continue;
    const int value = number_of(digits);
    if (value > field.most || (value < field.least && !is_wmi)) return false;
  }
  if (is_interval || text.substr(0, 8).find('*') != std::string_view::npos) return true;
  const std::chrono::year_month_day date{
      std::chrono::year{number_of(text.substr(0, 4))},
      std::chrono::month{static_cast<unsigned>(std::max(1, number_of(text.substr(4, 2))))},
      std::chrono::day{static_cast<unsigned>(std::max(1, number_of(text.substr(6, 2))))}};
  return date.ok();
}

bool fits(const Literal& literal, const TypeName& type, bool is_wmi) {
  using Kind = Literal::Kind;
  switch (literal.kind) {
    case Kind::null:
      return true;
    case Kind::boolean:
      return type.type == Type::boolean;
    case Kind::integer:
      if (type.type == Type::real32 || type.type == Type::real64) return true;
      return is_integer(type.type) && fits(literal.negative, literal.magnitude, type.type);
    case Kind::real:
      return type.type == Type::real64 ||
             (type.type == Type::real32 && std::abs(literal.real) <= std::numeric_limits<float>::max());
    case Kind::character:
      return type.type == Type::char16;
    case Kind::string:
      return type.type == Type::string || type.type == Type::instance || type.type == Type::reference ||
             (type.type == Type::datetime && is_datetime(literal.text, is_wmi));
    case Kind::alias:
      return type.type == Type::reference || type.type == Type::instance;
    case Kind::instance:
      return type.type == Type::instance;
  }
  return false;
}

bool is_boolean_text(std::string_view text) { return equals_no_case(text, "true") || equals_no_case(text, "false"); }

/// Whether mofcomp makes a value of the type of the constant: numbers are rounded, and texts read or written.
bool converts_to(const Literal& literal, Type type) {
  using Kind = Literal::Kind;
  const bool is_number = literal.kind == Kind::integer || literal.kind == Kind::real || literal.kind == Kind::boolean ||
                         literal.kind == Kind::character;
  if (literal.kind == Kind::string) {
    return (is_integer(type) && (is_integer_text(literal.text, type) || literal.text.size() == 1)) ||
           (type == Type::boolean && is_boolean_text(literal.text));
  }
  if (!is_number || type == Type::reference || type == Type::instance || type == Type::datetime) return false;
  if (literal.kind == Kind::real) return type != Type::boolean && std::isfinite(literal.real);
  return !is_integer(type) || literal.kind != Kind::integer || fits(literal.negative, literal.magnitude, type);
}

}  // namespace

std::string_view type_keyword(Type type) {
  switch (type) {
    case Type::boolean:
      return "boolean";
    case Type::uint8:
      return "uint8";
    case Type::sint8:
      return "sint8";
    case Type::uint16:
      return "uint16";
    case Type::sint16:
      return "sint16";
    case Type::uint32:
      return "uint32";
    case Type::sint32:
      return "sint32";
    case Type::uint64:
      return "uint64";
    case Type::sint64:
      return "sint64";
    case Type::real32:
      return "real32";
    case Type::real64:
      return "real64";
    case Type::char16:
      return "char16";
    case Type::string:
      return "string";
    case Type::datetime:
      return "datetime";
    case Type::instance:
      return "string";
    case Type::reference:
      return "ref";
  }
  return {};
}

std::string mismatch(const Initializer& value, const TypeName& type, bool is_array, std::uint64_t array_size,
                     bool is_wmi) {
  const bool is_null = !value.is_array && value.items[0].kind == Literal::Kind::null;
  if (is_null) return {};
  if (value.is_array != is_array) return is_array ? "must be an array" : "must not be an array";
  for (const Literal& item : value.items) {
    if (!fits(item, type, is_wmi) && !(is_wmi && converts_to(item, type.type)))
      return "does not fit " + std::string(type_keyword(type.type));
  }
  if (array_size != 0 && value.items.size() > array_size) {
    return "must not have more than " + std::to_string(array_size) + " elements";
  }
  return {};
}

PathClass path_class(std::string_view object_path) {
  PathClass result;
  std::string_view text = object_path.substr(0, object_path.find_first_of("=\""));  // values may hold anything
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    result.has_namespace = true;
    text.remove_prefix(colon + 1);
  }
  const std::size_t end = std::min(text.find('.'), text.size());
  const std::string_view name = text.substr(0, end);
  const auto is_part_of_a_name = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  if (std::all_of(name.begin(), name.end(), is_part_of_a_name)) result.name = name;
  return result;
}

bool is_value_map_entry(std::string_view text, Type type) {
  if (!is_integer(type)) return true;
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return is_integer_text(text, type);
  const std::string_view first = text.substr(0, dots);
  const std::string_view last = text.substr(dots + 2);
  return (first.empty() || is_integer_text(first, type)) && (last.empty() || is_integer_text(last, type));
}

bool parse_interval(std::string_view text, std::int64_t& microseconds) {
  if (!is_datetime(text, false) || text[21] != ':' || text.find('*') != std::string_view::npos) return false;
  const auto number = [&](std::size_t begin, std::size_t length) {
    std::int64_t value = 0;
    std::from_chars(text.data() + begin, text.data() + begin + length, value);
    return value;
  };
  microseconds =
      (((number(0, 8) * 24 + number(8, 2)) * 60 + number(10, 2)) * 60 + number(12, 2)) * 1'000'000 + number(15, 6);
  return true;
}

}  // namespace vmms::cim::mof
