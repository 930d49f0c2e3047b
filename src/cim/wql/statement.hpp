// What a WQL text says, before anybody has looked at a class.
#pragma once

#include "cim/object_path.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmms::cim::wql {

enum class Operator : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal, like };

/// A constant as it was written; what type it has to have depends on the property.
struct Literal {
  enum class Kind : std::uint8_t { null, boolean, integer, real, string };
  Kind kind = Kind::null;
  std::string text;  ///< "true", "-3", "0x1F", or a string without its quotes and escapes
};

/// A WHERE clause. `IS NULL` is a comparison with NULL.
struct Condition {
  enum class Kind : std::uint8_t { all, any, negation, comparison };
  Kind kind = Kind::comparison;
  std::vector<Condition> parts;  ///< of all and any; the one of negation
  std::string property;          ///< the rest is of a comparison
  Operator operation = Operator::equal;
  Literal literal;
};

struct Select {
  std::vector<std::string> columns;  ///< empty for `*`
  std::string class_name;
  std::optional<Condition> where;
};

/// ASSOCIATORS OF and REFERENCES OF. Empty names leave it open.
struct Associations {
  bool references = false;  ///< the associations themselves, not the objects at their other ends
  ObjectPath source;
  std::string association_class;  ///< AssocClass; of REFERENCES OF ResultClass
  std::string result_class;       ///< of ASSOCIATORS OF
  std::string result_role;        ///< the role of what is found
  std::string role;               ///< the role of the source
};

using Statement = std::variant<Select, Associations>;

}  // namespace vmms::cim::wql
