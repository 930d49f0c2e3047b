// vmms invoke PATH METHOD [NAME=VALUE...]
#include "cli/invoke.hpp"

#include "base/text.hpp"
#include "cli/program.hpp"
#include "cli/record.hpp"
#include "cli/schema.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace vmms::cli {

namespace {

constexpr std::size_t largest_file = 4U << 20;

Result<std::string> read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file)
    return error(Failure::invalid_argument,
                 fmt::format("cannot read {}: {}", name, std::generic_category().message(errno)));
  std::string text(largest_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.gcount() > static_cast<std::streamsize>(largest_file))
    return error(Failure::invalid_argument, fmt::format("{} is larger than 4 MiB", name));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return text;
}

const cim::Parameter* find_parameter(const cim::Method* method, std::string_view name) {
  if (!method) return nullptr;
  for (const cim::Parameter& parameter : method->parameters)
    if (parameter.is_in && equals_no_case(parameter.name, name)) return &parameter;
  return nullptr;
}

std::string input_names(const cim::Method& method) {
  std::string names;
  for (const cim::Parameter& parameter : method.parameters)
    if (parameter.is_in) names += (names.empty() ? "" : ", ") + std::string(parameter.name);
  return names.empty() ? "none" : names;
}

}  // namespace

Result<wsman::Input> read_argument(const std::string& argument, const cim::Method* method) {
  const auto equals = argument.find('=');
  if (equals == std::string::npos || equals == 0)
    return error(Failure::invalid_argument, fmt::format("\"{}\" is no argument: write NAME=VALUE", argument));
  wsman::Input input;
  input.name = argument.substr(0, equals);
  std::string value = argument.substr(equals + 1);
  const cim::Parameter* parameter = find_parameter(method, input.name);
  if (method && !parameter)
    return error(Failure::invalid_argument, fmt::format("{} has no input parameter {}; it has: {}", method->name,
                                                        input.name, input_names(*method)));
  if (parameter) input.name = parameter->name;
  if (value.starts_with("@@")) {
    value.erase(0, 1);
  } else if (value.starts_with('@')) {
    auto content = read_file(value.substr(1));
    if (!content) return content.error();
    value = std::move(*content);
  }
  if (parameter && parameter->type == cim::Type::reference) {
    auto path = cim::ObjectPath::parse(value);
    if (!path) return path.error();
    if (const Status complete = complete_keys(*path); !complete) return complete.error();
    input.value = std::move(*path);
  } else {
    input.value = std::move(value);
  }
  return input;
}

namespace {

Result<int> invoke(Session& session, const std::string& path_text, const std::string& method_name,
                   const std::vector<std::string>& arguments) {
  auto path = cim::ObjectPath::parse(path_text);
  if (!path) return path.error();
  if (path->namespace_name.empty()) path->namespace_name = wsman::default_namespace;
  if (const Status complete = complete_keys(*path); !complete) return complete.error();
  const cim::Class* known = known_class(path->namespace_name, path->class_name);
  const cim::Method* method = known ? known->method(method_name) : nullptr;
  std::vector<wsman::Input> inputs;
  for (const std::string& argument : arguments) {
    auto input = read_argument(argument, method);
    if (!input) return input.error();
    inputs.push_back(std::move(*input));
  }
  const auto completion = session.call(*path, method ? std::string(method->name) : method_name, inputs);
  if (!completion) return completion.error();

  const Members members(method);
  const wsman::Record& outputs = completion->outcome.outputs;
  std::string text = completion->text();
  if (!completion->job.empty() && completion->succeeded()) text += ", and its job completed";
  if (!session.console().json && !completion->succeeded()) session.console().print(to_text(outputs, members));
  if (!outputs.fields.empty()) text += '\n' + to_text(outputs, members);
  if (text.ends_with('\n')) text.pop_back();
  return finish(session.console(), *completion, {{"out", to_json(outputs, members)}}, text);
}

}  // namespace

void add_invoke(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("invoke", "Invoke a method of an instance, wait for its job if it starts one");
  auto path = std::make_shared<std::string>();
  auto method = std::make_shared<std::string>();
  auto arguments = std::make_shared<std::vector<std::string>>();
  command->add_option("PATH", *path, "object path: [namespace:]Class.Key=\"value\",...")->required()->type_name("");
  command->add_option("METHOD", *method, "name of the method")->required()->type_name("");
  command->add_option("INPUT", *arguments, "NAME=VALUE: an input parameter")->type_name("");
  command->footer(
      R"(Arrays are given as several arguments of one name, references as object paths, embedded instances as CIM-XML text.
NAME=@FILE takes the value from a file (NAME=@@text is a value that begins with @). Prints the return value with its
meaning, then the output parameters.

Examples:
  vmms invoke 'Msvm_ComputerSystem.CreationClassName="Msvm_ComputerSystem",Name="A1576C71-F505-4D1B-9B78-2CFD971B0F31"' \
       RequestStateChange RequestedState=2
  vmms invoke 'Msvm_VirtualSystemManagementService.CreationClassName="Msvm_VirtualSystemManagementService"' \
       ModifyGuestServiceSettings GuestServiceSettings=@settings.xml)");
  run_online(*command, program,
             [path, method, arguments](Session& session) { return invoke(session, *path, *method, *arguments); });
}

}  // namespace vmms::cli
