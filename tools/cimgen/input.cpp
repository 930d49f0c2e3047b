#include "input.hpp"

#include "cim/mof/parser.hpp"
#include "cim/mof/source.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace vmms::cimgen {
namespace {

namespace fs = std::filesystem;
using cim::mof::Declarations;

Status check_file_name(const std::string& file, const Declarations& declarations) {
  for (const auto& each : declarations.classes) {
    if (each.name == fs::path(file).stem().string()) continue;
    return error(Failure::invalid_argument,
                 each.position.to_string() + ": class " + each.name + " belongs in a file " + each.name + ".mof");
  }
  return {};
}

}  // namespace

Result<cim::mof::Schema> read_schema(const std::vector<std::string>& inputs) {
  Declarations all;
  const auto files = cim::mof::mof_files(inputs);
  if (!files) return files.error();
  for (const std::string& file : *files) {
    Result<Declarations> one = cim::mof::parse_files({file});
    if (!one) return one.error();
    if (const Status status = check_file_name(file, *one); !status) return status.error();
    std::move(one->qualifiers.begin(), one->qualifiers.end(), std::back_inserter(all.qualifiers));
    std::move(one->classes.begin(), one->classes.end(), std::back_inserter(all.classes));
  }
  return cim::mof::resolve(all);
}

}  // namespace vmms::cimgen
