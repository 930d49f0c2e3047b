#include "wire/wsman/transfer.hpp"

#include "wire/wsman/instance_writer.hpp"
#include "wire/wsman/value_reader.hpp"

namespace vmms::wire::wsman {

namespace {

OrFault<std::string> instance_body(const Operation& operation, const Target& target) {
  const auto instance = operation.manager.get(operation.context, target.path);
  if (!instance) return to_fault(instance.error());
  std::string body;
  xml::Writer writer(body);
  write_instance(writer, *instance, target.spelling(*operation.request));
  return body;
}

OrFault<cim::Instance> instance_in_body(const Operation& operation, const Target& target) {
  if (!operation.request->body) return fault(Condition::schema_validation, "the SOAP Body holds no instance");
  return read_instance(operation.request->body, *target.cim_class, {*target.schema, target.schema->namespace_name});
}

Task task_for(const Operation& operation, const Target& target) {
  Task task;
  task.waits = operation.manager.waits(target.path.namespace_name, *target.cim_class, nullptr);
  task.key = operation.machine_of(target.path);
  return task;
}

}  // namespace

OrFault<Task> prepare_get(const Operation& operation) {
  auto target = find_target(operation);
  if (!target) return target.error();
  Task task = task_for(operation, *target);
  task.run = [operation, target = std::move(*target)] { return instance_body(operation, target); };
  return task;
}

OrFault<Task> prepare_put(const Operation& operation) {
  auto target = find_target(operation);
  if (!target) return target.error();
  auto changes = instance_in_body(operation, *target);
  if (!changes) return changes.error();
  Task task = task_for(operation, *target);
  task.changes = true;
  task.run = [operation, target = std::move(*target), changes = std::move(*changes)]() -> OrFault<std::string> {
    if (auto status = operation.manager.modify(operation.context, target.path, changes); !status)
      return to_fault(status.error());
    return instance_body(operation, target);
  };
  return task;
}

OrFault<Task> prepare_create(const Operation& operation) {
  auto target = find_target(operation);
  if (!target) return target.error();
  auto instance = instance_in_body(operation, *target);
  if (!instance) return instance.error();
  Task task = task_for(operation, *target);
  task.changes = true;
  task.run = [operation, target = std::move(*target), instance = std::move(*instance)]() -> OrFault<std::string> {
    const auto path = operation.manager.create(operation.context, target.path.namespace_name, instance);
    if (!path) return to_fault(path.error());
    std::string body;
    xml::Writer writer(body);
    writer.start("x:ResourceCreated");
    declare_reference(writer);
    write_reference(writer, *path, target.spelling(*operation.request));
    writer.end();
    return body;
  };
  return task;
}

OrFault<Task> prepare_delete(const Operation& operation) {
  auto target = find_target(operation);
  if (!target) return target.error();
  Task task = task_for(operation, *target);
  task.changes = true;
  task.run = [operation, target = std::move(*target)]() -> OrFault<std::string> {
    if (auto status = operation.manager.remove(operation.context, target.path); !status)
      return to_fault(status.error());
    return std::string();
  };
  return task;
}

}  // namespace vmms::wire::wsman
