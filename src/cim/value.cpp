#include "cim/value.hpp"

#include "base/text.hpp"
#include "cim/instance.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace vmms::cim {

bool operator==(const Value& left, const Value& right) {
  if (left.data.index() != right.data.index()) return false;
  if (const auto* path = left.get_if<ObjectPathPtr>()) {
    const auto& other = *right.get_if<ObjectPathPtr>();
    return *path == other || (*path && other && same_object(**path, *other));
  }
  if (const auto* instance = left.get_if<InstancePtr>()) {
    const auto& other = *right.get_if<InstancePtr>();
    return *instance == other || (*instance && other && **instance == *other);
  }
  return left.data == right.data;
}

std::string to_text(const Value& scalar) {
  struct Text {
    std::string operator()(std::monostate) const { return {}; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::uint64_t value) const { return std::to_string(value); }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
      if (std::isnan(value)) return "NaN";
      if (std::isinf(value)) return value > 0 ? "INF" : "-INF";
      return fmt::format("{}", value);
    }
    std::string operator()(const std::string& value) const { return value; }
    std::string operator()(const DateTime& value) const { return value.to_cim(); }
    std::string operator()(const ObjectPathPtr& value) const { return value ? value->to_string() : std::string(); }
    std::string operator()(const InstancePtr&) const { return {}; }
    std::string operator()(const Array&) const { return {}; }
  };
  return std::visit(Text{}, scalar.data);
}

namespace {

template <class T>
Result<Value> integer(std::string_view text, Type type) {
  std::string_view digits = text;
  int base = 10;
  if (digits.starts_with("+")) {
    digits.remove_prefix(1);
    if (digits.starts_with("-")) digits = {};
  }
  if (std::is_unsigned_v<T> && digits.size() > 1 && digits.find_first_not_of('0', 1) == std::string_view::npos)
    if (digits.front() == '-') digits.remove_prefix(1);  // -0
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
    base = 16;
    if (digits.starts_with("-")) digits = {};
  }
  T value{};
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (code == std::errc::result_out_of_range)
    return error(Failure::invalid_argument,
                 fmt::format("{} is out of the range of {}", text.substr(0, 40), type_name(type)));
  if (code != std::errc() || end != digits.data() + digits.size())
    return error(Failure::invalid_argument, fmt::format("\"{}\" is not a {}", text.substr(0, 40), type_name(type)));
  if constexpr (std::is_unsigned_v<T>)
    return Value(static_cast<std::uint64_t>(value));
  else
    return Value(static_cast<std::int64_t>(value));
}

// As XML Schema and DSP0201 write them: INF, -INF, NaN, and what std::from_chars reads but not its own words for these.
Result<Value> real(std::string_view text, Type type) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (text == "INF" || text == "+INF") return Value(infinity);
  if (text == "-INF") return Value(-infinity);
  if (text == "NaN") return Value(std::numeric_limits<double>::quiet_NaN());
  std::string_view digits = text;
  if (digits.starts_with("+")) {
    digits.remove_prefix(1);
    if (digits.starts_with("-")) digits = {};
  }
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = end == digits.data() + digits.size();
  if ((code != std::errc() && code != std::errc::result_out_of_range) || !whole ||
      digits.find_first_of("nN") != std::string_view::npos)
    return error(Failure::invalid_argument, fmt::format("\"{}\" is not a {}", text.substr(0, 40), type_name(type)));
  if (code == std::errc::result_out_of_range ||
      (type == Type::real32 && std::abs(value) > std::numeric_limits<float>::max()))
    return error(Failure::invalid_argument,
                 fmt::format("{} is out of the range of {}", text.substr(0, 40), type_name(type)));
  return Value(value);
}

}  // namespace

Result<Value> from_text(Type type, std::string_view text) {
  switch (type) {
    case Type::boolean:
      if (equals_no_case(text, "true") || text == "1") return Value(true);
      if (equals_no_case(text, "false") || text == "0") return Value(false);
      return error(Failure::invalid_argument, fmt::format("\"{}\" is not a boolean", text.substr(0, 40)));
    case Type::uint8:
      return integer<std::uint8_t>(text, type);
    case Type::uint16:
      return integer<std::uint16_t>(text, type);
    case Type::uint32:
      return integer<std::uint32_t>(text, type);
    case Type::uint64:
      return integer<std::uint64_t>(text, type);
    case Type::sint8:
      return integer<std::int8_t>(text, type);
    case Type::sint16:
      return integer<std::int16_t>(text, type);
    case Type::sint32:
      return integer<std::int32_t>(text, type);
    case Type::sint64:
      return integer<std::int64_t>(text, type);
    case Type::char16:
      return integer<std::uint16_t>(text, type);
    case Type::real32:
    case Type::real64:
      return real(text, type);
    case Type::string:
      return Value(std::string(text));
    case Type::datetime: {
      auto value = DateTime::parse(text);
      if (!value) value = DateTime::parse_iso8601(text);
      if (!value) return value.error();
      return Value(*value);
    }
    case Type::reference:
    case Type::instance:
      break;
  }
  return error(Failure::internal, fmt::format("a {} is not read from plain text", type_name(type)));
}

}  // namespace vmms::cim
