// Filter::matches: a condition on an instance.
#include "base/text.hpp"
#include "cim/wql/constants.hpp"
#include "cim/wql/filter.hpp"

namespace vmms::cim::wql {

namespace {

bool is_a(const Class& cim_class, std::string_view ancestor) {
  for (const Class* each = &cim_class; each; each = each->superclass)
    if (equals_no_case(each->name, ancestor)) return true;
  return false;
}

// A path that a property holds, or that stands in its text.
ObjectPathPtr path_in(const Value& value) {
  if (const auto* path = value.get_if<ObjectPathPtr>()) return *path;
  const auto* text = value.get_if<std::string>();
  if (!text) return nullptr;
  auto path = ObjectPath::parse(*text);
  return path ? std::make_shared<const ObjectPath>(std::move(*path)) : nullptr;
}

}  // namespace

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

Filter::Found Filter::find(const Operand& operand, const Instance& instance, Value& computed) const {
  static const Value null;
  if (operand.system) {
    computed = system_value(*operand.system, instance, origin_);
    return {&computed, nullptr};
  }
  const bool own = &instance.cim_class() == class_;
  const Property& property = class_->properties[*operand.index];
  Found found{own ? &instance.values[*operand.index] : &instance[property.name], &property};
  for (const std::string& name : operand.inside) {
    const auto* holder = found.value->get_if<InstancePtr>();
    found.property = holder && *holder ? (*holder)->cim_class().property(name) : nullptr;
    found.value = found.property ? &(**holder)[name] : &null;
  }
  return found;
}

std::optional<bool> Filter::compare(const Test& test, const Instance& instance) const {
  if (test.right) return compare_properties(test, instance);
  const auto* wanted = test.constant.get_if<ObjectPathPtr>();
  const bool equal = test.operation == Operator::equal;
  if (wanted && test.left.system) return names_object(**wanted, instance.path(), origin_.home()) == equal;
  Value computed;
  const Found found_value = find(test.left, instance, computed);
  const Value& value = *found_value.value;
  if (test.literal && !test.pattern) return compare_inside(test, found_value);
  if (test.operation == Operator::isa) {
    const auto* embedded = value.get_if<InstancePtr>();
    const bool self = test.left.system == SystemProperty::self;
    if (!self && (!embedded || !*embedded)) return std::nullopt;
    return is_a(self ? instance.cim_class() : (*embedded)->cim_class(), *test.constant.get_if<std::string>());
  }
  if (test.pattern) {
    if (value.is_null()) return std::nullopt;
    const auto* text = value.get_if<std::string>();
    return text && test.pattern->matches(*text);
  }
  if (test.constant.is_null()) return value.is_null() == equal;
  if (value.is_null()) return std::nullopt;
  if (wanted) {
    const auto* found = value.get_if<ObjectPathPtr>();
    if (!found || !*found) return std::nullopt;
    return names_object(**wanted, **found, origin_.home()) == equal;
  }
  return holds(test.operation, order_of(value, test.constant));
}

std::optional<bool> Filter::compare_properties(const Test& test, const Instance& instance) const {
  Value left_computed;
  Value right_computed;
  const Value& left = *find(test.left, instance, left_computed).value;
  const Value& right = *find(*test.right, instance, right_computed).value;
  if (left.is_null() || right.is_null()) return std::nullopt;
  if (test.left.is_path() || test.right->is_path() || left.get_if<ObjectPathPtr>() || right.get_if<ObjectPathPtr>()) {
    if (!is_equality(test.operation)) return std::nullopt;
    const auto one = path_in(left);
    const auto other = path_in(right);
    const bool same =
        one && other && (names_object(*one, *other, origin_.home()) || names_object(*other, *one, origin_.home()));
    return same == (test.operation == Operator::equal);
  }
  const auto order = order_of(left, right);
  if (order == std::partial_ordering::unordered) return std::nullopt;
  return holds(test.operation, order);
}

// The type is that of the property of the instance inside. One that is not there is no error, and gives no result
// ("SELECT Statement for Data Queries").
std::optional<bool> Filter::compare_inside(const Test& test, const Found& found) const {
  const bool equal = test.operation == Operator::equal;
  if (!found.property) return std::nullopt;
  if (test.literal->kind == Literal::Kind::null) return found.value->is_null() == equal;
  if (found.value->is_null() || found.property->is_array) return std::nullopt;
  if (!is_equality(test.operation) && !has_order(found.property->type)) return std::nullopt;
  const auto constant = constant_of(*found.property, *test.literal);
  if (!constant) return std::nullopt;
  if (const auto* wanted = constant->get_if<ObjectPathPtr>()) {
    const auto path = path_in(*found.value);
    return path ? std::optional(names_object(**wanted, *path, origin_.home()) == equal) : std::nullopt;
  }
  return holds(test.operation, order_of(*found.value, *constant));
}

}  // namespace vmms::cim::wql
