#include "wire/wsman/server.hpp"

#include "base/caught_error.hpp"
#include "base/text.hpp"
#include "wire/wsman/enumeration.hpp"
#include "wire/wsman/envelope.hpp"
#include "wire/wsman/identify.hpp"
#include "wire/wsman/invoke.hpp"
#include "wire/wsman/names.hpp"
#include "wire/wsman/transfer.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace vmms::wire::wsman {

namespace {

using Clock = cim::Context::Clock;

constexpr std::string_view soap_type = "application/soap+xml";

std::string_view media_type(std::string_view content_type) {
  return xml::trim(content_type.substr(0, content_type.find(';')));
}

OrFault<void> check_http(const http::Request& request) {
  if (request.method != "POST") return fault(Condition::http_method, {});
  // Without a type it may be SOAP as well (RFC 9110 8.3); Python's dracclient sends none.
  if (!request.content_type.empty() && !equals_no_case(media_type(request.content_type), soap_type))
    return fault(Condition::media_type, fmt::format("the content type is \"{:.100}\"; it must be {};charset=UTF-8",
                                                    request.content_type, soap_type));
  return {};
}

// The charset of a media type, without quotes; empty when it names none.
std::string_view charset_of(std::string_view content_type) {
  for (auto at = content_type.find(';'); at != std::string_view::npos; at = content_type.find(';')) {
    content_type.remove_prefix(at + 1);
    const std::string_view parameter = xml::trim(content_type.substr(0, content_type.find(';')));
    constexpr std::string_view name = "charset=";
    if (parameter.size() <= name.size() || !equals_no_case(parameter.substr(0, name.size()), name)) continue;
    std::string_view value = parameter.substr(name.size());
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

// The name of an encoding: without a mark, that of UTF-16 says the order (RFC 2781 3.3).
std::string_view charset_name(const Encoding& encoding) {
  if (!encoding.is_utf16()) return "UTF-8";
  if (encoding.has_mark) return "UTF-16";
  return encoding.form == Encoding::Form::utf16_little_endian ? "UTF-16LE" : "UTF-16BE";
}

// Answers come in the encoding of their request.
http::Response soap_response(unsigned status, std::string body, const Encoding& encoding) {
  http::Response response;
  response.status = status;
  response.content_type = "application/soap+xml;charset=";
  response.content_type += charset_name(encoding);
  response.body = from_utf8(std::move(body), encoding);
  return response;
}

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(cim::ObjectManager& object_manager, Submit submit_task, ServerOptions server_options)
      : manager(object_manager),
        submit(std::move(submit_task)),
        options(std::move(server_options)),
        contexts(options.contexts, enumeration::Contexts::Clock::now, options.context_store) {}

  http::Response fault_response(const Fault& fault, const Request& request) const {
    return fault_response(fault, request, options.host_name);
  }

  static http::Response fault_response(const Fault& fault, const Request& request, const std::string& host_name) {
    const FaultRow& row = fault_row(fault.condition);
    spdlog::debug("wsman: {:.200}: fault {}: {}", request.action, row.name, fault.message);
    http::Response response =
        soap_response(row.http_status, write_fault(fault, request.message_id, host_name), request.encoding);
    if (fault.condition == Condition::http_method) response.headers.push_back({"Allow", "POST"});
    return response;
  }

  OrFault<OperationTask> prepare(const Operation& operation) {
    const std::string& action = operation.request->action;
    const bool has_fragments =
        action == names::action_get || action == names::action_put || action == names::action_enumerate;
    if (operation.request->fragment && !has_fragments) return fault(Condition::fragment_transfer, {});
    if (operation.request->is_identify) return prepare_identify(options.product_vendor, options.product_version);
    if (action == names::action_get) return prepare_get(operation);
    if (action == names::action_put) return prepare_put(operation);
    if (action == names::action_create) return prepare_create(operation);
    if (action == names::action_delete) return prepare_delete(operation);
    if (action == names::action_enumerate) return prepare_enumerate(operation, contexts);
    if (action == names::action_pull) return prepare_pull(operation, contexts);
    if (action == names::action_renew) return prepare_renew(operation, contexts);
    if (action == names::action_get_status) return prepare_get_status(operation, contexts);
    if (action == names::action_release) return prepare_release(operation, contexts);
    if (const auto method = method_of(*operation.request)) return prepare_invoke(operation, *method);
    if (action.starts_with(names::eventing))
      return fault(Condition::action_not_supported,
                   "this server sends no indications: subscriptions are not supported");
    return fault(
        Condition::action_not_supported,
        fmt::format("the action {:.200} is not supported; a method's is its resource URI, a slash and its name",
                    action));
  }

  OrFault<std::string> run(const OperationTask& task, const Request& request) const {
    std::string envelope;
    begin_envelope(envelope, request);
    if (auto done = guarded([&] { return task.run(envelope); }); !done) return done.error();
    end_envelope(envelope);
    if (request.max_envelope_size == 0 || envelope.size() <= request.max_envelope_size) return envelope;
    const Condition condition = task.changes ? Condition::unreportable_success : Condition::answer_too_large;
    return fault(condition, fmt::format("{} It has {} octets, allowed are {}.", fault_row(condition).reason,
                                        envelope.size(), request.max_envelope_size));
  }

  // A bug below must not take the daemon with it.
  template <class Function>
  static auto guarded(Function function) -> decltype(function()) {
    try {
      return function();
    } catch (const std::exception& exception) {
      spdlog::error("wsman: an operation threw an exception: {}", exception.what());
      return fault(Condition::internal, caught_error().message);
    }
  }

  void answer(http::Exchange& exchange, const OperationTask& task, const Request& request) const {
    auto envelope = run(task, request);
    const bool delivered = exchange.respond(envelope ? soap_response(200, std::move(*envelope), request.encoding)
                                                     : fault_response(envelope.error(), request));
    if (task.after) task.after(delivered);
  }

  void handle(const std::shared_ptr<http::Exchange>& exchange) {
    const Clock::time_point start = Clock::now();
    if (exchange->request().body.size() <= most_read_on_edge) return read(exchange, start);
    const auto self = shared_from_this();
    exchange->expire_at(start + options.requests.operation_timeout, [self] {
      return self->fault_response(fault(Condition::timed_out, "the request could not be read in time"), Request());
    });
    const Status submitted =
        submit(exchange->request().account, {}, [self, exchange, start] { self->read(exchange, start); });
    if (!submitted) exchange->respond(fault_response(to_fault(submitted.error()), Request()));
  }

  void read(const std::shared_ptr<http::Exchange>& exchange, Clock::time_point start) {
    const http::Request& http_request = exchange->request();
    const auto request = std::make_shared<Request>();
    const bool large = http_request.body.size() > most_read_on_edge;
    auto task = guarded([&]() -> OrFault<OperationTask> {
      if (auto checked = check_http(http_request); !checked) return checked.error();
      // Markup may take many times its size.
      const auto afford = [&](std::size_t bytes) { return exchange->keep(bytes); };
      if (auto read = read_request(exchange->take_body(), charset_of(http_request.content_type), options.requests,
                                   *request, large ? xml::Afford(afford) : xml::Afford());
          !read)
        return read.error();
      if (large)
        if (const Status kept = exchange->keep(request->footprint()); !kept) return to_fault(kept.error());
      cim::Context context;
      context.principal = http_request.principal;
      context.account = http_request.account;
      context.called_server = http_request.header("Host");
      context.deadline = start + request->operation_timeout;
      return prepare({manager, options.machine_of, request, std::move(context)});
    });
    if (!task) {
      exchange->respond(fault_response(task.error(), *request));
    } else if (task->waits) {
      // An operation that waits keeps what it needs of its request, and the client pays for that until it is done.
      if (!task->needs_document) request->forget_document();
      if (const Status kept = exchange->keep(request->footprint() + task->held); !kept) {
        const bool delivered = exchange->respond(fault_response(to_fault(kept.error()), *request));
        if (task->after) task->after(delivered);
        return;
      }
      task->deadline = std::min(task->deadline, start + request->operation_timeout);
      answer_later(exchange, std::make_shared<const OperationTask>(std::move(*task)), request, start);
    } else {
      answer(*exchange, *task, *request);
    }
  }

  void handle_everybody(http::Exchange& exchange) const {
    const http::Request& http_request = exchange.request();
    Request request;
    OrFault<void> readable = check_http(http_request);
    if (readable)
      readable = guarded([&] {
        return read_request(exchange.take_body(), charset_of(http_request.content_type), options.requests, request);
      });
    if (!request.is_identify) {
      exchange.respond(http_request.refusal ? *http_request.refusal
                                            : fault_response(fault(Condition::action_not_supported,
                                                                   "Identify is all that is answered at this path"),
                                                             request));
    } else if (!readable) {
      exchange.respond(fault_response(readable.error(), request, {}));
    } else {
      const auto task =
          prepare_identify(options.product_vendor, options.tell_everybody_version ? options.product_version : "0.0.0");
      answer(exchange, *task, request);
    }
  }

  void answer_later(const std::shared_ptr<http::Exchange>& exchange, const std::shared_ptr<const OperationTask>& task,
                    const std::shared_ptr<const Request>& request, Clock::time_point start) {
    const auto self = shared_from_this();
    const double seconds = std::chrono::duration<double>(task->deadline - start).count();
    exchange->expire_at(task->deadline, [self, request, seconds] {
      return self->fault_response(
          fault(Condition::timed_out,
                fmt::format("no answer within {} s (OperationTimeout or MaxTime); what was started goes on", seconds)),
          *request);
    });
    const Status submitted = submit(exchange->request().account, task->key,
                                    [self, exchange, task, request] { self->answer(*exchange, *task, *request); });
    if (submitted) return;
    const bool delivered = exchange->respond(fault_response(to_fault(submitted.error()), *request));
    if (task->after) task->after(delivered);
  }

  cim::ObjectManager& manager;
  const Submit submit;
  const ServerOptions options;
  enumeration::Contexts contexts;
};

Server::Server(cim::ObjectManager& manager, Submit submit, ServerOptions options)
    : state_(std::make_shared<State>(manager, std::move(submit), std::move(options))) {}

void Server::handle(const std::shared_ptr<http::Exchange>& exchange) { state_->handle(exchange); }

void Server::handle_everybody(const std::shared_ptr<http::Exchange>& exchange) { state_->handle_everybody(*exchange); }

bool is_unauthenticated(const http::Request& request) {
  return equals_no_case(request.header("WSMANIDENTIFY"), "unauthenticated");
}

}  // namespace vmms::wire::wsman
