// vmms mof check FILE...: whether MOF files are right. Asks no server.
#include "cim/mof/context.hpp"
#include "cim/mof/from_class.hpp"
#include "cim/mof/parser.hpp"
#include "cim/mof/resolver.hpp"
#include "cli/program.hpp"
#include "cli/schema.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include <algorithm>
#include <filesystem>
#include <sstream>

namespace vmms::cli {

namespace {

using cim::mof::Declarations;

struct Request {
  std::vector<std::string> files;
  std::vector<std::string> includes;
  std::string namespace_name{known_schemas().front()->namespace_name};
};

/// The MOF files named, and those below the folders named.
std::vector<std::string> mof_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code code;
    if (!std::filesystem::is_directory(path, code)) {
      files.push_back(path);
      continue;
    }
    const std::size_t before = files.size();
    for (std::filesystem::recursive_directory_iterator entry(path, code), end; !code && entry != end;
         entry.increment(code)) {
      if (entry->path().extension() == ".mof") files.push_back(entry->path().string());
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

std::string counted(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

int report_problems(Console& console, const std::string& lines) {
  std::istringstream stream(lines);
  boost::json::array problems;
  for (std::string line; std::getline(stream, line);) {
    if (console.json)
      problems.emplace_back(line);
    else
      console.err << printable(line) << '\n';
  }
  if (console.json) console.print(boost::json::value({{"problems", std::move(problems)}}));
  return exit_refused;
}

Result<int> check(Console& console, const Request& request) {
  std::vector<Declarations> contexts;
  const auto own = cim::mof::parse_files(request.files, request.namespace_name);
  auto included = cim::mof::parse_files(mof_files(request.includes), request.namespace_name);
  for (const auto& read : {own, included}) {
    if (read) continue;
    if (read.error().kind == Failure::not_found) return read.error();
    return report_problems(console, read.error().message);
  }
  contexts.push_back(*std::move(included));
  for (const cim::Schema* known : known_schemas()) contexts.push_back(cim::mof::declarations_of(*known));
  const auto resolved = cim::mof::resolve_namespaces(cim::mof::with_context(*own, contexts));
  if (!resolved) return report_problems(console, resolved.error().message);
  if (console.json) {
    console.print(boost::json::value({{"files", request.files.size()},
                                      {"classes", own->classes.size()},
                                      {"instances", own->instances.size()},
                                      {"qualifier_declarations", own->qualifiers.size()},
                                      {"problems", boost::json::array()}}));
  } else {
    console.print(fmt::format("{}: {}, {}, {}, no problems\n", counted(request.files.size(), "file", "files"),
                              counted(own->classes.size(), "class", "classes"),
                              counted(own->instances.size(), "instance", "instances"),
                              counted(own->qualifiers.size(), "qualifier declaration", "qualifier declarations")));
  }
  return exit_success;
}

}  // namespace

void add_mof(CLI::App& app, Program& program) {
  CLI::App* mof = app.add_subcommand("mof", "Schema files (MOF) on this machine");
  mof->require_subcommand(1);
  CLI::App* command = mof->add_subcommand("check", "Check MOF files: syntax, classes, qualifiers, instances");
  auto request = std::make_shared<Request>();
  command->add_option("FILE", request->files, "MOF files; what they include by #pragma include is checked too")
      ->required()
      ->type_name("");
  command
      ->add_option(
          "--include", request->includes,
          "a MOF file, or a folder of them, whose classes and qualifiers the files may use; may be given again")
      ->type_name("PATH")
      ->expected(1)
      ->take_all();
  command->add_option("--namespace", request->namespace_name, "namespace of what stands before any #pragma namespace")
      ->capture_default_str()
      ->type_name("NAME");
  command->footer(
      R"(The qualifiers and classes of the built-in schema, root/virtualization/v2, count as declared unless the files declare
them. The files are one compilation: the order in which they are given does not matter.

Exit status: 0 no problems; 1 problems, each as "file:line:column: ..." on standard error; 2 a file cannot be read.

Examples:
  vmms mof check Acme_Service.mof
  vmms mof check --include cim-schema acme/*.mof)");
  command->callback(
      [&program, request] { program.action = [&program, request] { return check(program.console, *request); }; });
}

}  // namespace vmms::cli
