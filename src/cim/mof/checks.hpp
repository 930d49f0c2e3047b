// Whether constants fit their types.
#pragma once

#include "cim/mof/ast.hpp"

#include <string>
#include <string_view>

namespace vmms::cim::mof {

/// As MOF spells it: "uint16"; an embedded instance is a "string".
std::string_view type_keyword(Type type);

/// What is wrong with a constant for a type ("does not fit uint8"), empty when nothing is.
/// `array_size` is 0 for any. WMI's dialect converts numbers, booleans and texts into each other, and takes more for a
/// date.
std::string mismatch(const Initializer& value, const TypeName& type, bool is_array, std::uint64_t array_size = 0,
                     bool is_wmi = false);

/// What an object path as text says (DSP0004 8.2.5), as far as it matters here.
struct PathClass {
  std::string_view name;  ///< empty when the text is no object path
  bool has_namespace = false;
};
PathClass path_class(std::string_view object_path);

/// Whether a ValueMap element is possible: any text for strings; a number or range in the range of an integer type.
bool is_value_map_entry(std::string_view text, Type type);

/// A datetime's 25 characters (DSP0004 5.2.4) without wildcards: the interval's length in microseconds.
bool parse_interval(std::string_view text, std::int64_t& microseconds);

}  // namespace vmms::cim::mof
