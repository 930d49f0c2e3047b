#include "wire/wsman/enumeration.hpp"

#include "wire/enumeration/page.hpp"
#include "wire/wsman/enumerate_request.hpp"
#include "wire/wsman/envelope.hpp"
#include "wire/wsman/instance_writer.hpp"

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
  std::string_view namespace_name;   ///< the schema's constant
  std::vector<std::string> columns;  ///< of a query that names some; empty for whole instances
  cim::wql::Origin origin;           ///< for columns that are system properties
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
    const Spelling spelling{context_.family, context_.namespace_name};
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
    if (context_.columns.empty())
      write_instance(writer, instance, spelling);
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

ContextResult query_context(const Operation& operation, const EnumerateRequest& enumerate) {
  const cim::Schema* schema = operation.manager.find_schema(operation.request->resource->namespace_name);
  auto result = operation.manager.query(operation.context, schema->namespace_name, *enumerate.query,
                                        enumerate.mode == EnumerationMode::reference);
  if (!result) {
    const bool query = result.error().kind == Failure::invalid_argument;
    return query ? fault(Condition::cannot_process_filter, result.error().message) : to_fault(result.error());
  }
  auto context = std::make_unique<EnumerationContext>();
  context->namespace_name = schema->namespace_name;
  context->what = enumerate.query->substr(0, 200);
  // It goes to the log, one line an entry.
  std::replace_if(
      context->what.begin(), context->what.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  context->key = operation.machine_of(result->about);
  context->cursor = std::move(result->instances);
  context->columns = std::move(result->columns);
  context->origin = std::move(result->origin);
  return context;
}

ContextResult class_context(const Operation& operation, const EnumerateRequest& enumerate) {
  const auto target = find_target(operation);
  if (!target) return target.error();
  const std::string_view space = target->schema->namespace_name;
  std::vector<std::string> wanted;
  if (enumerate.mode == EnumerationMode::reference)
    for (const std::uint16_t key : target->cim_class->keys)
      wanted.emplace_back(target->cim_class->properties[key].name);

  auto cursor = operation.manager.enumerate(operation.context, space, target->cim_class->name, enumerate.keys, wanted);
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
  return context;
}

ContextResult make_context(const Operation& operation, const EnumerateRequest& enumerate) {
  if (!operation.request->selectors.empty())
    return fault(Condition::invalid_selectors,
                 "Enumerate takes no selectors; use a selector filter, or a query on all classes");
  auto context = enumerate.query ? query_context(operation, enumerate) : class_context(operation, enumerate);
  if (!context) return context;
  (*context)->owner = operation.context.caller.user;
  (*context)->mode = enumerate.mode;
  (*context)->family = operation.request->resource->family;
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

}  // namespace

OrFault<Task> prepare_enumerate(const Operation& operation, enumeration::Contexts& contexts) {
  const Request& request = *operation.request;
  if (!request.resource) return fault(Condition::missing_header, "the request has no wsman:ResourceURI header");
  if (!operation.manager.find_schema(request.resource->namespace_name))
    return fault(Condition::unknown_namespace,
                 fmt::format("there is no namespace {:.200}", request.resource->namespace_name));
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

OrFault<Task> prepare_release(const Operation& operation, enumeration::Contexts& contexts) {
  auto id = read_release(*operation.request);
  if (!id) return id.error();
  if (auto released = contexts.release(*id, operation.context.caller.user); !released)
    return context_fault(released.error());
  Task task;
  task.run = [] { return std::string(); };
  return task;
}

}  // namespace vmms::wire::wsman
