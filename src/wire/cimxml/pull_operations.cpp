// Pulled enumerations (DSP0200 5.3.2.24).
#include "base/text.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/cimxml/parameters.hpp"
#include "wire/cimxml/selection.hpp"
#include "wire/enumeration/page.hpp"
#include "wire/representation/class_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::wire::cimxml {

namespace {

using Need = Parameters::Need;

// An answer has no more than this, whatever MaxObjectCount says.
constexpr std::uint32_t most_objects = 1000;
constexpr std::size_t most_page_bytes = 4 * 1024 * 1024;

struct PulledContext : enumeration::Context {
  ItemForm form;
  std::string_view namespace_name;  ///< the schema's constant
};

/// What all Open operations have.
struct OpenParameters {
  Filter filter;
  std::optional<std::string> filter_language;
  std::optional<std::uint32_t> operation_timeout;
  bool continue_on_error = false;
  std::uint32_t max_object_count = 0;
};

OpenParameters read_open(Parameters& parameters) {
  OpenParameters open;
  open.filter_language = parameters.text("FilterQueryLanguage");
  open.filter = parameters.text("FilterQuery");
  open.operation_timeout = parameters.number("OperationTimeout");
  open.continue_on_error = parameters.boolean("ContinueOnError", false);
  open.max_object_count = parameters.number("MaxObjectCount").value_or(0);
  return open;
}

OrError<void> check(const OpenParameters& open, const enumeration::ContextLimits& limits) {
  if (open.continue_on_error)
    return cim_error(Code::continuation_on_error_not_supported, "an enumeration ends with its first error here");
  const auto longest = std::chrono::duration_cast<std::chrono::seconds>(limits.idle).count();
  if (open.operation_timeout && (*open.operation_timeout == 0 || *open.operation_timeout > longest))
    return cim_error(Code::invalid_operation_timeout,
                     fmt::format("OperationTimeout is from 1 to {} seconds here", longest));
  return {};
}

/// For all but queries, whose FilterQuery is the query.
OrError<void> check_filter_language(const OpenParameters& open) {
  if (open.filter && !open.filter_language)
    return cim_error(Code::invalid_parameter, "FilterQuery needs a FilterQueryLanguage");
  if (!open.filter && open.filter_language)
    return cim_error(Code::invalid_parameter, "FilterQueryLanguage needs a FilterQuery");
  if (open.filter && !equals_no_case(*open.filter_language, "DMTF:FQL"))
    return cim_error(Code::query_language_not_supported,
                     fmt::format("{:.100} is not known here; DMTF:FQL is", *open.filter_language));
  return {};
}

void write_output(xml::Writer& writer, std::string_view name, std::string_view type, std::string_view value) {
  writer.start("PARAMVALUE").attribute("NAME", name).attribute("PARAMTYPE", type);
  if (!value.empty()) writer.element("VALUE", value);
  writer.end();
}

/// Reads up to `most` objects into an answer.
OrError<void> read_page(const Operation& operation, enumeration::PageReader& reading, std::uint32_t most,
                        std::string& answer) {
  const auto& context = static_cast<const PulledContext&>(reading.context());
  const std::size_t start = answer.size();
  xml::Writer writer(answer);
  writer.start("IRETURNVALUE").text({});
  ItemWriter items(context.form, place_of(operation));
  const std::size_t bytes = std::min(most_page_bytes, operation.most_bytes);
  bool any = false;
  const auto page = reading.read(operation.context, std::min(most, most_objects), [&](const cim::Instance& instance) {
    const std::size_t before = answer.size();
    items.write(writer, instance);
    if (any && answer.size() - start > bytes) {
      answer.resize(before);
      return false;
    }
    any = true;
    return true;
  });
  if (!page) return to_cim_error(page.error());
  writer.end();
  write_output(writer, "EnumerationContext", "string", page->ended ? std::string_view() : context.id);
  write_output(writer, "EndOfSequence", "boolean", page->ended ? "TRUE" : "FALSE");
  return {};
}

/// A task that reads a page. An enumeration ends with its first error, and when its name does not reach the client.
/// `source`: an object that must be there, whether anything is read or not.
OperationTask page_task(const Operation& operation, const std::shared_ptr<enumeration::PageReader>& reading,
                        std::uint32_t most, bool opens, std::string more = {},
                        std::optional<cim::ObjectPath> source = {}) {
  const enumeration::Context& context = reading->context();
  OperationTask task;
  task.waits = (most > 0 || source) && !context.cursor_done && context.cursor->waits();
  task.key = context.key;
  reading->may_wait(task.waits);
  const auto succeeded = std::make_shared<bool>(false);
  task.run = [operation, reading, succeeded, most, more = std::move(more),
              source = std::move(source)](std::string& answer) -> OrError<void> {
    if (source)
      if (const auto object = operation.manager.find_object(operation.context, operation.schema, *source); !object)
        return to_cim_error(object.error());
    auto done = read_page(operation, *reading, most, answer);
    *succeeded = done.has_value();
    answer += more;
    return done;
  };
  task.after = [reading, succeeded, opens](bool delivered) {
    if (*succeeded && (delivered || !opens))
      reading->finish(delivered);
    else if (delivered || opens)
      reading->release();
    else
      reading->finish(false);
  };
  return task;
}

OrError<OperationTask> open_enumeration(const Operation& operation, const OpenParameters& open,
                                        OrError<Selection> selection, std::string more = {}) {
  if (!selection) return selection.error();
  auto context = std::make_unique<PulledContext>();
  context->owner = operation.context.principal->id();
  context->account = operation.context.account;
  context->what = std::move(selection->what);
  context->key = std::move(selection->key);
  context->cursor = std::move(selection->cursor);
  context->form = std::move(selection->form);
  // A page would report that it is not there; an Open that reads none must as well (DSP0200 5.3.2.24,
  // CIM_ERR_NOT_FOUND).
  std::optional<cim::ObjectPath> source;
  if (open.max_object_count == 0) source = std::move(selection->source);
  context->namespace_name = operation.schema.namespace_name;
  enumeration::Contexts::Lifetime lifetime;
  if (open.operation_timeout) lifetime.idle = std::chrono::seconds(*open.operation_timeout);
  const auto reading = std::make_shared<enumeration::PageReader>(operation.contexts, false);
  if (const Status opened = reading->open(std::move(context), lifetime); !opened) return to_cim_error(opened.error());
  return page_task(operation, reading, open.max_object_count, true, std::move(more), std::move(source));
}

OrError<OperationTask> open_class(const Operation& operation, ItemForm form) {
  Parameters parameters(operation.call, operation.schema);
  const std::string class_name = parameters.class_name("ClassName", Need::required);
  bool deep = true;
  if (!is_path(form.kind)) {
    deep = parameters.boolean("DeepInheritance", true);
    form.instance.include_class_origin = parameters.boolean("IncludeClassOrigin", false);
    form.instance.property_list = parameters.texts("PropertyList");
  }
  const OpenParameters open = read_open(parameters);
  if (auto done = parameters.done(); !done) return done.error();
  if (auto fine = check(open, operation.contexts.limits()); !fine) return fine.error();
  if (auto fine = check_filter_language(open); !fine) return fine.error();
  return open_enumeration(operation, open, select_instances(operation, class_name, deep, std::move(form), open.filter));
}

OrError<OperationTask> open_associated(const Operation& operation, bool references, ItemForm form) {
  Parameters parameters(operation.call, operation.schema);
  cim::AssociationQuery query;
  query.references = references;
  query.source = parameters.instance_name("InstanceName");
  if (references) {
    query.association_class = parameters.class_name("ResultClass");
  } else {
    query.association_class = parameters.class_name("AssocClass");
    query.result_class = parameters.class_name("ResultClass");
    query.result_role = parameters.text("ResultRole").value_or(std::string());
  }
  query.role = parameters.text("Role").value_or(std::string());
  if (!is_path(form.kind)) {
    form.instance.include_class_origin = parameters.boolean("IncludeClassOrigin", false);
    form.instance.property_list = parameters.texts("PropertyList");
  }
  const OpenParameters open = read_open(parameters);
  if (auto done = parameters.done(); !done) return done.error();
  if (auto fine = check(open, operation.contexts.limits()); !fine) return fine.error();
  if (auto fine = check_filter_language(open); !fine) return fine.error();
  return open_enumeration(operation, open,
                          select_associated(operation, std::move(query), std::move(form), open.filter));
}

CimError context_error(const Error& error) {
  CimError result = to_cim_error(error);
  if (error.kind == Failure::not_found) result.code = Code::invalid_enumeration_context;
  return result;
}

OrError<OperationTask> pull(const Operation& operation, ItemKind kind) {
  Parameters parameters(operation.call, operation.schema);
  const auto id = parameters.text("EnumerationContext", Need::required);
  const auto most = parameters.number("MaxObjectCount", Need::required);
  if (auto done = parameters.done(); !done) return done.error();
  const auto reading = std::make_shared<enumeration::PageReader>(operation.contexts, true);
  if (const Status taken = reading->take(*id, operation.context.principal->id()); !taken)
    return context_error(taken.error());
  const auto& pulled = static_cast<const PulledContext&>(reading->context());
  if (pulled.form.kind != kind || pulled.namespace_name != operation.schema.namespace_name) {
    reading->finish(true);
    return cim_error(Code::invalid_enumeration_context,
                     fmt::format("{:.100} does not fit the operation that opened the enumeration, or its namespace",
                                 operation.call.name));
  }
  return page_task(operation, reading, *most, false);
}

}  // namespace

OrError<OperationTask> open_enumerate_instances(const Operation& operation) {
  return open_class(operation, {ItemKind::instance_with_path, {}});
}
OrError<OperationTask> open_enumerate_instance_paths(const Operation& operation) {
  return open_class(operation, {ItemKind::instance_path, {}});
}
OrError<OperationTask> open_associator_instances(const Operation& operation) {
  return open_associated(operation, false, {ItemKind::instance_with_path, {}});
}
OrError<OperationTask> open_associator_instance_paths(const Operation& operation) {
  return open_associated(operation, false, {ItemKind::instance_path, {}});
}
OrError<OperationTask> open_reference_instances(const Operation& operation) {
  return open_associated(operation, true, {ItemKind::instance_with_path, {}});
}
OrError<OperationTask> open_reference_instance_paths(const Operation& operation) {
  return open_associated(operation, true, {ItemKind::instance_path, {}});
}

OrError<OperationTask> open_query_instances(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const bool return_class = parameters.boolean("ReturnQueryResultClass", false);
  const OpenParameters open = read_open(parameters);
  if (auto done = parameters.done(); !done) return done.error();
  if (!open.filter) return cim_error(Code::invalid_parameter, "OpenQueryInstances: parameter FilterQuery is missing");
  if (!open.filter_language)
    return cim_error(Code::invalid_parameter, "OpenQueryInstances: parameter FilterQueryLanguage is missing");
  if (auto fine = check(open, operation.contexts.limits()); !fine) return fine.error();
  auto selection = select_query(operation, *open.filter_language, *open.filter, ItemKind::instance);
  if (!selection) return selection.error();
  std::string result_class;
  if (return_class) {
    if (!selection->query_class)
      return cim_error(Code::query_feature_not_supported,
                       "ReturnQueryResultClass: what this query finds is not of one class");
    representation::ClassForm form{.local_only = false, .include_class_origin = true};
    form.property_list = selection->form.instance.property_list;
    xml::Writer writer(result_class);
    writer.start("PARAMVALUE").attribute("NAME", "QueryResultClass");
    representation::write_class(writer, *selection->query_class, form);
    writer.end();
  }
  return open_enumeration(operation, open, std::move(selection), std::move(result_class));
}

OrError<OperationTask> pull_instances_with_path(const Operation& operation) {
  return pull(operation, ItemKind::instance_with_path);
}
OrError<OperationTask> pull_instance_paths(const Operation& operation) {
  return pull(operation, ItemKind::instance_path);
}
OrError<OperationTask> pull_instances(const Operation& operation) { return pull(operation, ItemKind::instance); }

OrError<OperationTask> close_enumeration(const Operation& operation) {
  Parameters parameters(operation.call, operation.schema);
  const auto id = parameters.text("EnumerationContext", Need::required);
  if (auto done = parameters.done(); !done) return done.error();
  if (auto released = operation.contexts.release(*id, operation.context.principal->id()); !released)
    return context_error(released.error());
  OperationTask task;
  task.run = [](std::string&) -> OrError<void> { return {}; };
  return task;
}

}  // namespace vmms::wire::cimxml
