// Reads the MOF files on cimgen's command line.
#pragma once

#include "base/result.hpp"
#include "cim/mof/resolver.hpp"

#include <string>
#include <vector>

namespace vmms::cimgen {

/// The schema in these files, and in the `.mof` files below these folders. A file holds one class at most, named after
/// it, because CMakeLists.txt derives the names of the headers from those of the files.
Result<cim::mof::Schema> read_schema(const std::vector<std::string>& inputs);

}  // namespace vmms::cimgen
