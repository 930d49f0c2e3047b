#include "wire/wsman/enumeration.hpp"

#include "wire/wsman/enumerate_request.hpp"
#include "wire/wsman/envelope.hpp"
#include "wire/wsman/instance_writer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <time.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace vmms::wire::wsman {

namespace {

using Clock = cim::Context::Clock;

// What stands around the items of an answer, at most.
constexpr std::size_t wrapper_size = 320;
// Items asked of a cursor at once: what does not fit into the envelope waits in the context.
constexpr std::size_t batch_size = 64;
constexpr std::chrono::microseconds longest_lifetime = std::chrono::hours(24);
constexpr std::chrono::microseconds longest_pull = std::chrono::hours(1);

/// What the calling thread has computed; unlike the time of day it does not pass while others use the processor.
std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

struct PageLimits {
  std::size_t elements;
  std::size_t bytes;
  std::optional<std::chrono::nanoseconds> enough;  ///< thread_time() at which a page that has anything ends
};

struct Page {
  std::string items;                ///< as XML
  std::vector<cim::Instance> sent;  ///< the same, in case they must be sent again
  bool ended = false;               ///< nothing comes after them
};

class PageReader {
 public:
  PageReader(EnumerationContext& context, const cim::Context& call, PageLimits limits)
      : context_(context), call_(call), limits_(limits), writer_(page_.items) {}

  OrFault<Page> read() {
    while (page_.sent.size() < limits_.elements) {
      if (limits_.enough && !page_.sent.empty() && thread_time() >= *limits_.enough) break;
      if (context_.pending.empty()) {
        if (context_.cursor_done) break;
        if (Clock::now() >= call_.deadline) {
          if (page_.sent.empty()) return fault(Condition::timed_out, "no item could be read in time; pull again");
          break;
        }
        fetch();
      } else if (!take_item()) {
        if (page_.sent.empty()) return fault(Condition::answer_too_large, {});
        break;
      }
    }
    report_failures();
    if (!page_.sent.empty()) context_.sent_any = true;
    page_.ended = context_.cursor_done && context_.pending.empty();
    // Unreachable is never the same as empty.
    if (page_.ended && !context_.sent_any && context_.first_failure) return to_fault(*context_.first_failure);
    return std::move(page_);
  }

 private:
  void fetch() {
    auto batch = context_.cursor->next(call_, std::min(limits_.elements - page_.sent.size(), batch_size));
    std::move(batch.items.begin(), batch.items.end(), std::back_inserter(context_.pending));
    context_.cursor_done = batch.done;
    if (batch.failures.empty()) return;
    failures_ += batch.failures.size();
    if (first_failure_.empty()) first_failure_ = batch.failures.front().message;
    if (!context_.first_failure) context_.first_failure = std::move(batch.failures.front());
  }

  // Moves one item from the context to the page; false when it does not fit.
  bool take_item() {
    const std::size_t before = page_.items.size();
    write(context_.pending.front());
    if (page_.items.size() > limits_.bytes) {
      page_.items.resize(before);
      return false;
    }
    page_.sent.push_back(std::move(context_.pending.front()));
    context_.pending.pop_front();
    return true;
  }

  void write(const cim::Instance& instance) {
    const Spelling spelling{context_.family, context_.namespace_name};
    switch (context_.mode) {
      case EnumerationMode::object:
        write_object(instance, spelling);
        break;
      case EnumerationMode::reference:
        write_endpoint_reference(writer_, instance.path(context_.namespace_name), spelling);
        break;
      case EnumerationMode::object_and_reference:
        writer_.start("w:Item");
        write_object(instance, spelling);
        write_endpoint_reference(writer_, instance.path(context_.namespace_name), spelling);
        writer_.end();
        break;
    }
  }

  void write_object(const cim::Instance& instance, const Spelling& spelling) {
    if (context_.columns.empty())
      write_instance(writer_, instance, spelling);
    else
      write_fragment(writer_, instance, context_.columns, context_.origin, spelling);
  }

  void report_failures() const {
    if (failures_ != 0)
      spdlog::warn("wsman: enumerating {}: {} could not be asked; the first: {}", context_.what, failures_,
                   first_failure_);
  }

  EnumerationContext& context_;
  const cim::Context& call_;
  const PageLimits limits_;
  Page page_;
  xml::Writer writer_;
  std::size_t failures_ = 0;
  std::string first_failure_;
};

// A context while an answer is made from it.
class Reading {
 public:
  /// `waits`: it is read in the pool, where it may take its time.
  Reading(EnumerationContexts& contexts, EnumerationContexts::ContextPtr context, bool waits)
      : contexts_(contexts), context_(std::move(context)), waits_(waits) {}

  EnumerationContext& context() const { return *context_; }

  OrFault<Page> read(const Operation& operation, std::size_t elements, std::optional<std::size_t> bytes) {
    const std::size_t overhead = write_envelope(*operation.request, {}).size() + wrapper_size;
    const std::size_t room =
        operation.request->max_envelope_size - std::min(operation.request->max_envelope_size, overhead);
    const auto enough =
        waits_ ? std::optional<std::chrono::nanoseconds>() : thread_time() + contexts_.limits().edge_time;
    auto page =
        PageReader(*context_, operation.context, {elements, std::min(room, bytes.value_or(room)), enough}).read();
    if (page) sent_ = std::move(page->sent);
    // Given back before the answer leaves: the client's next Pull may come before this thread goes on.
    contexts_.give_back(context_, page ? page->ended : context_->cursor_done && context_->pending.empty());
    given_back_ = true;
    return page;
  }

  void finish(bool delivered) {
    if (!given_back_) contexts_.give_back(context_, false);
    contexts_.finish(context_, delivered, std::move(sent_));
  }

  void release() {
    if (!given_back_) contexts_.give_back(context_, false);
    // Fails when the context has ended, which finish() takes care of.
    if (!contexts_.release(context_->id, context_->owner)) contexts_.finish(context_, true, {});
  }

 private:
  EnumerationContexts& contexts_;
  EnumerationContexts::ContextPtr context_;
  const bool waits_;
  std::vector<cim::Instance> sent_;
  bool given_back_ = false;
};

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

OrFault<Task> prepare_enumerate(const Operation& operation, EnumerationContexts& contexts) {
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
  auto opened = contexts.open(std::move(*context), lifetime);
  if (!opened) return opened.error();
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
  const auto reading = std::make_shared<Reading>(contexts, *opened, task.waits);
  const auto succeeded = std::make_shared<bool>(false);
  task.run = [operation, reading, succeeded, lifetime, elements = enumerate->max_elements]() -> OrFault<std::string> {
    const auto page = reading->read(operation, elements, {});
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

OrFault<Task> prepare_pull(const Operation& operation, EnumerationContexts& contexts) {
  auto pull = read_pull(*operation.request);
  if (!pull) return pull.error();
  auto context = contexts.take(pull->context, operation.context.caller.user);
  if (!context) return context.error();
  Task task;
  task.waits = !(*context)->cursor_done && (*context)->cursor->waits();
  const auto reading = std::make_shared<Reading>(contexts, *context, task.waits);
  task.key = (*context)->key;
  Operation limited = operation;
  if (pull->max_time) {
    task.deadline = Clock::now() + std::min(*pull->max_time, longest_pull);
    limited.context.deadline = std::min(limited.context.deadline, task.deadline);
  }
  task.run = [limited, reading, pull = std::move(*pull)]() -> OrFault<std::string> {
    const auto page = reading->read(limited, pull.max_elements, pull.max_characters);
    if (!page) return page.error();
    return pull_body(reading->context().id, *page);
  };
  task.after = [reading](bool delivered) { reading->finish(delivered); };
  return task;
}

OrFault<Task> prepare_release(const Operation& operation, EnumerationContexts& contexts) {
  auto id = read_release(*operation.request);
  if (!id) return id.error();
  if (auto released = contexts.release(*id, operation.context.caller.user); !released) return released.error();
  Task task;
  task.run = [] { return std::string(); };
  return task;
}

}  // namespace vmms::wire::wsman
