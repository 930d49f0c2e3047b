// Reads MOF (DSP0004 annex A): qualifier declarations, classes, instances and pragmas.
#pragma once

#include "base/result.hpp"
#include "cim/mof/ast.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim::mof {

/// Reads one text; includes are kept as pragmas. The first error ends it: `file:line:column: expected …, found …`.
/// What stands before any `#pragma namespace` belongs to the namespace given.
Result<Declarations> parse(std::string_view text, std::string_view file_name, const std::string& namespace_name = {});

/// Reads a file and, in place, what it includes by `#pragma include ("other.mof")`, relative to itself.
Result<Declarations> parse_file(const std::string& path, const std::string& namespace_name = {});

/// Reads files as one compilation: each begins in the namespace given, and what several include is read once. The
/// error names the first problem of every file, a line each; it is not_found for a file that cannot be read.
Result<Declarations> parse_files(const std::vector<std::string>& paths, const std::string& namespace_name = {});

}  // namespace vmms::cim::mof
