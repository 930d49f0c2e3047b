// Constants of a WHERE clause in the types of properties, and how values compare.
#pragma once

#include "cim/class.hpp"
#include "cim/value.hpp"
#include "cim/wql/statement.hpp"

#include <compare>
#include <optional>

namespace vmms::cim::wql {

/// The widest integers of a kind: a constant may lie outside the property's own range and still be compared.
std::optional<Value> integer(const Literal& literal);
/// A constant in the type of a property; nothing when it does not fit.
std::optional<Value> constant_of(const Property& property, const Literal& literal);

/// Texts without case, numbers whatever their types, points in time and intervals. Unordered when the two cannot be
/// compared.
std::partial_ordering order_of(const Value& left, const Value& right);
bool holds(Operator operation, std::partial_ordering order);

constexpr bool is_equality(Operator operation) {
  return operation == Operator::equal || operation == Operator::not_equal;
}
/// Microsoft's page of WHERE has an order among booleans as an example of what is invalid; references have none either.
constexpr bool has_order(Type type) { return type != Type::boolean && type != Type::reference; }

}  // namespace vmms::cim::wql
