// Calls a method and waits for its result: the job that it may start is part of the answer.
#include "base/shell_word.hpp"
#include "cli/job.hpp"
#include "cli/schema.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace vmms::cli {

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

std::string Completion::text() const {
  if (job_error != 0)
    return explanation.empty() ? fmt::format("{} failed: its job ended with error {}", method, job_error)
                               : fmt::format("{} failed: {} (error {} of its job)", method, explanation, job_error);
  std::string text = fmt::format("{} returned {}", method, return_value);
  if (!meaning.empty()) text += fmt::format(" ({})", meaning);
  if (!explanation.empty()) text += ": " + explanation;
  return text;
}

Result<Completion> Session::call(const cim::ObjectPath& path, std::string_view method,
                                 const std::vector<wsman::Input>& inputs) {
  auto outcome = client_.invoke(path, method, inputs);
  if (!outcome) return outcome.error();
  Completion completion;
  completion.method = method;
  completion.outcome = std::move(*outcome);
  const std::string& text = completion.outcome.return_value;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), completion.return_value);
  if (failure != std::errc{} || end != text.data() + text.size())
    return error(Failure::failed, fmt::format("{} answered without a return value that is a number", method));
  if (const cim::Class* known = known_class(path.namespace_name, path.class_name))
    if (const cim::Method* declared = known->method(method)) completion.meaning = value_name(declared->values, text);
  const wsman::Field* job = completion.outcome.outputs.find("Job");
  if (completion.started_job() && job && job->reference) {
    completion.job = job->reference->value("InstanceID");
    const cim::ObjectPath job_path = *job->reference;
    if (const Status waited = wait_for_job(job_path, completion); !waited) return waited.error();
  }
  return completion;
}

Status Session::wait_for_job(const cim::ObjectPath& path, Completion& completion) {
  using Code = schema::msvm::ConcreteJob::GetError::Code;
  const auto deadline = Clock::now() + timeout();
  JobWatcher watcher(*this, path, {});
  for (;; watcher.pause()) {
    const auto job = watcher.look();
    if (!job) {
      console_.progress({});
      return error(job.error().kind, fmt::format("{} started job {}, which cannot be read: {}", completion.method,
                                                 completion.job, job.error().message));
    }
    if (!*job) continue;
    if ((*job)->ended()) {
      console_.progress({});
      if ((*job)->succeeded()) return {};
      completion.job_error = (*job)->error_code != 0 ? (*job)->error_code : static_cast<std::uint32_t>(Code::failed);
      completion.explanation = (*job)->error_text.empty() ? (*job)->status : (*job)->error_text;
      return {};
    }
    if (Clock::now() >= deadline) {
      console_.progress({});
      return error(Failure::timed_out,
                   fmt::format("{} goes on: its job is at {} % after {} s. Look at it with: vmms get {}",
                               completion.method, (*job)->percent, timeout().count(), shell_word(path.to_string())));
    }
    console_.progress(fmt::format("{}: {} %", completion.method, (*job)->percent));
  }
}

int finish(Console& console, const Completion& completion, boost::json::object result, std::string_view success) {
  if (console.json) {
    result["method"] = completion.method;
    result["return_value"] = completion.return_value;
    result["meaning"] = completion.meaning;
    if (!completion.job.empty()) {
      result["job"] = completion.job;
      result["job_error"] = completion.job_error;
    }
    if (!completion.explanation.empty()) result["explanation"] = completion.explanation;
    console.print(boost::json::value(std::move(result)));
  } else if (completion.succeeded()) {
    console.print(fmt::format("{}\n", success));
  } else {
    console.note(completion.text());
  }
  return completion.succeeded() ? exit_success : exit_refused;
}

}  // namespace vmms::cli
