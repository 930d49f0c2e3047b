// cimgen: writes C++ from MOF. Its output is built, never committed.
#include "input.hpp"
#include "output.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
/// Leaves a file with the same content alone, so that nothing that includes it is compiled again.
bool write_if_changed(const fs::path& path, const std::string& content) {
  std::ifstream old(path, std::ios::binary);
  if (old && std::string(std::istreambuf_iterator<char>(old), {}) == content) return true;
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  std::ofstream stream(path, std::ios::binary);
  stream << content;
  stream.close();
  return stream.good();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Writes C++ class data, typed structs, the provider table and reference pages from MOF."};
  std::string output, namespace_name, within;
  std::vector<std::string> inputs;
  app.add_option("--output", output, "folder to write to")->required();
  app.add_option("--namespace", namespace_name, "the CIM namespace of the classes")->required();
  app.add_option("--within", within, "folder and C++ namespace below schema/ and vmms::schema (default: these)");
  app.add_option("inputs", inputs, "MOF files, or folders of them")->required()->check(CLI::ExistingPath);
  CLI11_PARSE(app, argc, argv);

  const auto schema = vmms::cimgen::read_schema(inputs);
  if (!schema) {
    std::fprintf(stderr, "%s\n", schema.error().message.c_str());
    return 1;
  }
  for (const auto& [path, content] :
       vmms::cimgen::generate({*schema, namespace_name, vmms::cimgen::place_within(within)})) {
    if (write_if_changed(fs::path(output) / path, content)) continue;
    std::fprintf(stderr, "%s: cannot be written\n", (fs::path(output) / path).c_str());
    return 1;
  }
  return 0;
}
