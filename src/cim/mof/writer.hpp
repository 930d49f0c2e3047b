// Writes MOF that the parser reads as equal declarations, in the form of the files under schema/.
#pragma once

#include "cim/mof/ast.hpp"

#include <string>

namespace vmms::cim::mof {

/// Pragmas first, then what has no namespace, then the rest after `#pragma namespace`; of each, qualifier declarations
/// before classes before instances. Texts must be UTF-8.
std::string write(const Declarations& declarations);

/// A constant on one line: `5`, `{"a", "b"}`, `$Alias`.
std::string initializer_text(const Initializer& value);

}  // namespace vmms::cim::mof
