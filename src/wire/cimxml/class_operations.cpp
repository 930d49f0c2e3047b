// GetClass and its like (DSP0200 5.3.2.1, 5.3.2.9, 5.3.2.10), GetQualifier and EnumerateQualifiers.
#include "base/text.hpp"
#include "wire/cimxml/answer_bound.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/cimxml/parameters.hpp"
#include "wire/representation/class_writer.hpp"

#include <fmt/format.h>

#include <utility>

namespace vmms::wire::cimxml {

namespace {

using Need = Parameters::Need;

/// Answers with IRETURNVALUE and what `write` puts into it.
template <class Write>
OperationTask answer_with(Write write) {
  OperationTask task;
  task.run = [write = std::move(write)](std::string& answer) -> OrError<void> {
    xml::Writer writer(answer);
    writer.start("IRETURNVALUE").text({});
    write(writer);
    writer.end();
    return {};
  };
  return task;
}

/// The same, item by item.
template <class Items, class Write>
OperationTask answer_with_each(const Operation& operation, Items items, Write write) {
  OperationTask task;
  task.run = [operation, items = std::move(items), write = std::move(write)](std::string& answer) -> OrError<void> {
    AnswerBound bound(operation, answer);
    xml::Writer writer(answer);
    writer.start("IRETURNVALUE").text({});
    for (const auto& item : items) {
      write(writer, item);
      if (auto fits = bound.check(); !fits) return fits;
    }
    writer.end();
    return {};
  };
  return task;
}

representation::ClassForm read_form(Parameters& parameters) {
  representation::ClassForm form;
  form.local_only = parameters.boolean("LocalOnly", true);
  form.include_qualifiers = parameters.boolean("IncludeQualifiers", true);
  form.include_class_origin = parameters.boolean("IncludeClassOrigin", false);
  return form;
}

OrError<std::vector<const cim::Class*>> read_classes(const Operation& operation, Parameters& parameters) {
  const std::string base = parameters.class_name("ClassName");
  const bool deep = parameters.boolean("DeepInheritance", false);
  if (auto done = parameters.done(); !done) return done.error();
  if (!base.empty())
    if (auto found = find_class(operation, base); !found) return found.error();
  auto classes = operation.manager.classes(operation.context, operation.schema.namespace_name, base, deep);
  if (!classes) return to_cim_error(classes.error());
  return std::move(*classes);
}

}  // namespace

OrError<OperationTask> get_class(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const std::string class_name = parameters.class_name("ClassName", Need::required);
  representation::ClassForm form = read_form(parameters);
  form.property_list = parameters.texts("PropertyList");
  if (auto done = parameters.done(); !done) return done.error();
  const auto cim_class = find_class(operation, class_name, Code::not_found);
  if (!cim_class) return cim_class.error();
  return answer_with([cim_class = *cim_class, form = std::move(form)](xml::Writer& writer) {
    representation::write_class(writer, *cim_class, form);
  });
}

OrError<OperationTask> enumerate_classes(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const representation::ClassForm form = read_form(parameters);
  auto classes = read_classes(operation, parameters);
  if (!classes) return classes.error();
  OperationTask task = answer_with_each(
      operation, std::move(*classes),
      [form](xml::Writer& writer, const cim::Class* each) { representation::write_class(writer, *each, form); });
  task.waits = true;  // a whole schema takes its time
  return task;
}

OrError<OperationTask> enumerate_class_names(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  auto classes = read_classes(operation, parameters);
  if (!classes) return classes.error();
  return answer_with_each(operation, std::move(*classes), [](xml::Writer& writer, const cim::Class* each) {
    writer.start("CLASSNAME").attribute("NAME", each->name).end();
  });
}

OrError<OperationTask> get_qualifier(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const auto name = parameters.text("QualifierName", Need::required);
  if (auto done = parameters.done(); !done) return done.error();
  for (const cim::QualifierType& each : operation.schema.qualifier_types)
    if (equals_no_case(each.name, *name))
      return answer_with([&each](xml::Writer& writer) { representation::write_qualifier_declaration(writer, each); });
  return cim_error(Code::not_found, fmt::format("there is no qualifier {:.100}", *name));
}

OrError<OperationTask> enumerate_qualifiers(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  if (auto done = parameters.done(); !done) return done.error();
  return answer_with_each(operation, operation.schema.qualifier_types,
                          [](xml::Writer& writer, const cim::QualifierType& each) {
                            representation::write_qualifier_declaration(writer, each);
                          });
}

}  // namespace vmms::wire::cimxml
