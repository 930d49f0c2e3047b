#include "wire/wsman/invoke.hpp"

#include "base/text.hpp"
#include "cim/footprint.hpp"
#include "wire/wsman/instance_writer.hpp"
#include "wire/wsman/names.hpp"
#include "wire/wsman/value_reader.hpp"

#include <fmt/format.h>

namespace vmms::wire::wsman {

namespace {

// Real hosts take the element METHOD_INPUT in the namespace of the class; virt-who sends it in another, some clients
// send none at all.
OrFault<void> check_input_element(const xml::Element& input, const cim::Method& method) {
  const std::string expected = std::string(method.name) + "_INPUT";
  if (!input || equals_no_case(input.name(), expected)) return {};
  return fault(Condition::schema_validation,
               fmt::format("the SOAP Body holds {:.100} instead of {}", input.name(), expected));
}

OrFault<cim::Arguments> read_arguments(const xml::Element& input, const cim::Method& method,
                                       const ReadContext& context) {
  std::vector<std::string_view> names;
  for (const cim::Parameter& parameter : method.parameters) names.push_back(parameter.is_in ? parameter.name : "");
  const auto groups = group_children(input, names);
  if (!groups)
    return fault(Condition::unknown_parameter,
                 fmt::format("{} has no input parameter {:.100}", method.name, groups.error().name()));
  cim::Arguments arguments(method.parameters.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if ((*groups)[i].empty()) continue;
    const cim::Parameter& parameter = method.parameters[i];
    auto value = read_value((*groups)[i], parameter.type, parameter.is_array, context);
    if (!value)
      return fault(value.error().condition,
                   fmt::format("{}, parameter {}: {}", method.name, parameter.name, value.error().message));
    arguments[i] = std::move(*value);
  }
  return arguments;
}

void write_output(const Operation& operation, const Target& target, const cim::Method& method,
                  const cim::MethodResult& result, std::string& answer) {
  xml::Writer writer(answer);
  const Spelling spelling = target.spelling(*operation.request);
  writer.start("p", std::string(method.name) + "_OUTPUT")
      .constant("xmlns:xsi", names::xsi)
      .attribute("xmlns:p", operation.request->resource->uri)
      .constant("xmlns:cim", names::cim_common);
  for (std::size_t i = 0; i < method.parameters.size() && i < result.outputs.size(); ++i)
    if (method.parameters[i].is_out)
      write_value(writer, method.parameters[i].name, method.parameters[i].is_array, result.outputs[i], spelling);
  write_value(writer, "ReturnValue", false, result.return_value, spelling);
  writer.end();
}

}  // namespace

std::optional<std::string> method_of(const Request& request) {
  if (!request.resource) return {};
  const std::string& uri = request.resource->uri;
  const std::string_view action = request.action;
  if (action.size() <= uri.size() + 1 || !equals_no_case(action.substr(0, uri.size()), uri) ||
      action[uri.size()] != '/')
    return {};
  return std::string(action.substr(uri.size() + 1));
}

OrFault<OperationTask> prepare_invoke(const Operation& operation, std::string_view method_name) {
  auto target = find_target(operation);
  if (!target) return target.error();
  const cim::Method* method = target->cim_class->method(method_name);
  if (!method)
    return fault(Condition::unknown_method,
                 fmt::format("{} has no method {:.100}", target->cim_class->name, method_name));
  const xml::Element input = operation.request->body;
  if (auto checked = check_input_element(input, *method); !checked) return checked.error();
  auto arguments = read_arguments(input, *method, {*target->schema, target->schema->namespace_name});
  if (!arguments) return arguments.error();

  OperationTask task;
  task.waits = operation.manager.waits(target->path.namespace_name, *target->cim_class, method);
  task.key = operation.machine_of(target->path);
  task.held = cim::footprint(target->path) + cim::footprint(*arguments);
  task.changes = true;
  task.run = [operation, target = std::move(*target), method,
              arguments = std::move(*arguments)](std::string& answer) -> OrFault<void> {
    const auto result = operation.manager.invoke(operation.context, target.path, method->name, arguments);
    if (!result) return to_fault(result.error());
    write_output(operation, target, *method, *result, answer);
    return {};
  };
  return task;
}

}  // namespace vmms::wire::wsman
