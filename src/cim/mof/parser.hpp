// Reads MOF (DSP0004 annex A): qualifier declarations, classes, instances and pragmas.
#pragma once

#include "base/result.hpp"
#include "cim/mof/ast.hpp"
#include "cim/mof/problems.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim::mof {

struct ParseOptions {
  std::string namespace_name = {};  ///< of what stands before any `#pragma namespace`
  Dialect dialect = Dialect::dmtf;
  std::vector<std::string> include_folders = {};  ///< where includes are looked for after the including file's folder
};

/// Reads a text in UTF-8; includes are kept as pragmas. The first syntax error ends it.
Declarations parse(std::string_view text, std::string_view file_name, const ParseOptions& options, Problems& problems);

/// Reads files as one compilation: each begins in the namespace given, and what several include is read once. What they
/// include by `#pragma include ("other.mof")` stands in place of the pragma. Each file is read up to its first syntax
/// error. Fails (not_found) only for a file that cannot be read.
Result<Declarations> parse_files(const std::vector<std::string>& paths, const ParseOptions& options,
                                 Problems& problems);

/// The same with an error for any problem: one a line, warnings as well.
Result<Declarations> parse(std::string_view text, std::string_view file_name, const ParseOptions& options = {});
Result<Declarations> parse_files(const std::vector<std::string>& paths, const ParseOptions& options = {});

}  // namespace vmms::cim::mof
