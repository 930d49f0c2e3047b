// Operations that answer with all that they find (DSP0200 5.3.2.11 to 5.3.2.17).
#include "base/shortened.hpp"
#include "base/text.hpp"
#include "wire/cimxml/answer_bound.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/cimxml/parameters.hpp"
#include "wire/cimxml/selection.hpp"
#include "wire/representation/class_writer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace vmms::wire::cimxml {

namespace {

using Need = Parameters::Need;

// Few, so that one is written while the processor still has it at hand.
constexpr std::size_t batch_size = 64;

OrError<void> read_all(const Operation& operation, const Selection& selection, std::string& answer) {
  AnswerBound bound(operation, answer);
  xml::Writer writer(answer);
  writer.start("IRETURNVALUE").text({});
  ItemWriter items(selection.form, place_of(operation));
  std::size_t number = 0;
  std::optional<Error> first_failure;
  for (bool done = false; !done;) {
    auto batch = selection.cursor->next(operation.context, batch_size);
    for (const cim::Instance& instance : batch.items) items.write(writer, instance);
    number += batch.items.size();
    if (auto fits = bound.check(); !fits) return fits;
    if (!batch.failures.empty()) {
      spdlog::warn("wire: enumerating {}: {} could not be asked; the first: {}", selection.what, batch.failures.size(),
                   one_line(batch.failures.front().message));
      if (!first_failure) first_failure = std::move(batch.failures.front());
    }
    done = batch.done;
    // What would come now comes too late for the client.
    if (!done && cim::Context::Clock::now() >= operation.context.deadline)
      return to_cim_error(error(Failure::timed_out, "not everything could be read in time"));
  }
  // Unreachable is never the same as empty.
  if (number == 0 && first_failure) return to_cim_error(*first_failure);
  writer.end();
  return {};
}

/// Always in the pool: how much it will be is unknown.
OrError<OperationTask> list(const Operation& operation, OrError<Selection> selection) {
  if (!selection) return selection.error();
  OperationTask task;
  task.waits = true;
  task.key = selection->key;
  task.run = [operation, selection = std::make_shared<const Selection>(std::move(*selection))](std::string& answer) {
    return read_all(operation, *selection, answer);
  };
  return task;
}

void read_result_form(Parameters& parameters, representation::InstanceForm& form) {
  form.include_class_origin = parameters.boolean("IncludeClassOrigin", false);
  form.property_list = parameters.texts("PropertyList");
}

/// The classes that an association query about a class finds.
OrError<OperationTask> list_classes(const Operation& operation, cim::AssociationQuery query, bool names,
                                    const representation::ClassForm& form) {
  query.classes = true;
  if (auto source = find_class(operation, query.source.class_name, Code::invalid_parameter); !source)
    return source.error();
  auto classes = operation.manager.associated_classes(operation.context, operation.schema.namespace_name, query);
  if (!classes) {
    CimError error = to_cim_error(classes.error());
    if (error.code == Code::not_found) error.code = Code::invalid_parameter;  // the source is there
    return error;
  }
  OperationTask task;
  task.waits = true;  // it may be a whole schema
  task.run = [operation, names, form, classes = std::move(*classes)](std::string& answer) -> OrError<void> {
    AnswerBound bound(operation, answer);
    xml::Writer writer(answer);
    writer.start("IRETURNVALUE").text({});
    for (const cim::Class* each : classes) {
      writer.start(names ? "OBJECTPATH" : "VALUE.OBJECTWITHPATH");
      representation::write_class_path(writer, *each, place_of(operation));
      if (!names) representation::write_class(writer, *each, form);
      writer.end();
      if (auto fits = bound.check(); !fits) return fits;
    }
    writer.end();
    return {};
  };
  return task;
}

OrError<OperationTask> list_associated(const Operation& operation, bool references, bool names) {
  Parameters parameters(operation.call, operation.schema);
  cim::AssociationQuery query;
  query.references = references;
  bool is_class = false;
  query.source = parameters.object_name("ObjectName", is_class);
  if (references) {
    query.association_class = parameters.class_name("ResultClass");
  } else {
    query.association_class = parameters.class_name("AssocClass");
    query.result_class = parameters.class_name("ResultClass");
    query.result_role = parameters.text("ResultRole").value_or(std::string());
  }
  query.role = parameters.text("Role").value_or(std::string());
  ItemForm form{names ? ItemKind::object_path : ItemKind::object_with_path, {}};
  representation::ClassForm class_form{.local_only = false, .include_qualifiers = false};
  if (!names) {
    class_form.include_qualifiers = parameters.boolean("IncludeQualifiers", false);
    read_result_form(parameters, form.instance);
    class_form.include_class_origin = form.instance.include_class_origin;
    class_form.property_list = form.instance.property_list;
  }
  if (auto done = parameters.done(); !done) return done.error();
  if (is_class) return list_classes(operation, std::move(query), names, class_form);
  return list(operation, select_associated(operation, std::move(query), std::move(form)));
}

}  // namespace

OrError<OperationTask> enumerate_instances(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const std::string class_name = parameters.class_name("ClassName", Need::required);
  const bool deep = parameters.boolean("DeepInheritance", true);
  // Deprecated, and to be taken as false (DSP0200 5.3.2.11).
  parameters.ignore("LocalOnly");
  parameters.ignore("IncludeQualifiers");
  ItemForm form{ItemKind::named_instance, {}};
  read_result_form(parameters, form.instance);
  if (auto done = parameters.done(); !done) return done.error();
  return list(operation, select_instances(operation, class_name, deep, std::move(form)));
}

OrError<OperationTask> enumerate_instance_names(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const std::string class_name = parameters.class_name("ClassName", Need::required);
  if (auto done = parameters.done(); !done) return done.error();
  return list(operation, select_instances(operation, class_name, true, {ItemKind::instance_name, {}}));
}

OrError<OperationTask> associators(const Operation& operation) { return list_associated(operation, false, false); }
OrError<OperationTask> associator_names(const Operation& operation) { return list_associated(operation, false, true); }
OrError<OperationTask> references(const Operation& operation) { return list_associated(operation, true, false); }
OrError<OperationTask> reference_names(const Operation& operation) { return list_associated(operation, true, true); }

OrError<OperationTask> execute_query(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const auto language = parameters.text("QueryLanguage", Need::required);
  const auto query = parameters.text("Query", Need::required);
  if (auto done = parameters.done(); !done) return done.error();
  return list(operation, select_query(operation, *language, *query, ItemKind::object_with_path));
}

}  // namespace vmms::wire::cimxml
