// MOF files: finds and reads them.
#pragma once

#include "base/result.hpp"
#include "cim/mof/problems.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vmms::cim::mof {

/// The files named, and the .mof files (of either case) below the folders named, sorted folder by folder. Errors:
/// not_found for a folder that cannot be read to its end.
Result<std::vector<std::string>> mof_files(const std::vector<std::string>& paths);

/// The file in UTF-8. UTF-16 is known by its byte order mark or by its zeros; any other text is read as Latin-1,
/// with a warning. Errors: not_found; invalid_argument for more than 16 MB, or for half a surrogate pair.
Result<std::string> source_text(const std::filesystem::path& path, Problems& problems);

/// The file that a path names below the first of the folders that has it: in any case where none has it as written,
/// since many MOF files come from systems whose file names ignore case. Empty for none.
std::filesystem::path find_source(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& path);

}  // namespace vmms::cim::mof
