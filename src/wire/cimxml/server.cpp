#include "wire/cimxml/server.hpp"

#include "base/shortened.hpp"
#include "base/text.hpp"
#include "wire/cimxml/instance_writer.hpp"
#include "wire/cimxml/request.hpp"
#include "wire/cimxml/selection.hpp"
#include "wire/cimxml/status.hpp"
#include "wire/http/response_head.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace vmms::wire::cimxml {

namespace {

using Clock = cim::Context::Clock;

/// What a call is answered.
using Answer = OrError<std::string>;

void write_response(xml::Writer& writer, const Call& call, const Answer& answer, const cim::Schema* schema) {
  writer.start("SIMPLERSP").start(call.intrinsic ? "IMETHODRESPONSE" : "METHODRESPONSE").attribute("NAME", call.name);
  if (answer)
    writer.raw(*answer);
  else
    write_error(writer, answer.error(), schema);
  writer.end().end();
}

http::Response refuse(const Refusal& refusal) {
  spdlog::debug("cimxml: HTTP {} {}: {}", refusal.status, refusal.cim_error, one_line(refusal.message));
  http::Response response = http::plain_response(refusal.status, refusal.message);
  if (!refusal.cim_error.empty()) response.headers.push_back({"CIMError", std::string(refusal.cim_error)});
  return response;
}

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(cim::ObjectManager& object_manager, Submit submit_task, ServerOptions server_options)
      : manager(object_manager),
        submit(std::move(submit_task)),
        options(std::move(server_options)),
        contexts(options.contexts) {}

  // A bug below must not take the daemon with it.
  template <class Function>
  static auto guarded(Function function) -> decltype(function()) {
    try {
      return function();
    } catch (const std::exception& exception) {
      spdlog::error("cimxml: an operation threw an exception: {}", exception.what());
      return to_cim_error(error(Failure::internal, fmt::format("an error in the service: {}", exception.what())));
    }
  }

  OrError<Task> prepare(const std::shared_ptr<const Request>& request, const Call& call, const cim::Context& context,
                        std::size_t most_bytes) {
    return guarded([&]() -> OrError<Task> {
      const cim::Schema* schema = manager.find_schema(call.namespace_name);
      if (!schema)
        return cim_error(Code::invalid_namespace, fmt::format("there is no namespace {:.200}", call.namespace_name));
      const Operation operation{manager, options.machine_of, contexts, *schema, request, call, context, most_bytes};
      return call.intrinsic ? prepare_intrinsic(operation) : prepare_extrinsic(operation);
    });
  }

  /// The whole document: `answers` has one element for each call.
  http::Response response(const Request& request, const std::vector<Answer>& answers) const {
    http::Response response;
    response.content_type = "application/xml; charset=\"utf-8\"";
    response.headers.push_back({"CIMOperation", "MethodResponse"});
    std::size_t bytes = 1024;
    for (const Answer& answer : answers) bytes += answer ? answer->size() : 0;
    response.body.reserve(bytes);
    response.body += "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    xml::Writer writer(response.body);
    writer.start("CIM").attribute("CIMVERSION", "2.0").attribute("DTDVERSION", request.error_instances ? "2.4" : "2.0");
    writer.start("MESSAGE").attribute("ID", request.message_id).attribute("PROTOCOLVERSION", "1.0");
    if (request.multiple) writer.start("MULTIRSP");
    for (std::size_t i = 0; i < request.calls.size(); ++i) {
      const Call& call = request.calls[i];
      if (!answers[i])
        spdlog::debug("cimxml: {}: {}: {}", one_line(call.name), code_name(answers[i].error().code),
                      one_line(answers[i].error().message));
      // Clients of an older DTD, wbemcli for one, do not read an error that has something inside.
      const cim::Schema* schema = request.error_instances ? manager.find_schema(call.namespace_name) : nullptr;
      write_response(writer, call, answers[i], schema);
    }
    if (request.multiple) writer.end();
    writer.end().end();
    return response;
  }

  http::Response same_for_all(const Request& request, const CimError& error) const {
    return response(request, std::vector<Answer>(request.calls.size(), Answer(error)));
  }

  void handle(const std::shared_ptr<http::Exchange>& exchange) {
    const http::Request& http_request = exchange->request();
    if (auto fine = check_http(http_request); !fine) return (void)exchange->respond(refuse(fine.error()));
    auto read = read_request(http_request.body);
    if (!read) return (void)exchange->respond(refuse(read.error()));
    if (auto fine = check_headers(http_request, *read); !fine) return (void)exchange->respond(refuse(fine.error()));
    const auto request = std::make_shared<const Request>(std::move(*read));

    cim::Context context;
    context.caller = {http_request.user, http_request.mechanism};
    context.deadline = Clock::now() + options.operation_timeout;
    if (request->multiple) {
      const auto self = shared_from_this();
      return answer_later(exchange, request, context.deadline, std::string(), nullptr,
                          [self, exchange, request, context] { self->answer_all(*exchange, request, context); });
    }
    auto prepared = prepare(request, request->calls.front(), context, options.most_bytes);
    if (!prepared) return (void)exchange->respond(response(*request, {prepared.error()}));
    if (!prepared->waits) return answer(*exchange, *request, *prepared);
    const auto self = shared_from_this();
    const auto task = std::make_shared<const Task>(std::move(*prepared));
    answer_later(exchange, request, context.deadline, task->key, task->after,
                 [self, exchange, request, task] { self->answer(*exchange, *request, *task); });
  }

  void answer(http::Exchange& exchange, const Request& request, const Task& task) const {
    std::vector<Answer> answers;
    answers.push_back(guarded([&] { return task.run(); }));
    const bool delivered = exchange.respond(response(request, answers));
    if (task.after) task.after(delivered);
  }

  /// One operation after the other, each prepared when those before it are done.
  void answer_all(http::Exchange& exchange, const std::shared_ptr<const Request>& request,
                  const cim::Context& context) {
    std::vector<Answer> answers;
    std::vector<std::function<void(bool)>> after;
    std::size_t bytes = 0;
    for (const Call& call : request->calls) {
      const std::size_t room = options.most_bytes - std::min(options.most_bytes, bytes);
      auto task = prepare(request, call, context, room);
      if (task && Clock::now() < context.deadline)
        answers.push_back(guarded([&] { return task->run(); }));
      else if (task)
        answers.push_back(to_cim_error(error(Failure::timed_out, "the operations before it took all the time")));
      else
        answers.push_back(task.error());
      if (task && task->after) after.push_back(std::move(task->after));
      if (answers.back()) bytes += answers.back()->size();
    }
    const bool delivered = exchange.respond(response(*request, answers));
    for (const auto& each : after) each(delivered);
  }

  void answer_later(const std::shared_ptr<http::Exchange>& exchange, const std::shared_ptr<const Request>& request,
                    Clock::time_point deadline, std::string key, const std::function<void(bool)>& after,
                    std::function<void()> run) {
    const auto self = shared_from_this();
    exchange->expire_at(deadline, [self, request] {
      const double seconds = std::chrono::duration<double>(self->options.operation_timeout).count();
      return self->same_for_all(
          *request, to_cim_error(error(Failure::timed_out,
                                       fmt::format("no answer within {} s; what was started goes on", seconds))));
    });
    const Status submitted = submit(std::move(key), std::move(run));
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

void Server::handle(const std::shared_ptr<http::Exchange>& exchange) {
  try {
    state_->handle(exchange);
  } catch (const std::exception& exception) {
    spdlog::error("cimxml: a request threw an exception: {}", exception.what());
    exchange->respond(http::plain_response(500, "There is an error in the service; see its log."));
  }
}

}  // namespace vmms::wire::cimxml
