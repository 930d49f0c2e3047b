#include "wire/wsman/transfer.hpp"

#include "cim/footprint.hpp"
#include "wire/wsman/fragment.hpp"
#include "wire/wsman/instance_writer.hpp"
#include "wire/wsman/schema_request.hpp"
#include "wire/wsman/value_reader.hpp"

namespace vmms::wire::wsman {

namespace {

OrFault<void> write_instance_of(const Operation& operation, const Target& target, std::string& answer) {
  const auto instance = operation.manager.get(operation.context, target.path);
  if (!instance) return to_fault(instance.error());
  xml::Writer writer(answer);
  write_instance(writer, *instance, target.spelling(*operation.request));
  return {};
}

OrFault<cim::Instance> instance_in_body(const Operation& operation, const Target& target) {
  if (!operation.request->body) return fault(Condition::schema_validation, "the SOAP Body holds no instance");
  return read_instance(operation.request->body, *target.cim_class, {*target.schema, target.schema->namespace_name});
}

OperationTask task_for(const Operation& operation, const Target& target) {
  OperationTask task;
  task.waits = operation.manager.waits(target.path.namespace_name, *target.cim_class, nullptr);
  task.key = operation.machine_of(target.path);
  task.held = cim::footprint(target.path);
  return task;
}

// Classes as CIM-XML, what Get-CimClass asks for (MS-WSMV: the resource URI names::schema_resource).
OrFault<OperationTask> prepare_get_class(const Operation& operation) {
  const auto schema = find_schema(operation);
  if (!schema) return schema.error();
  const auto cim_class = find_schema_class(operation, **schema);
  if (!cim_class) return cim_class.error();
  if (!*cim_class) return fault(Condition::invalid_selectors, "name the class by the selector ClassName");
  OperationTask task;
  task.run = [cim_class = *cim_class, form = class_form(*operation.request)](std::string& answer) -> OrFault<void> {
    xml::Writer writer(answer);
    representation::write_class(writer, *cim_class, form);
    return {};
  };
  return task;
}

// One property (DSP0226 7.7).
OrFault<OperationTask> prepare_get_fragment(const Operation& operation, Target target) {
  auto path = read_fragment_path(*operation.request->fragment, *target.cim_class);
  if (!path) return path.error();
  OperationTask task = task_for(operation, target);
  task.run = [operation, target = std::move(target), path = *path](std::string& answer) -> OrFault<void> {
    const auto instance = operation.manager.get(operation.context, target.path);
    if (!instance) return to_fault(instance.error());
    return write_fragment_of(answer, *instance, path, target.spelling(*operation.request));
  };
  return task;
}

OrFault<OperationTask> prepare_put_fragment(const Operation& operation, Target target) {
  auto path = read_fragment_path(*operation.request->fragment, *target.cim_class);
  if (!path) return path.error();
  OperationTask task = task_for(operation, target);
  task.needs_document = true;  // what is there now decides how the fragment is read
  task.changes = true;
  task.run = [operation, target = std::move(target), path = *path](std::string& answer) -> OrFault<void> {
    const auto present = operation.manager.get(operation.context, target.path);
    if (!present) return to_fault(present.error());
    const auto changes =
        read_fragment_change(operation.request->body, path, *present, {*target.schema, target.schema->namespace_name});
    if (!changes) return changes.error();
    if (const auto status = operation.manager.modify(operation.context, target.path, *changes); !status)
      return to_fault(status.error());
    const auto instance = operation.manager.get(operation.context, target.path);
    if (!instance) return to_fault(instance.error());
    return write_fragment_of(answer, *instance, path, target.spelling(*operation.request));
  };
  return task;
}

}  // namespace

OrFault<OperationTask> prepare_get(const Operation& operation) {
  if (operation.request->resource && operation.request->resource->is_schema) return prepare_get_class(operation);
  auto target = find_target(operation);
  if (!target) return target.error();
  if (operation.request->fragment) return prepare_get_fragment(operation, std::move(*target));
  OperationTask task = task_for(operation, *target);
  task.run = [operation, target = std::move(*target)](std::string& answer) {
    return write_instance_of(operation, target, answer);
  };
  return task;
}

OrFault<OperationTask> prepare_put(const Operation& operation) {
  auto target = find_target(operation);
  if (!target) return target.error();
  if (operation.request->fragment) return prepare_put_fragment(operation, std::move(*target));
  auto changes = instance_in_body(operation, *target);
  if (!changes) return changes.error();
  OperationTask task = task_for(operation, *target);
  task.held += cim::footprint(*changes);
  task.changes = true;
  task.run = [operation, target = std::move(*target),
              changes = std::move(*changes)](std::string& answer) -> OrFault<void> {
    if (auto status = operation.manager.modify(operation.context, target.path, changes); !status)
      return to_fault(status.error());
    return write_instance_of(operation, target, answer);
  };
  return task;
}

OrFault<OperationTask> prepare_create(const Operation& operation) {
  auto target = find_target(operation);
  if (!target) return target.error();
  auto instance = instance_in_body(operation, *target);
  if (!instance) return instance.error();
  OperationTask task = task_for(operation, *target);
  task.held += cim::footprint(*instance);
  task.changes = true;
  task.run = [operation, target = std::move(*target),
              instance = std::move(*instance)](std::string& answer) -> OrFault<void> {
    const auto path = operation.manager.create(operation.context, target.path.namespace_name, instance);
    if (!path) return to_fault(path.error());
    xml::Writer writer(answer);
    writer.start("x:ResourceCreated");
    declare_reference(writer);
    write_reference(writer, *path, target.spelling(*operation.request));
    writer.end();
    return {};
  };
  return task;
}

OrFault<OperationTask> prepare_delete(const Operation& operation) {
  auto target = find_target(operation);
  if (!target) return target.error();
  OperationTask task = task_for(operation, *target);
  task.changes = true;
  task.run = [operation, target = std::move(*target)](std::string&) -> OrFault<void> {
    if (auto status = operation.manager.remove(operation.context, target.path); !status)
      return to_fault(status.error());
    return {};
  };
  return task;
}

}  // namespace vmms::wire::wsman
