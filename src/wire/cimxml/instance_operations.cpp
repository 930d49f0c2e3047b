// Operations on one instance (DSP0200 5.3.2.2, 5.3.2.4, 5.3.2.6, 5.3.2.8, 5.3.2.18, 5.3.2.19).
#include "cim/footprint.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/cimxml/parameters.hpp"
#include "wire/cimxml/selection.hpp"
#include "wire/representation/class_writer.hpp"
#include "wire/representation/embedded_instance.hpp"

#include <fmt/format.h>

namespace vmms::wire::cimxml {

namespace {

using Need = Parameters::Need;

OperationTask task_for(const Operation& operation, const cim::Class& cim_class, const cim::ObjectPath& path) {
  OperationTask task;
  task.waits = operation.manager.waits(operation.schema.namespace_name, cim_class, nullptr);
  task.key = operation.machine_of(path);
  task.held = cim::footprint(path);
  return task;
}

/// Reads an INSTANCE; `parameter` is its parameter's name.
OrError<cim::Instance> read_parameter_instance(const Operation& operation, std::string_view parameter,
                                               const xml::Element& element) {
  const std::string_view class_name = element.attribute({}, "CLASSNAME").value_or(std::string_view{});
  if (auto found = find_class(operation, class_name); !found) return found.error();
  auto instance = representation::read_instance(element, operation.schema);
  if (!instance) return cim_error(Code::invalid_parameter, fmt::format("{}: {}", parameter, instance.error().message));
  return std::move(*instance);
}

OrError<void> nothing_or(const Status& status) {
  if (!status) return to_cim_error(status.error());
  return {};
}

/// The property that GetProperty and SetProperty name.
OrError<std::size_t> find_property(const cim::Class& cim_class, std::string_view name) {
  const auto index = cim_class.property_index(name);
  if (!index) return cim_error(Code::no_such_property, fmt::format("{} has no property {:.100}", cim_class.name, name));
  return *index;
}

CimError cannot_be_null(const cim::Class& cim_class, std::string_view property) {
  return cim_error(Code::not_supported, fmt::format("{}.{} cannot be set to NULL", cim_class.name, property));
}

/// Leaves in `changes` what the list names. Nothing can be set to NULL, so a listed property must have a value.
OrError<void> apply_property_list(cim::Instance& changes, const std::vector<std::string>& list) {
  const cim::Class& cim_class = changes.cim_class();
  for (const std::string& name : list) {
    const auto index = cim_class.property_index(name);
    if (!index)
      return cim_error(Code::invalid_parameter,
                       fmt::format("PropertyList: {} has no property {:.100}", cim_class.name, name));
    if (changes.values[*index].is_null()) return cannot_be_null(cim_class, cim_class.properties[*index].name);
  }
  for (std::size_t i = 0; i < changes.values.size(); ++i)
    if (!representation::lists(list, cim_class.properties[i].name)) changes.values[i] = {};
  return {};
}

}  // namespace

OrError<OperationTask> get_instance(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  auto path = parameters.instance_name("InstanceName");
  representation::InstanceForm form;
  // Deprecated, and to be taken as false (DSP0200 5.3.2.2).
  parameters.ignore("LocalOnly");
  parameters.ignore("IncludeQualifiers");
  form.include_class_origin = parameters.boolean("IncludeClassOrigin", false);
  form.property_list = parameters.texts("PropertyList");
  if (auto done = parameters.done(); !done) return done.error();
  const auto cim_class = find_class(operation, path.class_name);
  if (!cim_class) return cim_class.error();
  OperationTask task = task_for(operation, **cim_class, path);
  task.run = [operation, path = std::move(path), form = std::move(form)](std::string& answer) -> OrError<void> {
    const auto instance = operation.manager.get(operation.context, path);
    if (!instance) return to_cim_error(instance.error());
    xml::Writer writer(answer);
    writer.start("IRETURNVALUE").text({});
    representation::write_instance(writer, *instance, form, place_of(operation));
    writer.end();
    return {};
  };
  return task;
}

OrError<OperationTask> create_instance(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const xml::Element element = parameters.element("NewInstance", Need::required);
  if (auto done = parameters.done(); !done) return done.error();
  if (element.name() != "INSTANCE") return cim_error(Code::invalid_parameter, "NewInstance is not an INSTANCE");
  auto instance = read_parameter_instance(operation, "NewInstance", element);
  if (!instance) return instance.error();
  OperationTask task = task_for(operation, instance->cim_class(), instance->path(operation.schema.namespace_name));
  task.held += cim::footprint(*instance);
  task.run = [operation, instance = std::move(*instance)](std::string& answer) -> OrError<void> {
    const auto path = operation.manager.create(operation.context, operation.schema.namespace_name, instance);
    if (!path) return to_cim_error(path.error());
    xml::Writer writer(answer);
    writer.start("IRETURNVALUE").text({});
    representation::write_instance_name(writer, *path, place_of(operation));
    writer.end();
    return {};
  };
  return task;
}

OrError<OperationTask> modify_instance(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const xml::Element named = parameters.element("ModifiedInstance", Need::required);
  parameters.ignore("IncludeQualifiers");
  const auto list = parameters.texts("PropertyList");
  if (auto done = parameters.done(); !done) return done.error();
  const xml::Element element = named.first_child().next_sibling();
  if (named.name() != "VALUE.NAMEDINSTANCE" || element.name() != "INSTANCE")
    return cim_error(Code::invalid_parameter, "ModifiedInstance is not a VALUE.NAMEDINSTANCE");
  auto path = read_path(named.first_child(), operation.schema);
  if (!path) return cim_error(Code::invalid_parameter, "ModifiedInstance: " + path.error().message);
  const auto cim_class = find_class(operation, path->class_name);
  if (!cim_class) return cim_class.error();
  auto changes = read_parameter_instance(operation, "ModifiedInstance", element);
  if (!changes) return changes.error();
  if (!changes->cim_class().is_a(**cim_class))
    return cim_error(Code::invalid_parameter, fmt::format("ModifiedInstance: the path names {}, the instance is of {}",
                                                          (*cim_class)->name, changes->cim_class().name));
  if (list)
    if (auto applied = apply_property_list(*changes, *list); !applied) return applied.error();
  path->class_name = changes->cim_class().name;
  OperationTask task = task_for(operation, changes->cim_class(), *path);
  task.held += cim::footprint(*changes);
  task.run = [operation, path = std::move(*path), changes = std::move(*changes)](std::string&) {
    return nothing_or(operation.manager.modify(operation.context, path, changes));
  };
  return task;
}

OrError<OperationTask> delete_instance(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  auto path = parameters.instance_name("InstanceName");
  if (auto done = parameters.done(); !done) return done.error();
  const auto cim_class = find_class(operation, path.class_name);
  if (!cim_class) return cim_class.error();
  OperationTask task = task_for(operation, **cim_class, path);
  task.run = [operation, path = std::move(path)](std::string&) {
    return nothing_or(operation.manager.remove(operation.context, path));
  };
  return task;
}

OrError<OperationTask> get_property(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  auto path = parameters.instance_name("InstanceName");
  auto name = parameters.text("PropertyName", Need::required);
  if (auto done = parameters.done(); !done) return done.error();
  const auto cim_class = find_class(operation, path.class_name);
  if (!cim_class) return cim_class.error();
  OperationTask task = task_for(operation, **cim_class, path);
  task.run = [operation, path = std::move(path), name = std::move(*name)](std::string& answer) -> OrError<void> {
    const auto instance = operation.manager.get(operation.context, path);
    if (!instance) return to_cim_error(instance.error());
    const auto index = find_property(instance->cim_class(), name);
    if (!index) return index.error();
    xml::Writer writer(answer);
    if (instance->values[*index].is_null()) return {};
    writer.start("IRETURNVALUE").text({});
    representation::write_value(writer, instance->values[*index], instance->cim_class().properties[*index].type,
                                place_of(operation));
    writer.end();
    return {};
  };
  return task;
}

OrError<OperationTask> set_property(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  auto path = parameters.instance_name("InstanceName");
  const auto name = parameters.text("PropertyName", Need::required);
  const xml::Element element = parameters.element("NewValue");
  if (auto done = parameters.done(); !done) return done.error();
  const auto cim_class = find_class(operation, path.class_name);
  if (!cim_class) return cim_class.error();
  const auto index = find_property(**cim_class, *name);
  if (!index) return index.error();
  const cim::Property& property = (*cim_class)->properties[*index];
  auto value = representation::read_value(element, property.type, property.is_array, operation.schema);
  if (!value) return cim_error(Code::type_mismatch, fmt::format("{}: {}", property.name, value.error().message));
  if (value->is_null()) return cannot_be_null(**cim_class, property.name);
  OperationTask task = task_for(operation, **cim_class, path);
  task.held += cim::footprint(*value);
  task.run = [operation, path = std::move(path), &property, value = std::move(*value)](std::string&) -> OrError<void> {
    // The path may name a superclass; changes are of the instance's own class.
    const auto instance = operation.manager.get(operation.context, path);
    if (!instance) return to_cim_error(instance.error());
    cim::Instance changes(instance->cim_class());
    changes.set(property.name, value);
    return nothing_or(operation.manager.modify(operation.context, path, changes));
  };
  return task;
}

}  // namespace vmms::wire::cimxml
