#include "wire/cimxml/server.hpp"

#include "base/caught_error.hpp"
#include "base/shortened.hpp"
#include "base/text.hpp"
#include "wire/cimxml/answer_bound.hpp"
#include "wire/cimxml/request.hpp"
#include "wire/cimxml/selection.hpp"
#include "wire/cimxml/status.hpp"
#include "wire/http/response_head.hpp"
#include "wire/representation/instance_writer.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace vmms::wire::cimxml {

namespace {

using Clock = cim::Context::Clock;

http::Response refuse(const Refusal& refusal) {
  spdlog::debug("cimxml: HTTP {} {}: {}", refusal.status, refusal.cim_error, one_line(refusal.message));
  http::Response response = http::plain_response(refusal.status, refusal.message);
  if (!refusal.cim_error.empty()) response.headers.push_back({"CIMError", std::string(refusal.cim_error)});
  return response;
}

/// Writes the answers of a request's calls, each straight into the response.
class ResponseWriter {
 public:
  ResponseWriter(const Request& request, const cim::ObjectManager& manager) : request_(request), manager_(manager) {
    response_.content_type = "application/xml; charset=\"utf-8\"";
    response_.headers.push_back({"CIMOperation", "MethodResponse"});
    response_.body.reserve(4096);
    response_.body += "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    writer_.start("CIM")
        .attribute("CIMVERSION", "2.0")
        .attribute("DTDVERSION", request.error_instances ? "2.4" : "2.0");
    writer_.start("MESSAGE").attribute("ID", request.message_id).attribute("PROTOCOLVERSION", "1.0");
    if (request.multiple) writer_.start("MULTIRSP");
  }
  ResponseWriter(const ResponseWriter&) = delete;
  ResponseWriter& operator=(const ResponseWriter&) = delete;

  /// `run` appends the content of the call's answer. Returns how many bytes that has; of an error none.
  template <class Run>
  std::size_t add(const Call& call, Run run) {
    writer_.start("SIMPLERSP")
        .start(call.intrinsic ? "IMETHODRESPONSE" : "METHODRESPONSE")
        .attribute("NAME", call.name);
    writer_.text({});
    const std::size_t start = response_.body.size();
    OrError<void> done = run(response_.body);
    const std::size_t bytes = done ? response_.body.size() - start : 0;
    if (!done) {
      response_.body.resize(start);
      spdlog::debug("cimxml: {}: {}: {}", one_line(call.name), code_name(done.error().code),
                    one_line(done.error().message));
      // Clients of an older DTD, wbemcli for one, do not read an error that has something inside.
      write_error(writer_, done.error(),
                  request_.error_instances ? manager_.find_schema(call.namespace_name) : nullptr);
    }
    writer_.end().end();
    return bytes;
  }

  http::Response finish() {
    if (request_.multiple) writer_.end();
    writer_.end().end();
    return std::move(response_);
  }

 private:
  const Request& request_;
  const cim::ObjectManager& manager_;
  http::Response response_;
  xml::Writer writer_{response_.body};
};

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(cim::ObjectManager& object_manager, Submit submit_task, ServerOptions server_options)
      : manager(object_manager),
        submit(std::move(submit_task)),
        options(std::move(server_options)),
        contexts(options.contexts, enumeration::Contexts::Clock::now, options.context_store) {}

  // A bug below must not take the daemon with it.
  template <class Function>
  static auto guarded(Function function) -> decltype(function()) {
    try {
      return function();
    } catch (const std::exception& exception) {
      spdlog::error("cimxml: an operation threw an exception: {}", exception.what());
      return to_cim_error(caught_error());
    }
  }

  OrError<OperationTask> prepare(const std::shared_ptr<const Request>& request, const Call& call,
                                 const cim::Context& context, std::size_t most_bytes) {
    return guarded([&]() -> OrError<OperationTask> {
      const cim::Schema* schema = manager.find_schema(call.namespace_name);
      if (!schema)
        return cim_error(Code::invalid_namespace, fmt::format("there is no namespace {:.200}", call.namespace_name));
      const Operation operation{manager, options.machine_of, contexts, *schema, request, call, context, most_bytes};
      return call.intrinsic ? prepare_intrinsic(operation) : prepare_extrinsic(operation);
    });
  }

  http::Response same_for_all(const Request& request, const CimError& error) const {
    ResponseWriter writer(request, manager);
    for (const Call& call : request.calls) writer.add(call, [&error](std::string&) -> OrError<void> { return error; });
    return writer.finish();
  }

  void handle(const std::shared_ptr<http::Exchange>& exchange) {
    const Clock::time_point start = Clock::now();
    if (auto fine = check_http(exchange->request()); !fine) return (void)exchange->respond(refuse(fine.error()));
    if (exchange->request().body.size() <= most_read_on_edge) return read_guarded(exchange, start);
    const auto self = shared_from_this();
    exchange->expire_at(start + options.operation_timeout,
                        [] { return http::plain_response(503, "The request could not be read in time."); });
    const Status submitted =
        submit(exchange->request().account, {}, [self, exchange, start] { self->read_guarded(exchange, start); });
    if (!submitted) exchange->respond(http::plain_response(503, submitted.error().message));
  }

  void read_guarded(const std::shared_ptr<http::Exchange>& exchange, Clock::time_point start) {
    try {
      read(exchange, start);
    } catch (const std::exception& exception) {
      spdlog::error("cimxml: a request threw an exception: {}", exception.what());
      exchange->respond(http::plain_response(500, "There is an error in the service; see its log."));
    }
  }

  void read(const std::shared_ptr<http::Exchange>& exchange, Clock::time_point start) {
    const http::Request& http_request = exchange->request();
    // Markup may take many times its size.
    const bool large = http_request.body.size() > most_read_on_edge;
    const auto afford = [&](std::size_t bytes) { return exchange->keep(bytes); };
    auto read = read_request(exchange->take_body(), large ? xml::Afford(afford) : xml::Afford());
    if (!read) return (void)exchange->respond(refuse(read.error()));
    if (auto fine = check_headers(http_request, *read); !fine) return (void)exchange->respond(refuse(fine.error()));
    const auto request = std::make_shared<Request>(std::move(*read));
    if (large)
      if (const Status kept = exchange->keep(request->footprint()); !kept)
        return (void)exchange->respond(same_for_all(*request, to_cim_error(kept.error())));

    cim::Context context;
    context.principal = http_request.principal;
    context.account = http_request.account;
    context.called_server = http_request.header("Host");
    context.deadline = start + options.operation_timeout;
    if (request->multiple) {
      // Each operation is prepared when those before it are done, so the document stays.
      if (const Status kept = exchange->keep(request->footprint()); !kept)
        return (void)exchange->respond(same_for_all(*request, to_cim_error(kept.error())));
      const auto self = shared_from_this();
      return answer_later(exchange, request, context.deadline, std::string(), nullptr,
                          [self, exchange, request, context] { self->answer_all(*exchange, request, context); });
    }
    auto prepared = prepare(request, request->calls.front(), context, options.most_bytes);
    if (!prepared) return (void)exchange->respond(same_for_all(*request, prepared.error()));
    if (!prepared->waits) return answer(*exchange, *request, *prepared);
    request->forget_document();
    if (const Status kept = exchange->keep(request->footprint() + prepared->held); !kept) {
      const bool delivered = exchange->respond(same_for_all(*request, to_cim_error(kept.error())));
      if (prepared->after) prepared->after(delivered);
      return;
    }
    const auto self = shared_from_this();
    const auto task = std::make_shared<const OperationTask>(std::move(*prepared));
    answer_later(exchange, request, context.deadline, task->key, task->after,
                 [self, exchange, request, task] { self->answer(*exchange, *request, *task); });
  }

  void answer(http::Exchange& exchange, const Request& request, const OperationTask& task) const {
    ResponseWriter writer(request, manager);
    writer.add(request.calls.front(), [&](std::string& answer) { return guarded([&] { return task.run(answer); }); });
    const bool delivered = exchange.respond(writer.finish());
    if (task.after) task.after(delivered);
  }

  /// How large the next answer of a request may be behind so many bytes of others, which its user pays for in `paid`.
  OrError<std::size_t> make_room(std::size_t bytes, Charge& paid, const cim::Context& context) const {
    if (bytes >= options.most_bytes)
      return cim_error(Code::failed, fmt::format("the answers before it have {} bytes together, as many as one request "
                                                 "may have; ask for the rest in another",
                                                 bytes));
    if (bytes > AnswerBound::free_bytes)
      if (const Status status = pay_for_answer(paid, context.account, bytes); !status)
        return to_cim_error(status.error());
    return options.most_bytes - bytes;
  }

  /// One operation after the other, each prepared when those before it are done.
  void answer_all(http::Exchange& exchange, const std::shared_ptr<const Request>& request,
                  const cim::Context& context) {
    ResponseWriter writer(*request, manager);
    std::vector<std::function<void(bool)>> after;
    Charge paid;  // for the answers until now
    std::size_t bytes = 0;
    for (const Call& call : request->calls) {
      const auto room = make_room(bytes, paid, context);
      auto task = room ? prepare(request, call, context, *room) : OrError<OperationTask>(room.error());
      bytes += writer.add(call, [&](std::string& answer) -> OrError<void> {
        if (!task) return task.error();
        if (Clock::now() >= context.deadline)
          return to_cim_error(error(Failure::timed_out, "the operations before it took all the time"));
        return guarded([&] { return task->run(answer); });
      });
      if (task && task->after) after.push_back(std::move(task->after));
    }
    paid.reset();  // the whole is paid for from here on
    const bool delivered = exchange.respond(writer.finish());
    for (const auto& each : after) each(delivered);
  }

  void answer_later(const std::shared_ptr<http::Exchange>& exchange, const std::shared_ptr<const Request>& request,
                    Clock::time_point deadline, const std::string& key, const std::function<void(bool)>& after,
                    std::function<void()> run) {
    const auto self = shared_from_this();
    exchange->expire_at(deadline, [self, request] {
      const double seconds = std::chrono::duration<double>(self->options.operation_timeout).count();
      return self->same_for_all(
          *request, to_cim_error(error(Failure::timed_out,
                                       fmt::format("no answer within {} s; what was started goes on", seconds))));
    });
    const Status submitted = submit(exchange->request().account, key, std::move(run));
    if (submitted) return;
    const bool delivered = exchange->respond(same_for_all(*request, to_cim_error(submitted.error())));
    if (after) after(delivered);
  }

  cim::ObjectManager& manager;
  const Submit submit;
  const ServerOptions options;
  enumeration::Contexts contexts;
};

Server::Server(cim::ObjectManager& manager, Submit submit, ServerOptions options)
    : state_(std::make_shared<State>(manager, std::move(submit), std::move(options))) {}

void Server::handle(const std::shared_ptr<http::Exchange>& exchange) { state_->handle(exchange); }

}  // namespace vmms::wire::cimxml
