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
  std::optional<FragmentWriter> columns;   ///< of a query that names some; else whole instances are written
  const cim::Class* written_as = nullptr;  ///< the superclass whose properties alone are written; null for all
  std::optional<representation::ClassForm> class_form = {};  ///< the classes are written, not the instances
  bool without_nil = false;
};

// Appends items as XML, up to a number of bytes.
class ItemWriter {
 public:
  ItemWriter(EnumerationContext& context, std::string& answer, std::size_t bytes, std::size_t items)
      : context_(context), answer_(answer), most_(answer.size() + bytes), items_(items) {}

  bool write(const cim::Instance& instance) {
    const std::size_t before = answer_.size();
    write_item(instance);
    if (!made_room_) make_room(answer_.size() - before);
    if (answer_.size() <= most_) return true;
    answer_.resize(before);
    return false;
  }

 private:
  // For items that are as long as the first one, where so many fit: growing bit by bit would copy the answer again and
  // again.
  void make_room(std::size_t item) {
    made_room_ = true;
    if (item <= most_ / items_) answer_.reserve(answer_.size() + item * items_ + wrapper_size);
  }

  void write_item(const cim::Instance& instance) {
    switch (context_.mode) {
      case EnumerationMode::object:
        write_object(instance);
        break;
      case EnumerationMode::reference:
        write_endpoint_reference(writer_, instance.path(context_.namespace_name), spelling_);
        break;
      case EnumerationMode::object_and_reference:
        writer_.start("w:Item");
        write_object(instance);
        write_endpoint_reference(writer_, instance.path(context_.namespace_name), spelling_);
        writer_.end();
        break;
    }
  }

  void write_object(const cim::Instance& instance) {
    if (context_.class_form)
      representation::write_class(writer_, instance.cim_class(), *context_.class_form);
    else if (context_.columns)
      context_.columns->write(writer_, instance, spelling_);
    else
      write_instance(writer_, instance, context_.written_as ? *context_.written_as : instance.cim_class(), spelling_);
  }

  EnumerationContext& context_;
  std::string& answer_;
  const std::size_t most_;
  const std::size_t items_;  ///< at most so many
  bool made_room_ = false;
  const Spelling spelling_{context_.family, context_.namespace_name, context_.without_nil};
  xml::Writer writer_{answer_};
};

// Appends a page of items to an answer, in which the envelope has begun. Says whether nothing comes after them.
OrFault<bool> write_page(enumeration::PageReader& reading, const Operation& operation, std::size_t elements,
                         std::optional<std::size_t> bytes, std::string& answer) {
  const std::size_t overhead = answer.size() + wrapper_size;
  const std::size_t room =
      operation.request->max_envelope_size - std::min(operation.request->max_envelope_size, overhead);
  ItemWriter writer(static_cast<EnumerationContext&>(reading.context()), answer, std::min(room, bytes.value_or(room)),
                    std::max<std::size_t>(elements, 1));
  const auto page = reading.read(operation.context, elements,
                                 [&writer](const cim::Instance& instance) { return writer.write(instance); });
  if (!page) return to_fault(page.error());
  if (page->does_not_fit) return fault(Condition::answer_too_large, {});
  return page->ended;
}

// Whether a page is read in the pool: also one so large that it would hold up others on an I/O thread.
bool waits(const enumeration::Context& context, std::size_t elements) {
  constexpr std::size_t most_at_once = 256;
  return !context.cursor_done && (elements > most_at_once || context.cursor->waits());
}

// The answer for an open enumeration that cannot be used.
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
  // It goes to the log, one line per entry.
  std::replace_if(
      what.begin(), what.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  context->what = std::move(what);
  context->key = operation.machine_of(result.about);
  context->cursor = std::move(result.instances);
  if (!result.columns.empty()) context->columns.emplace(std::move(result.columns), std::move(result.origin));
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
  cim::wql::Origin origin = result->origin;
  auto context = context_of(operation, schema, std::move(*result), "the associations of " + query.source.class_name);
  if (!enumerate.result_properties.empty()) context->columns.emplace(enumerate.result_properties, std::move(origin));
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
  if (!columns.empty()) context->columns.emplace(std::move(columns), cim::wql::Origin());
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
  (*context)->owner = operation.context.principal->id();
  (*context)->account = operation.context.account;
  (*context)->mode = enumerate.mode;
  (*context)->family = operation.request->resource->family;
  (*context)->without_nil = operation.request->has_option("ExcludeNilProperties");
  return context;
}

// What an answer to Enumerate holds before its items; only the end of the page shows whether the context lives on.
std::string enumerate_start(std::string_view id, std::optional<std::chrono::microseconds> lifetime) {
  std::string start;
  xml::Writer writer(start);
  writer.open("n", "EnumerateResponse");
  if (lifetime) writer.element("n:Expires", cim::DateTime::interval(*lifetime).to_iso8601());
  writer.element("n:EnumerationContext", id);
  return start;
}

// The answers of Renew and GetStatus; an enumeration that never expires has no Expires.
OperationTask status_task(std::string_view element, std::optional<std::chrono::microseconds> lifetime,
                          std::string_view id) {
  std::string body;
  xml::Writer writer(body);
  writer.start(element);
  if (lifetime) writer.element("n:Expires", cim::DateTime::interval(*lifetime).to_iso8601());
  if (!id.empty()) writer.element("n:EnumerationContext", id);
  writer.end();
  OperationTask task;
  task.run = [body = std::move(body)](std::string& answer) -> OrFault<void> {
    answer += body;
    return {};
  };
  return task;
}

}  // namespace

OrFault<OperationTask> prepare_enumerate(const Operation& operation, enumeration::Contexts& contexts) {
  const Request& request = *operation.request;
  if (const auto schema = find_schema(operation); !schema) return schema.error();
  auto enumerate = read_enumerate(request);
  if (!enumerate) return enumerate.error();
  auto context = make_context(operation, *enumerate);
  if (!context) return context.error();
  auto lifetime = enumerate->lifetime;
  if (lifetime) lifetime = std::min(*lifetime, longest_lifetime);

  OperationTask task;
  task.waits = enumerate->optimize && waits(**context, enumerate->max_elements);
  task.key = (*context)->key;
  // A client that has not got the context's name can never pull from it, so then it goes.
  const auto reading = std::make_shared<enumeration::PageReader>(contexts, false);
  if (const Status opened = reading->open(std::move(*context), {lifetime, {}}); !opened)
    return context_fault(opened.error());
  reading->may_wait(task.waits);
  if (!enumerate->optimize) {
    reading->give_back();
    task.run = [reading, lifetime](std::string& answer) -> OrFault<void> {
      answer += enumerate_start(reading->context().id, lifetime) + "</n:EnumerateResponse>";
      return {};
    };
    task.after = [reading](bool delivered) { delivered ? reading->finish(true) : reading->release(); };
    return task;
  }
  const auto succeeded = std::make_shared<bool>(false);
  task.run = [operation, reading, succeeded, lifetime,
              elements = enumerate->max_elements](std::string& answer) -> OrFault<void> {
    const std::size_t start = answer.size();
    const std::string start_of_all = enumerate_start({}, lifetime);
    answer += start_of_all + "<w:Items>";
    const auto ended = write_page(*reading, operation, elements, {}, answer);
    if (!ended) return ended.error();
    *succeeded = true;
    // What is all there is may be much, and is not moved.
    if (!*ended) answer.replace(start, start_of_all.size(), enumerate_start(reading->context().id, lifetime));
    answer += *ended ? "</w:Items><w:EndOfSequence/></n:EnumerateResponse>" : "</w:Items></n:EnumerateResponse>";
    return {};
  };
  task.after = [reading, succeeded](bool delivered) {
    if (delivered && *succeeded)
      reading->finish(true);
    else
      reading->release();
  };
  return task;
}

OrFault<OperationTask> prepare_pull(const Operation& operation, enumeration::Contexts& contexts) {
  auto pull = read_pull(*operation.request);
  if (!pull) return pull.error();
  const auto reading = std::make_shared<enumeration::PageReader>(contexts, true);
  if (const Status taken = reading->take(pull->context, operation.context.principal->id()); !taken)
    return context_fault(taken.error());
  OperationTask task;
  task.waits = waits(reading->context(), pull->max_elements);
  reading->may_wait(task.waits);
  task.key = reading->context().key;
  Operation limited = operation;
  if (pull->max_time) {
    task.deadline = Clock::now() + std::min(*pull->max_time, longest_pull);
    limited.context.deadline = std::min(limited.context.deadline, task.deadline);
  }
  task.run = [limited, reading, pull = std::move(*pull)](std::string& answer) -> OrFault<void> {
    const std::size_t start = answer.size();
    const auto ended = write_page(*reading, limited, pull.max_elements, pull.max_characters, answer);
    if (!ended) return ended.error();
    const std::string goes_on =
        *ended ? "" : "<n:EnumerationContext>" + reading->context().id + "</n:EnumerationContext>";
    answer.insert(start, "<n:PullResponse>" + goes_on + "<n:Items>");
    answer += *ended ? "</n:Items><n:EndOfSequence/></n:PullResponse>" : "</n:Items></n:PullResponse>";
    return {};
  };
  task.after = [reading](bool delivered) { reading->finish(delivered); };
  return task;
}

OrFault<OperationTask> prepare_renew(const Operation& operation, enumeration::Contexts& contexts) {
  const auto renew = read_context_request(*operation.request, "Renew");
  if (!renew) return renew.error();
  auto lifetime = renew->lifetime;
  if (lifetime) lifetime = std::min(*lifetime, longest_lifetime);
  if (const auto renewed = contexts.renew(renew->context, operation.context.principal->id(), lifetime); !renewed)
    return context_fault(renewed.error());
  return status_task("n:RenewResponse", lifetime, renew->context);
}

OrFault<OperationTask> prepare_get_status(const Operation& operation, enumeration::Contexts& contexts) {
  const auto request = read_context_request(*operation.request, "GetStatus");
  if (!request) return request.error();
  const auto remaining = contexts.remaining(request->context, operation.context.principal->id());
  if (!remaining) return context_fault(remaining.error());
  std::optional<std::chrono::microseconds> left;
  if (*remaining) left = std::chrono::duration_cast<std::chrono::microseconds>(**remaining);
  return status_task("n:GetStatusResponse", left, {});
}

OrFault<OperationTask> prepare_release(const Operation& operation, enumeration::Contexts& contexts) {
  const auto release = read_context_request(*operation.request, "Release");
  if (!release) return release.error();
  if (auto released = contexts.release(release->context, operation.context.principal->id()); !released)
    return context_fault(released.error());
  OperationTask task;
  task.run = [](std::string&) -> OrFault<void> { return {}; };
  return task;
}

}  // namespace vmms::wire::wsman
