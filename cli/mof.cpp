// vmms mof check FILE...: whether MOF files are right. Needs no server.
#include "cim/mof/context.hpp"
#include "cim/mof/from_class.hpp"
#include "cim/mof/parser.hpp"
#include "cim/mof/resolver.hpp"
#include "cim/mof/source.hpp"
#include "cim/mof/wmi_classes.hpp"
#include "cli/program.hpp"
#include "cli/schema.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <iterator>

namespace vmms::cli {

namespace {

using cim::mof::Declarations;
using cim::mof::Dialect;
using cim::mof::Problem;
using cim::mof::Problems;
using cim::mof::Severity;

struct Request {
  std::vector<std::string> files;
  std::vector<std::string> includes;
  std::string namespace_name{known_schemas().front()->namespace_name};
  std::string dialect_name = "dmtf";

  Dialect dialect() const { return dialect_name == "wmi" ? Dialect::wmi : Dialect::dmtf; }
};

std::string counted(std::size_t count, const char* one, const char* many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

boost::json::array json_of(const std::vector<Problem>& problems) {
  boost::json::array array;
  for (const Problem& each : problems) array.emplace_back(each.to_string());
  return array;
}

/// What counts as declared: first what --include names, then the built-in schema.
Result<std::vector<Declarations>> contexts_of(const Request& request, Problems& problems) {
  // These files are not the ones to be checked: their problems are warnings, and their other declarations count.
  Problems of_includes;
  const cim::mof::ParseOptions options{request.namespace_name, Dialect::wmi, request.includes};
  const auto files = cim::mof::mof_files(request.includes);
  if (!files) return files.error();
  auto included = cim::mof::parse_files(*files, options, of_includes);
  if (!included) return included.error();
  for (const Problem& each : of_includes.of(Severity::error)) problems.add(Severity::warning, each);
  Declarations built_in;
  const auto add = [&](Declarations declarations) {
    std::move(declarations.qualifiers.begin(), declarations.qualifiers.end(), std::back_inserter(built_in.qualifiers));
    std::move(declarations.classes.begin(), declarations.classes.end(), std::back_inserter(built_in.classes));
  };
  for (const cim::Schema* known : known_schemas()) add(cim::mof::declarations_of(*known));
  if (request.dialect() == Dialect::wmi) add(cim::mof::wmi_classes());
  return std::vector<Declarations>{*std::move(included), std::move(built_in)};
}

/// What the files declare. All that is wrong is among the problems.
Result<Declarations> read_and_check(const Request& request, const std::vector<std::string>& files, Problems& problems) {
  auto own = cim::mof::parse_files(files, {request.namespace_name, request.dialect(), request.includes}, problems);
  if (!own) return own.error();
  const auto contexts = contexts_of(request, problems);
  if (!contexts) return contexts.error();
  if (problems.errors() == 0) {
    cim::mof::resolve_namespaces(cim::mof::with_context(*own, *contexts), request.dialect(), problems);
  }
  return own;
}

Result<int> check(Console& console, const Request& request) {
  const auto files = cim::mof::mof_files(request.files);
  if (!files) return files.error();
  if (files->empty()) {
    return error(Failure::not_found, "there is no .mof file in " + fmt::format("{}", fmt::join(request.files, ", ")));
  }
  Problems problems;
  const auto own = read_and_check(request, *files, problems);
  if (!own) return own.error();
  const bool is_right = problems.errors() == 0;
  const std::vector<Problem>& errors = problems.of(Severity::error);
  const std::vector<Problem>& warnings = problems.of(Severity::warning);
  if (console.json) {
    boost::json::object result{{"problems", json_of(errors)},
                               {"problem_count", problems.errors()},
                               {"warnings", json_of(warnings)},
                               {"warning_count", problems.warnings()}};
    if (is_right) {
      result["files"] = files->size();
      result["classes"] = own->classes.size();
      result["instances"] = own->instances.size();
      result["qualifier_declarations"] = own->qualifiers.size();
    }
    console.print(boost::json::value(std::move(result)));
    return is_right ? exit_success : exit_refused;
  }
  for (const Problem& each : warnings)
    console.err << printable(fmt::format("{}: warning: {}", each.place, each.what)) << '\n';
  for (const Problem& each : errors) console.err << printable(each.to_string()) << '\n';
  if (problems.warnings() > warnings.size() || problems.errors() > errors.size()) {
    console.err << fmt::format("{} and {} in all, of which the first are told\n",
                               counted(problems.errors(), "problem", "problems"),
                               counted(problems.warnings(), "warning", "warnings"));
  }
  if (!is_right) return exit_refused;
  console.print(fmt::format("{}: {}, {}, {}, no problems{}\n", counted(files->size(), "file", "files"),
                            counted(own->classes.size(), "class", "classes"),
                            counted(own->instances.size(), "instance", "instances"),
                            counted(own->qualifiers.size(), "qualifier declaration", "qualifier declarations"),
                            warnings.empty() ? "" : ", " + counted(problems.warnings(), "warning", "warnings")));
  return exit_success;
}

}  // namespace

void add_mof(CLI::App& app, Program& program) {
  CLI::App* mof = app.add_subcommand("mof", "Schema files (MOF) on this machine");
  mof->require_subcommand(1);
  mof->footer("Example:\n  vmms mof check Acme_Service.mof");
  CLI::App* command = mof->add_subcommand("check", "Check MOF files: syntax, classes, qualifiers, instances");
  auto request = std::make_shared<Request>();
  command
      ->add_option("FILE", request->files,
                   "MOF files, or folders of them; what they include by #pragma include is checked too")
      ->required()
      ->type_name("");
  command
      ->add_option(
          "--include", request->includes,
          "a MOF file, or a folder of them, whose classes and qualifiers the files may use, and in which #pragma "
          "include looks for files; may be given again")
      ->type_name("PATH")
      ->expected(1)
      ->take_all();
  command->add_option("--namespace", request->namespace_name, "namespace of what stands before any #pragma namespace")
      ->capture_default_str()
      ->type_name("NAME");
  command
      ->add_option("--dialect", request->dialect_name,
                   "dmtf: as DSP0004 has it; wmi: with what Windows' mofcomp takes beyond that, such as void methods, "
                   "embedded objects, qualifiers that nobody declared")
      ->transform(one_of({"dmtf", "wmi"}))
      ->capture_default_str()
      ->type_name("dmtf|wmi");
  command->footer(
      R"(The qualifiers and classes of the built-in schema count as declared, in every namespace, unless the files declare
them. The files are one compilation: the order in which they are given does not matter.

Exit status: 0 no problems, warnings at most; 1 problems, each as "file:line:column: ..." on standard error; 2 a file
cannot be read.

Examples:
  vmms mof check Acme_Service.mof
  vmms mof check --include cim-schema acme
  vmms mof check --dialect wmi AcmeDriver.mof)");
  command->callback(
      [&program, request] { program.action = [&program, request] { return check(program.console, *request); }; });
}

}  // namespace vmms::cli
