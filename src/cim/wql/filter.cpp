#include "cim/wql/filter.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <compare>

namespace vmms::cim::wql {

namespace {

Error invalid(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

Error unfit(const Property& property, const Literal& literal) {
  return invalid(fmt::format("query: {} is a {}{}; it cannot be compared with {}{:.80}{}", property.name,
                             type_name(property.type), property.is_array ? " array" : "",
                             literal.kind == Literal::Kind::string ? "'" : "", literal.text,
                             literal.kind == Literal::Kind::string ? "'" : ""));
}

// The widest integers of a kind: a constant may lie outside of the property's own range and still be compared.
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

std::optional<double> real(const Literal& literal) {
  std::string_view digits = literal.text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double value = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (code != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// A constant in the type of a property; nothing when it does not fit.
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
      return known(DateTime::parse_iso8601(literal.text));
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
    return compare_no_case(left, right) <=> 0;
  }
  std::partial_ordering operator()(const DateTime& left, const DateTime& right) const {
    if (left.is_interval() != right.is_interval()) return std::partial_ordering::unordered;
    return left.length() <=> right.length();
  }
};

bool is_a(const Class& cim_class, std::string_view ancestor) {
  for (const Class* each = &cim_class; each; each = each->superclass)
    if (equals_no_case(each->name, ancestor)) return true;
  return false;
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

}  // namespace

Result<Filter> Filter::compile(const Condition& condition, const Class& cim_class, Origin origin) {
  Filter filter(cim_class, std::move(origin));
  auto test = filter.compile(condition);
  if (!test) return test.error();
  filter.test_ = std::move(*test);
  filter.note_keys(filter.test_);
  return filter;
}

Result<Filter::Test> Filter::compile(const Condition& condition) {
  if (condition.kind == Condition::Kind::comparison) return compile_comparison(condition);
  Test test;
  test.kind = condition.kind;
  for (const Condition& part : condition.parts) {
    auto compiled = compile(part);
    if (!compiled) return compiled;
    test.parts.push_back(std::move(*compiled));
  }
  return test;
}

Result<Filter::Test> Filter::compile_comparison(const Condition& condition) {
  const Literal& literal = condition.literal;
  const bool is_null = literal.kind == Literal::Kind::null;
  Test test;
  test.operation = condition.operation;
  if (is_null && test.operation != Operator::equal && test.operation != Operator::not_equal)
    return invalid(fmt::format("query: {:.80} can be equal to NULL or not, nothing else", condition.property));

  test.system = find_system_property(condition.property);
  if (test.operation == Operator::isa) return compile_isa(std::move(test), condition);
  if (test.system) {
    if (*test.system == SystemProperty::self)
      return invalid("query: __THIS can be asked for its class only: __THIS ISA 'CLASS'");
    if (*test.system == SystemProperty::derivation)
      return invalid("query: __DERIVATION is an array; it cannot be compared");
    if (is_null) return test;
    if (*test.system == SystemProperty::genus || *test.system == SystemProperty::property_count) {
      auto number = integer(literal);
      if (!number || literal.kind != Literal::Kind::integer || test.operation == Operator::like)
        return invalid(fmt::format("query: {} is a number; it cannot be compared with '{:.80}'", condition.property,
                                   literal.text));
      test.constant = std::move(*number);
      return test;
    }
    if (literal.kind != Literal::Kind::string)
      return invalid(
          fmt::format("query: {} is a string; it cannot be compared with {:.80}", condition.property, literal.text));
    const bool is_path = *test.system == SystemProperty::path || *test.system == SystemProperty::relative_path;
    const bool equality = test.operation == Operator::equal || test.operation == Operator::not_equal;
    if (!is_path || !equality) {
      set_text(test, literal.text);
      return test;
    }
    // Any spelling of the path will do.
    auto path = ObjectPath::parse(literal.text);
    if (!path) return path.error();
    test.constant = std::make_shared<const ObjectPath>(std::move(*path));
    return test;
  }

  test.index = class_->property_index(condition.property);
  if (!test.index)
    return invalid(fmt::format("query: {} has no property named {:.80}", class_->name, condition.property));
  const Property& property = class_->properties[*test.index];
  test.property = property.name;
  note_property(*test.index);
  if (is_null) return test;
  const bool is_like = test.operation == Operator::like;
  const bool ordered = property.type != Type::reference && property.type != Type::instance;
  const bool equality = test.operation == Operator::equal || test.operation == Operator::not_equal;
  if (property.is_array || (is_like && property.type != Type::string) || (!ordered && !equality))
    return unfit(property, literal);
  auto constant = constant_of(property, literal);
  if (!constant) return unfit(property, literal);
  if (is_like)
    set_text(test, literal.text);
  else
    test.constant = std::move(*constant);
  return test;
}

// A text to compare with, or the pattern of LIKE.
void Filter::set_text(Test& test, const std::string& text) {
  if (test.operation == Operator::like)
    test.pattern = std::make_shared<const Pattern>(text);
  else
    test.constant = text;
}

// The class of the object itself, or of an instance inside it.
Result<Filter::Test> Filter::compile_isa(Test test, const Condition& condition) {
  const Literal& literal = condition.literal;
  test.constant = literal.text;
  if (test.system == SystemProperty::self) return test;
  test.index = test.system ? std::nullopt : class_->property_index(condition.property);
  if (!test.index)
    return invalid(fmt::format("query: ISA asks for the class of __THIS or of an embedded instance, not of {:.80}",
                               condition.property));
  const Property& property = class_->properties[*test.index];
  if (property.type != Type::instance || property.is_array) return unfit(property, literal);
  test.property = property.name;
  note_property(*test.index);
  return test;
}

void Filter::note_keys(const Test& test) {
  if (test.kind == Condition::Kind::all)
    for (const Test& part : test.parts) note_keys(part);
  if (test.kind != Condition::Kind::comparison || test.operation != Operator::equal || test.constant.is_null()) return;
  const auto* path = test.constant.get_if<ObjectPathPtr>();
  if (test.system) {
    if (path) note_path(**path);
    if (*test.system == SystemProperty::class_name && class_name_.empty()) class_name_ = to_text(test.constant);
    return;
  }
  const Property& property = class_->properties[*test.index];
  if (!property.is_key) return;
  note_key({std::string(property.name), to_text(test.constant), path ? *path : nullptr});
}

void Filter::note_property(std::size_t index) {
  std::string name(class_->properties[index].name);
  if (std::find(properties_.begin(), properties_.end(), name) == properties_.end())
    properties_.push_back(std::move(name));
}

void Filter::note_path(const ObjectPath& path) {
  if (class_name_.empty()) class_name_ = path.class_name;
  for (const KeyBinding& key : path.keys)
    if (const Property* property = class_->property(key.name); property && property->is_key) note_key(key);
}

// Of two different values for one key the first is enough: none fits both.
void Filter::note_key(KeyBinding key) {
  const bool known = std::any_of(keys_.begin(), keys_.end(),
                                 [&](const KeyBinding& other) { return equals_no_case(other.name, key.name); });
  if (!known) keys_.push_back(std::move(key));
}

bool Filter::matches(const Instance& instance) const { return evaluate(test_, instance).value_or(false); }

// Three values: nothing is what a comparison with NULL gives.
std::optional<bool> Filter::evaluate(const Test& test, const Instance& instance) const {
  switch (test.kind) {
    case Condition::Kind::comparison:
      return compare(test, instance);
    case Condition::Kind::negation: {
      const auto value = evaluate(test.parts.front(), instance);
      if (!value) return value;
      return !*value;
    }
    case Condition::Kind::all:
    case Condition::Kind::any: {
      const bool decisive = test.kind == Condition::Kind::any;
      std::optional<bool> result = !decisive;
      for (const Test& part : test.parts) {
        const auto value = evaluate(part, instance);
        if (value == decisive) return value;
        if (!value) result.reset();
      }
      return result;
    }
  }
  return std::nullopt;
}

std::optional<bool> Filter::compare(const Test& test, const Instance& instance) const {
  static const Value null;
  const auto* wanted = test.constant.get_if<ObjectPathPtr>();
  const bool equal = test.operation == Operator::equal;
  if (wanted && test.system) {
    ObjectPath own = instance.path(origin_.namespace_name);
    own.host = origin_.server;
    return similar_object(own, **wanted) == equal;
  }
  Value computed;
  const Value* value = &null;
  if (test.system) {
    computed = system_value(*test.system, instance, origin_);
    value = &computed;
  } else if (&instance.cim_class() == class_) {
    value = &instance.values[*test.index];
  } else {
    value = &instance[test.property];
  }
  if (test.operation == Operator::isa) {
    const auto* embedded = value->get_if<InstancePtr>();
    const bool self = test.system == SystemProperty::self;
    if (!self && (!embedded || !*embedded)) return std::nullopt;
    return is_a(self ? instance.cim_class() : (*embedded)->cim_class(), *test.constant.get_if<std::string>());
  }
  if (test.pattern) {
    if (value->is_null()) return std::nullopt;
    const auto* text = value->get_if<std::string>();
    return text && test.pattern->matches(*text);
  }
  if (test.constant.is_null()) return value->is_null() == equal;
  if (value->is_null()) return std::nullopt;
  if (wanted) {
    const auto* found = value->get_if<ObjectPathPtr>();
    if (!found || !*found) return std::nullopt;
    return similar_object(**found, **wanted) == equal;
  }
  return holds(test.operation, std::visit(Order{}, value->data, test.constant.data));
}

}  // namespace vmms::cim::wql
