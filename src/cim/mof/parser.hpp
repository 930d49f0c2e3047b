// Reads MOF (DSP0004 annex A): qualifier declarations, classes and pragmas.
#pragma once

#include "base/result.hpp"
#include "cim/mof/ast.hpp"

#include <string>
#include <string_view>

namespace vmms::cim::mof {

/// Reads one text; includes are kept as pragmas. The first error ends it: `file:line:column: expected …, found …`.
Result<Declarations> parse(std::string_view text, std::string_view file_name);

/// Reads a file and, in place, what it includes by `#pragma include ("other.mof")`, relative to itself.
Result<Declarations> parse_file(const std::string& path);

}  // namespace vmms::cim::mof
