#include "wire/wsman/enumeration.hpp"

#include "cim/class_definitions.hpp"
#include "wire/enumeration/page.hpp"
#include "wire/wsman/enumerate_request.hpp"
#include "wire/wsman/envelope.hpp"
#include "wire/wsman/fragment.hpp"
#include "wire/wsman/instance_writer.hpp"
#include "wire/wsman/schema_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace vmms::wire::wsman {

namespace {

using Clock = cim::Context::Clock;

// What stands around the items of an answer, at most.
constexpr std::size_t wrapper_size = 320;
constexpr std::chrono::microseconds longest_lifetime = std::chrono::hours(24);
constexpr std::chrono::microseconds longest_pull = std::chrono::hours(1);

/// What this protocol keeps of an open enumeration: how its items are written.
struct EnumerationContext : enumeration::Context {
  EnumerationMode mode = EnumerationMode::object;
  UriFamily family = UriFamily::microsoft;
  std::string_view namespace_name;         ///< the schema's constant
  std::vector<std::string> columns;        ///< of a query that names some; empty for whole instances
  cim::wql::Origin origin;                 ///< for columns that are system properties
  const cim::Class* written_as = nullptr;  ///< the superclass whose properties alone are written; null for all
  std::optional<cimxml::ClassForm> class_form = {};  ///< the classes are written, not the instances
  bool without_nil = false;
};

// Writes items as XML, up to a number of bytes.
class ItemWriter {
 public:
  ItemWriter(const EnumerationContext& context, std::size_t bytes) : context_(context), bytes_(bytes) {}

  std::string items;

  bool write(const cim::Instance& instance) {
    const std::size_t before = items.size();
    write_item(instance);
    if (items.size() <= bytes_) return true;
    items.resize(before);
    return false;
  }

 private:
  void write_item(const cim::Instance& instance) {
    xml::Writer writer(items);
    const Spelling spelling{context_.family, context_.namespace_name, context_.without_nil};
    switch (context_.mode) {
      case EnumerationMode::object:
        write_object(writer, instance, spelling);
        break;
      case EnumerationMode::reference:
        write_endpoint_reference(writer, instance.path(context_.namespace_name), spelling);
        break;
      case EnumerationMode::object_and_reference:
        writer.start("w:Item");
        write_object(writer, instance, spelling);
        write_endpoint_reference(writer, instance.path(context_.namespace_name), spelling);
        writer.end();
        break;
    }
  }

  void write_object(xml::Writer& writer, const cim::Instance& instance, const Spelling& spelling) {
    if (context_.class_form)
      cimxml::write_class(writer, instance.cim_class(), *context_.class_form);
    else if (context_.columns.empty())
      write_instance(writer, instance, context_.written_as ? *context_.written_as : instance.cim_class(), spelling);
    else
      write_fragment(writer, instance, context_.columns, context_.origin, spelling);
  }

  const EnumerationContext& context_;
  const std::size_t bytes_;
};

struct Page {
  std::string items;   ///< as XML
  bool ended = false;  ///< nothing comes after them
};

OrFault<Page> read_page(enumeration::Reading& reading, const Operation& operation, std::size_t elements,
                        std::optional<std::size_t> bytes) {
  const std::size_t overhead = write_envelope(*operation.request, {}).size() + wrapper_size;
  const std::size_t room =
      operation.request->max_envelope_size - std::min(operation.request->max_envelope_size, overhead);
  ItemWriter writer(static_cast<const EnumerationContext&>(reading.context()), std::min(room, bytes.value_or(room)));
  const auto page = reading.read(operation.context, elements,
                                 [&writer](const cim::Instance& instance) { return writer.write(instance); });
  if (!page) return to_fault(page.error());
  if (page->does_not_fit) return fault(Condition::answer_too_large, {});
  return Page{std::move(writer.items), page->ended};
}

// What an open enumeration answers when it cannot be had.
Fault context_fault(const Error& error) {
  if (error.kind == Failure::not_found) return fault(Condition::invalid_context, error.message);
  if (error.kind == Failure::invalid_state) return fault(Condition::concurrency, error.message);
  return to_fault(error);
}

using ContextResult = OrFault<std::unique_ptr<EnumerationContext>>;

// Of what a query or an association filter finds.
std::unique_ptr<EnumerationContext> context_of(const Operation& operation, const cim::Schema& schema,
                                               cim::QueryResult result, std::string what) {
  auto context = std::make_unique<EnumerationContext>();
  context->namespace_name = schema.namespace_name;
  // It goes to the log, one line an entry.
  std::replace_if(
      what.begin(), what.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  context->what = std::move(what);
  context->key = operation.machine_of(result.about);
  context->cursor = std::move(result.instances);
  context->columns = std::move(result.columns);
  context->origin = std::move(result.origin);
  return context;
}

// Classes themselves.
ContextResult schema_context(const Operation& operation, const cim::Schema& schema) {
  const auto base = find_schema_class(operation, schema);
  if (!base) return base.error();
  auto classes = operation.manager.classes(operation.context, schema.namespace_name,
                                           *base ? (*base)->name : std::string_view{}, true);
  if (!classes) return to_fault(classes.error());
  if (*base) classes->insert(classes->begin(), *base);
  auto context = std::make_unique<EnumerationContext>();
  context->namespace_name = schema.namespace_name;
  context->what = "classes";
  context->cursor = std::make_unique<cim::ClassDefinitions>(*classes);
  context->class_form = class_form(*operation.request);
  return context;
}

ContextResult association_context(const Operation& operation, const cim::Schema& schema,
                                  const EnumerateRequest& enumerate) {
  cim::AssociationQuery query = *enumerate.associations;
  query.keys_only = enumerate.mode == EnumerationMode::reference;
  auto result = operation.manager.associations(operation.context, schema.namespace_name, query);
  if (!result) return fault(Condition::cannot_process_filter, result.error().message);
  auto context = context_of(operation, schema, std::move(*result), "the associations of " + query.source.class_name);
  context->columns = enumerate.result_properties;
  return context;
}

ContextResult query_context(const Operation& operation, const cim::Schema& schema, const EnumerateRequest& enumerate) {
  auto result = operation.manager.query(operation.context, schema.namespace_name, *enumerate.query,
                                        enumerate.mode == EnumerationMode::reference);
  if (!result) {
    const bool query = result.error().kind == Failure::invalid_argument;
    return query ? fault(Condition::cannot_process_filter, result.error().message) : to_fault(result.error());
  }
  return context_of(operation, schema, std::move(*result), enumerate.query->substr(0, 200));
}

ContextResult class_context(const Operation& operation, const EnumerateRequest& enumerate) {
  const auto target = find_target(operation);
  if (!target) return target.error();
  const std::string_view space = target->schema->namespace_name;
  std::vector<std::string> wanted;
  if (enumerate.mode == EnumerationMode::reference)
    for (const std::uint16_t key : target->cim_class->keys)
      wanted.emplace_back(target->cim_class->properties[key].name);

  std::vector<std::string> columns;
  if (operation.request->fragment) {
    const auto path = read_fragment_path(*operation.request->fragment, *target->cim_class);
    if (!path) return path.error();
    if (path->text || path->index)
      return fault(Condition::cannot_process_filter, "a fragment of an enumeration is a whole property");
    columns = wanted = {std::string(path->property->name)};
  }
  const auto subclasses =
      enumerate.polymorphism == Polymorphism::none ? cim::Subclasses::exclude : cim::Subclasses::include;
  auto cursor = operation.manager.enumerate(operation.context, space, target->cim_class->name, enumerate.keys, wanted,
                                            subclasses);
  if (!cursor) {
    const bool filter = cursor.error().kind == Failure::invalid_argument && !enumerate.keys.empty();
    return filter ? fault(Condition::cannot_process_filter, cursor.error().message) : to_fault(cursor.error());
  }
  auto context = std::make_unique<EnumerationContext>();
  context->namespace_name = space;
  context->what = target->cim_class->name;
  cim::ObjectPath filtered = target->path;
  filtered.keys = enumerate.keys;
  context->key = operation.machine_of(filtered);
  context->cursor = std::move(*cursor);
  context->columns = std::move(columns);
  if (enumerate.polymorphism == Polymorphism::exclude_subclass_properties) context->written_as = target->cim_class;
  return context;
}

ContextResult make_context(const Operation& operation, const EnumerateRequest& enumerate) {
  const auto schema = find_schema(operation);
  if (!schema) return schema.error();
  const bool of_classes = operation.request->resource->is_schema;
  if (!operation.request->selectors.empty() && !of_classes)
    return fault(Condition::invalid_selectors,
                 "Enumerate takes no selectors; use a selector filter, or a query on all classes");
  const bool filtered = enumerate.query || enumerate.associations;
  if (operation.request->fragment && (filtered || of_classes)) return fault(Condition::fragment_transfer, {});
  if (of_classes && (filtered || enumerate.mode != EnumerationMode::object))
    return fault(Condition::enumeration_mode, "classes are enumerated as objects, without filter");
  auto context = of_classes               ? schema_context(operation, **schema)
                 : enumerate.query        ? query_context(operation, **schema, enumerate)
                 : enumerate.associations ? association_context(operation, **schema, enumerate)
                                          : class_context(operation, enumerate);
  if (!context) return context;
  (*context)->owner = operation.context.caller.user;
  (*context)->mode = enumerate.mode;
  (*context)->family = operation.request->resource->family;
  (*context)->without_nil = operation.request->has_option("ExcludeNilProperties");
  return context;
}

// `page` is null in an answer that carries no items.
std::string enumerate_body(const std::string& id, std::optional<std::chrono::microseconds> lifetime, const Page* page) {
  std::string body;
  xml::Writer writer(body);
  writer.start("n:EnumerateResponse");
  if (lifetime) writer.element("n:Expires", cim::DateTime::interval(*lifetime).to_iso8601());
  writer.element("n:EnumerationContext", page && page->ended ? std::string_view{} : id);
  if (page) writer.start("w:Items").raw(page->items).end();
  if (page && page->ended) writer.start("w:EndOfSequence").end();
  writer.end();
  return body;
}

std::string pull_body(const std::string& id, const Page& page) {
  std::string body;
  xml::Writer writer(body);
  writer.start("n:PullResponse");
  if (!page.ended) writer.element("n:EnumerationContext", id);
  writer.start("n:Items").raw(page.items).end();
  if (page.ended) writer.start("n:EndOfSequence").end();
  writer.end();
  return body;
}

// The answers of Renew and GetStatus; an enumeration that never expires has no Expires.
Task status_task(std::string_view element, std::optional<std::chrono::microseconds> lifetime, std::string_view id) {
  std::string body;
  xml::Writer writer(body);
  writer.start(element);
  if (lifetime) writer.element("n:Expires", cim::DateTime::interval(*lifetime).to_iso8601());
  if (!id.empty()) writer.element("n:EnumerationContext", id);
  writer.end();
  Task task;
  task.run = [body = std::move(body)]() -> OrFault<std::string> { return body; };
  return task;
}

}  // namespace

OrFault<Task> prepare_enumerate(const Operation& operation, enumeration::Contexts& contexts) {
  const Request& request = *operation.request;
  if (const auto schema = find_schema(operation); !schema) return schema.error();
  auto enumerate = read_enumerate(request);
  if (!enumerate) return enumerate.error();
  auto context = make_context(operation, *enumerate);
  if (!context) return context.error();
  auto lifetime = enumerate->lifetime;
  if (lifetime) lifetime = std::min(*lifetime, longest_lifetime);

  Task task;
  task.waits = enumerate->optimize && (*context)->cursor->waits();
  task.key = (*context)->key;
  auto opened = contexts.open(std::move(*context), {lifetime, {}});
  if (!opened) return context_fault(opened.error());
  // A client that has not got the context's name can never pull from it, so then it goes.
  if (!enumerate->optimize) {
    contexts.give_back(*opened, false);
    task.run = [context = *opened, lifetime]() -> OrFault<std::string> {
      return enumerate_body(context->id, lifetime, nullptr);
    };
    task.after = [&contexts, context = *opened](bool delivered) {
      if (!delivered) (void)contexts.release(context->id, context->owner);
    };
    return task;
  }
  const auto reading = std::make_shared<enumeration::Reading>(contexts, *opened, task.waits);
  const auto succeeded = std::make_shared<bool>(false);
  task.run = [operation, reading, succeeded, lifetime, elements = enumerate->max_elements]() -> OrFault<std::string> {
    const auto page = read_page(*reading, operation, elements, {});
    if (!page) return page.error();
    *succeeded = true;
    return enumerate_body(reading->context().id, lifetime, &*page);
  };
  task.after = [reading, succeeded](bool delivered) {
    if (delivered && *succeeded)
      reading->finish(true);
    else
      reading->release();
  };
  return task;
}

OrFault<Task> prepare_pull(const Operation& operation, enumeration::Contexts& contexts) {
  auto pull = read_pull(*operation.request);
  if (!pull) return pull.error();
  auto context = contexts.take(pull->context, operation.context.caller.user);
  if (!context) return context_fault(context.error());
  Task task;
  task.waits = !(*context)->cursor_done && (*context)->cursor->waits();
  const auto reading = std::make_shared<enumeration::Reading>(contexts, *context, task.waits);
  task.key = (*context)->key;
  Operation limited = operation;
  if (pull->max_time) {
    task.deadline = Clock::now() + std::min(*pull->max_time, longest_pull);
    limited.context.deadline = std::min(limited.context.deadline, task.deadline);
  }
  task.run = [limited, reading, pull = std::move(*pull)]() -> OrFault<std::string> {
    const auto page = read_page(*reading, limited, pull.max_elements, pull.max_characters);
    if (!page) return page.error();
    return pull_body(reading->context().id, *page);
  };
  task.after = [reading](bool delivered) { reading->finish(delivered); };
  return task;
}

OrFault<Task> prepare_renew(const Operation& operation, enumeration::Contexts& contexts) {
  const auto renew = read_context_request(*operation.request, "Renew");
  if (!renew) return renew.error();
  auto lifetime = renew->lifetime;
  if (lifetime) lifetime = std::min(*lifetime, longest_lifetime);
  if (const auto renewed = contexts.renew(renew->context, operation.context.caller.user, lifetime); !renewed)
    return context_fault(renewed.error());
  return status_task("n:RenewResponse", lifetime, renew->context);
}

OrFault<Task> prepare_get_status(const Operation& operation, enumeration::Contexts& contexts) {
  const auto request = read_context_request(*operation.request, "GetStatus");
  if (!request) return request.error();
  const auto remaining = contexts.remaining(request->context, operation.context.caller.user);
  if (!remaining) return context_fault(remaining.error());
  std::optional<std::chrono::microseconds> left;
  if (*remaining) left = std::chrono::duration_cast<std::chrono::microseconds>(**remaining);
  return status_task("n:GetStatusResponse", left, {});
}

OrFault<Task> prepare_release(const Operation& operation, enumeration::Contexts& contexts) {
  const auto release = read_context_request(*operation.request, "Release");
  if (!release) return release.error();
  if (auto released = contexts.release(release->context, operation.context.caller.user); !released)
    return context_fault(released.error());
  Task task;
  task.run = [] { return std::string(); };
  return task;
}

}  // namespace vmms::wire::wsman
