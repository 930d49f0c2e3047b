#include "names.hpp"

#include "cim/mof/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>
#include <set>

namespace vmms::cimgen {
namespace {

using cim::Type;
using cim::mof::Literal;

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::array keywords{"alignas",       "alignof",      "and",
                              "and_eq",        "asm",          "auto",
                              "bitand",        "bitor",        "bool",
                              "break",         "case",         "catch",
                              "char",          "char16_t",     "char32_t",
                              "char8_t",       "class",        "co_await",
                              "co_return",     "co_yield",     "compl",
                              "concept",       "const",        "const_cast",
                              "consteval",     "constexpr",    "constinit",
                              "continue",      "decltype",     "default",
                              "delete",        "do",           "double",
                              "dynamic_cast",  "else",         "enum",
                              "explicit",      "export",       "extern",
                              "false",         "float",        "for",
                              "friend",        "goto",         "if",
                              "inline",        "int",          "long",
                              "mutable",       "namespace",    "new",
                              "noexcept",      "not",          "not_eq",
                              "nullptr",       "operator",     "or",
                              "or_eq",         "private",      "protected",
                              "public",        "register",     "reinterpret_cast",
                              "requires",      "return",       "short",
                              "signed",        "sizeof",       "static",
                              "static_assert", "static_cast",  "struct",
                              "switch",        "template",     "this",
                              "thread_local",  "throw",        "true",
                              "try",           "typedef",      "typeid",
                              "typename",      "union",        "unsigned",
                              "using",         "virtual",      "void",
                              "volatile",      "wchar_t",      "while",
                              "xor",           "xor_eq",       "cim_class",
                              "key",           "for_each_key", "for_each_property",
                              "for_each",      "return_value", "unix",
                              "linux",         "major",        "minor"};

std::string not_reserved(std::string name) {
  if (std::find(keywords.begin(), keywords.end(), name) != keywords.end()) name += '_';
  return name;
}

/// "Not Available" -> not_available; empty when the text has no letter or digit.
std::string words(std::string_view text) {
  std::string spaced;
  for (const char c : text) {
    const bool is_word = is_upper(c) || is_lower(c) || is_digit(c);
    if (is_word) {
      spaced += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!spaced.empty() && spaced.back() != '_') {
      spaced += '_';
    }
  }
  while (!spaced.empty() && spaced.back() == '_') spaced.pop_back();
  if (!spaced.empty() && is_digit(spaced.front())) spaced = "value_" + spaced;
  return not_reserved(spaced);
}

bool is_integer(Type type) { return cim::is_unsigned(type) || cim::is_signed(type); }

/// A datetime without wildcards as microseconds since 1970 and its offset in minutes.
std::pair<std::int64_t, int> timestamp(std::string_view text) {
  const auto number = [&](std::size_t begin, std::size_t length) {
    int value = 0;
    std::from_chars(text.data() + begin, text.data() + begin + length, value);
    return value;
  };
  const std::chrono::sys_days day{std::chrono::year(number(0, 4)) / number(4, 2) / number(6, 2)};
  const int offset = (text[21] == '-' ? -1 : 1) * number(22, 3);
  const std::int64_t seconds = std::int64_t{day.time_since_epoch().count()} * 86400 + number(8, 2) * 3600 +
                               (number(10, 2) - offset) * 60 + number(12, 2);
  return {seconds * 1'000'000 + number(15, 6), offset};
}

}  // namespace

std::string snake_case(std::string_view name) {
  std::string result;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const auto at = [&](std::size_t index) { return index < name.size() ? name[index] : '\0'; };
    // the s of a plural such as IDs or MSEs belongs to the capitals before it
    const bool ends_plural = at(i + 1) == 's' && !is_lower(at(i + 2)) && i > 0 && is_upper(name[i - 1]);
    const bool starts_word = i > 0 && is_upper(c) &&
                             (is_lower(name[i - 1]) || (is_lower(at(i + 1)) && !ends_plural &&
                                                        (is_upper(name[i - 1]) || is_digit(name[i - 1]))));
    if (starts_word && !result.empty() && result.back() != '_') result += '_';
    result += is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return result;
}

std::string member_name(std::string_view name) { return not_reserved(snake_case(name)); }

Place place_within(const std::string& within) {
  return within.empty() ? Place{} : Place{"schema/" + within, "vmms::schema::" + within};
}

std::string class_namespace(std::string_view class_name) {
  if (class_name.starts_with("__")) return "wmi";
  const std::size_t underscore = class_name.find('_');
  return underscore == std::string_view::npos ? "other" : snake_case(class_name.substr(0, underscore));
}

std::string struct_name(std::string_view class_name) {
  if (class_name.starts_with("__")) return std::string(class_name.substr(2));
  const std::size_t underscore = class_name.find('_');
  return std::string(underscore == std::string_view::npos ? class_name : class_name.substr(underscore + 1));
}

std::string constant_name(std::string_view class_name) {
  return class_name.starts_with("__") ? "wmi_" + struct_name(class_name) : std::string(class_name);
}

std::string header_path(const Place& place, std::string_view class_name) {
  return fmt::format("{}/{}.hpp", place.folder, class_name);
}

std::string qualified_name(const Place& place, std::string_view class_name) {
  return fmt::format("::{}::{}::{}", place.space, class_namespace(class_name), struct_name(class_name));
}

std::string schema_name(std::string_view namespace_name) {
  std::string result(namespace_name);
  for (char& c : result) {
    if (!is_upper(c) && !is_lower(c) && !is_digit(c)) c = '_';
  }
  return result;
}

std::vector<Enumerator> enumerators(const std::vector<cim::mof::ValueText>& values, Type type) {
  std::vector<Enumerator> result;
  if (!is_integer(type)) return result;
  std::map<std::string, int> uses;
  for (const auto& [value, name] : values) ++uses[words(name)];
  for (const auto& [value, name] : values) {
    const std::string word = words(name);
    if (word.empty() || value.empty() || value.find("..") != std::string::npos) continue;
    std::string unique = word;
    // two meanings with one name, "Saturday" and "-Saturday", differ by their numbers
    if (uses[word] > 1) unique += value.front() == '-' ? "_minus_" + value.substr(1) : "_" + value;
    result.push_back({std::move(unique), value});
  }
  return result;
}

std::string value_type(Type type) {
  switch (type) {
    case Type::boolean:
      return "bool";
    case Type::uint8:
      return "std::uint8_t";
    case Type::sint8:
      return "std::int8_t";
    case Type::uint16:
      return "std::uint16_t";
    case Type::sint16:
      return "std::int16_t";
    case Type::uint32:
      return "std::uint32_t";
    case Type::sint32:
      return "std::int32_t";
    case Type::uint64:
      return "std::uint64_t";
    case Type::sint64:
      return "std::int64_t";
    case Type::real32:
      return "float";
    case Type::real64:
      return "double";
    case Type::char16:
      return "char16_t";
    case Type::string:
      return "std::string";
    case Type::datetime:
      return "::vmms::cim::DateTime";
    case Type::reference:
      return "::vmms::cim::ObjectPath";
    case Type::instance:
      return "::vmms::cim::InstancePtr";
  }
  return {};
}

std::string optional_type(const std::string& type, bool is_array) {
  if (is_array) return fmt::format("std::optional<std::vector<{}>>", type);
  if (type == value_type(Type::instance)) return type;  // a null pointer is NULL
  return fmt::format("std::optional<{}>", type);
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      result +=
          fmt::format("\\{:03o}", byte);  // three octal digits cannot swallow what follows, as hexadecimal ones do
    } else {
      result += c;
    }
  }
  return result + "\"";
}

std::string expression(const Literal& literal, Type type) {
  if (type == Type::reference || type == Type::instance) return "{}";  // no constants of C++
  switch (literal.kind) {
    case Literal::Kind::boolean:
      return literal.boolean ? "true" : "false";
    case Literal::Kind::integer: {
      if (type == Type::sint64 && literal.negative && literal.magnitude == std::uint64_t{1} << 63) {
        return "std::numeric_limits<std::int64_t>::min()";
      }
      const char* suffix = type == Type::uint64 || type == Type::uint32 ? "U" : "";
      return fmt::format("{}{}{}", literal.negative ? "-" : "", literal.magnitude, suffix);
    }
    case Literal::Kind::real:
      return fmt::format("{}", literal.real) + (type == Type::real32 ? "F" : "");
    case Literal::Kind::character:
      return fmt::format("char16_t{{{}}}", literal.magnitude);
    case Literal::Kind::string: {
      if (type != Type::datetime) return cimgen::quoted(literal.text);
      std::int64_t microseconds = 0;
      if (cim::mof::parse_interval(literal.text, microseconds)) {
        return fmt::format("::vmms::cim::DateTime::interval(::vmms::cim::DateTime::Microseconds({}LL))", microseconds);
      }
      const auto [time, offset] = timestamp(literal.text);
      return fmt::format(
          "::vmms::cim::DateTime::timestamp("
          "::vmms::cim::DateTime::TimePoint(::vmms::cim::DateTime::Microseconds({}LL)), {})",
          time, offset);
    }
    case Literal::Kind::null:
    case Literal::Kind::alias:
    case Literal::Kind::instance:  // cimgen knows no instances
      return "{}";
  }
  return {};
}

std::string expression(const cim::mof::Initializer& value, Type type, const std::string& cpp_type) {
  const auto item = [&](const Literal& literal) {
    const std::string text = expression(literal, type);
    return cpp_type == value_type(type) || text == "{}" ? text : fmt::format("{}{{{}}}", cpp_type, text);
  };
  if (!value.is_array) return item(value.items[0]);
  std::string items;
  for (const Literal& each : value.items) items += (items.empty() ? "" : ", ") + item(each);
  return fmt::format("std::vector<{}>{{{}}}", cpp_type, items);
}

}  // namespace vmms::cimgen
