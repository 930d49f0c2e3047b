#include "input.hpp"

#include "cim/mof/parser.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>

namespace vmms::cimgen {
namespace {

namespace fs = std::filesystem;
using cim::mof::Declarations;

/// The files named, and those below the folders named.
std::vector<std::string> mof_files(const std::vector<std::string>& inputs) {
  std::vector<std::string> files;
  for (const std::string& input : inputs) {
    if (!fs::is_directory(input)) {
      files.push_back(input);
      continue;
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(input)) {
      if (entry.path().extension() == ".mof") files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

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
  for (const std::string& file : mof_files(inputs)) {
    Result<Declarations> one = cim::mof::parse_file(file);
    if (!one) return one.error();
    if (const Status status = check_file_name(file, *one); !status) return status.error();
    std::move(one->qualifiers.begin(), one->qualifiers.end(), std::back_inserter(all.qualifiers));
    std::move(one->classes.begin(), one->classes.end(), std::back_inserter(all.classes));
  }
  return cim::mof::resolve(all);
}

}  // namespace vmms::cimgen
