#include "cim/wql/constants.hpp"

#include "base/case_folding.hpp"
#include "cim/wql/dates.hpp"

#include <charconv>
#include <utility>

namespace vmms::cim::wql {

std::optional<Value> integer(const Literal& literal) {
  std::string_view digits = literal.text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    digits.remove_prefix(2);
    base = 16;
  }
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (code != std::errc() || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  if (!negative) return Value(value);
  if (value > 0x8000000000000000U) return std::nullopt;
  return Value(static_cast<std::int64_t>(~value + 1));
}

namespace {

std::optional<double> real(const Literal& literal) {
  std::string_view digits = literal.text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<Value> constant_of(const Property& property, const Literal& literal) {
  const bool is_string = literal.kind == Literal::Kind::string;
  const bool is_integer = literal.kind == Literal::Kind::integer;
  const bool is_number = is_integer || literal.kind == Literal::Kind::real;
  const auto known = [](auto&& result) -> std::optional<Value> {
    if (!result) return std::nullopt;
    return Value(*std::forward<decltype(result)>(result));
  };
  switch (property.type) {
    case Type::string:
      return is_string ? std::optional<Value>(literal.text) : std::nullopt;
    case Type::boolean:
      if (literal.kind == Literal::Kind::real) return std::nullopt;
      return known(from_text(Type::boolean, literal.text));
    case Type::char16:
      return is_string || is_integer ? known(from_text(Type::char16, literal.text)) : std::nullopt;
    case Type::real32:
    case Type::real64:
      return is_string || is_number ? known(real(literal)) : std::nullopt;
    case Type::datetime: {
      if (!is_string) return std::nullopt;
      if (auto cim_form = DateTime::parse(literal.text)) return Value(*cim_form);
      if (auto iso_form = DateTime::parse_iso8601(literal.text)) return Value(*iso_form);
      return known(read_date(literal.text));
    }
    case Type::reference: {
      if (!is_string) return std::nullopt;
      auto path = ObjectPath::parse(literal.text);
      if (!path) return std::nullopt;
      return Value(std::make_shared<const ObjectPath>(std::move(*path)));
    }
    case Type::instance:
      return std::nullopt;
    default:  // the integers
      if (literal.kind == Literal::Kind::real) return known(real(literal));
      return is_string || is_integer ? integer(literal) : std::nullopt;
  }
}

namespace {

template <class Left, class Right>
std::partial_ordering order_integers(Left left, Right right) {
  if (std::cmp_less(left, right)) return std::partial_ordering::less;
  return std::cmp_equal(left, right) ? std::partial_ordering::equivalent : std::partial_ordering::greater;
}

template <class T>
constexpr bool is_integer_value = std::is_same_v<T, std::uint64_t> || std::is_same_v<T, std::int64_t>;
template <class T>
constexpr bool is_number_value = is_integer_value<T> || std::is_same_v<T, double>;

// Unordered when the two cannot be compared.
struct Order {
  template <class Left, class Right>
  std::partial_ordering operator()(const Left& left, const Right& right) const {
    if constexpr (is_integer_value<Left> && is_integer_value<Right>)
      return order_integers(left, right);
    else if constexpr (is_number_value<Left> && is_number_value<Right>)
      return static_cast<double>(left) <=> static_cast<double>(right);
    else
      return std::partial_ordering::unordered;
  }
  std::partial_ordering operator()(bool left, bool right) const { return left <=> right; }
  std::partial_ordering operator()(const std::string& left, const std::string& right) const {
    return compare_folded(left, right) <=> 0;
  }
  std::partial_ordering operator()(const DateTime& left, const DateTime& right) const {
    if (left.is_interval() != right.is_interval()) return std::partial_ordering::unordered;
    return left.length() <=> right.length();
  }
};

}  // namespace

std::partial_ordering order_of(const Value& left, const Value& right) {
  return std::visit(Order{}, left.data, right.data);
}

bool holds(Operator operation, std::partial_ordering order) {
  switch (operation) {
    case Operator::equal:
      return order == 0;
    case Operator::not_equal:
      return order != 0;
    case Operator::less:
      return order < 0;
    case Operator::less_equal:
      return order <= 0;
    case Operator::greater:
      return order > 0;
    case Operator::greater_equal:
      return order >= 0;
    case Operator::like:
    case Operator::isa:
      return false;
  }
  return false;
}

}  // namespace vmms::cim::wql
