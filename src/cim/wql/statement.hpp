// What a WQL text says, before any class is looked up.
#pragma once

#include "cim/association_query.hpp"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmms::cim::wql {

enum class Operator : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, like, isa };

/// `5 < X` as `X > 5`.
constexpr Operator mirrored(Operator operation) {
  switch (operation) {
    case Operator::less:
      return Operator::greater;
    case Operator::less_equal:
      return Operator::greater_equal;
    case Operator::greater:
      return Operator::less;
    case Operator::greater_equal:
      return Operator::less_equal;
    default:
      return operation;
  }
}

/// A constant as it was written; what type it has to have depends on the property.
struct Literal {
  enum class Kind : std::uint8_t { null, boolean, integer, real, string };
  Kind kind = Kind::null;
  std::string text;            ///< "true", "-3", "0x1F", or a string without its quotes and escapes
  bool is_expression = false;  ///< after CQL's LIKE, whose patterns are not WQL's
};

/// A WHERE clause. `IS NULL` is a comparison with NULL.
struct Condition {
  enum class Kind : std::uint8_t { all, any, negation, comparison };
  Kind kind = Kind::comparison;
  std::list<Condition> parts;  ///< of all and any; the one of negation. A list, since long ones are joined
  std::string property;        ///< the rest is of a comparison; `Property.Property` is inside an embedded instance
  Operator operation = Operator::equal;
  std::string other;  ///< the property on the right; empty where that is a constant
  Literal literal;
};

struct Select {
  std::vector<std::string> columns;  ///< empty for `*`
  std::string class_name;
  std::optional<Condition> where;
};

/// An AssociationQuery is ASSOCIATORS OF or REFERENCES OF.
using Statement = std::variant<Select, AssociationQuery>;

}  // namespace vmms::cim::wql
