// Extrinsic methods (DSP0200 5.2.1, 5.4).
#include "base/text.hpp"
#include "cim/footprint.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/cimxml/parameters.hpp"
#include "wire/cimxml/selection.hpp"
#include "wire/representation/embedded_instance.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::wire::cimxml {

namespace {

std::string_view attribute(const xml::Element& element, std::string_view name) {
  return element.attribute({}, name).value_or(std::string_view{});
}

OrError<cim::Arguments> read_arguments(const Operation& operation, const cim::Method& method) {
  cim::Arguments arguments(method.parameters.size());
  std::vector<bool> given(method.parameters.size());
  for (const xml::Element element : operation.call.parameters) {
    const std::string_view name = attribute(element, "NAME");
    const auto wrong = [&](std::string_view why) {
      return cim_error(Code::invalid_parameter, fmt::format("{}: parameter {:.100} {}", method.name, name, why));
    };
    const auto parameter = std::find_if(method.parameters.begin(), method.parameters.end(),
                                        [&](const cim::Parameter& each) { return equals_no_case(each.name, name); });
    if (parameter == method.parameters.end()) return wrong("does not exist");
    if (!parameter->is_in) return wrong("is no input");
    const auto index = static_cast<std::size_t>(parameter - method.parameters.begin());
    if (given[index]) return wrong("is given twice");
    given[index] = true;
    const std::string_view type = attribute(element, "PARAMTYPE");
    if (!type.empty() && !equals_no_case(type, cim::type_name(parameter->type)))
      return wrong(fmt::format("is a {}, not a {:.40}", cim::type_name(parameter->type), type));
    auto value =
        representation::read_value(element.first_child(), parameter->type, parameter->is_array, operation.schema);
    if (!value) return wrong("cannot be used: " + value.error().message);
    arguments[index] = std::move(*value);
  }
  return arguments;
}

void write_result(const Operation& operation, const cim::Method& method, const cim::MethodResult& result,
                  std::string& answer) {
  xml::Writer writer(answer);
  const representation::Place place = place_of(operation);
  if (!result.return_value.is_null()) {
    writer.start("RETURNVALUE").attribute("PARAMTYPE", cim::type_name(method.return_type));
    representation::write_value(writer, result.return_value, method.return_type, place);
    writer.end();
  }
  for (std::size_t i = 0; i < method.parameters.size() && i < result.outputs.size(); ++i) {
    const cim::Parameter& parameter = method.parameters[i];
    if (!parameter.is_out || result.outputs[i].is_null())
      continue;  // what is NULL is left out: an empty one ends wbemcli
    writer.start("PARAMVALUE").attribute("NAME", parameter.name);
    representation::write_type(writer, "PARAMTYPE", parameter.type, parameter.object_class);
    writer.text({});
    representation::write_value(writer, result.outputs[i], parameter.type, place);
    writer.end();
  }
}

}  // namespace

OrError<OperationTask> prepare_extrinsic(const Operation& operation) {
  cim::ObjectPath path = operation.call.target;
  path.namespace_name = operation.schema.namespace_name;
  const cim::Class* cim_class = operation.schema.find(path.class_name);
  if (!cim_class)
    return cim_error(Code::not_found,
                     fmt::format("there is no class {:.100} in {}", path.class_name, operation.schema.namespace_name));
  if (auto completed = complete_keys(path, operation.schema); !completed) return to_cim_error(completed.error());
  const cim::Method* method = cim_class->method(operation.call.name);
  if (!method)
    return cim_error(Code::method_not_found,
                     fmt::format("{} has no method {:.100}", cim_class->name, operation.call.name));
  auto arguments = read_arguments(operation, *method);
  if (!arguments) return arguments.error();
  OperationTask task;
  task.waits = operation.manager.waits(operation.schema.namespace_name, *cim_class, method);
  task.key = operation.machine_of(path);
  task.held = cim::footprint(path) + cim::footprint(*arguments);
  task.run = [operation, path = std::move(path), method,
              arguments = std::move(*arguments)](std::string& answer) -> OrError<void> {
    const auto result = operation.manager.invoke(operation.context, path, method->name, arguments);
    if (result) {
      write_result(operation, *method, *result, answer);
      return {};
    }
    CimError error = to_cim_error(result.error());
    if (error.code == Code::not_supported) error.code = Code::method_not_available;
    return error;
  };
  return task;
}

}  // namespace vmms::wire::cimxml
