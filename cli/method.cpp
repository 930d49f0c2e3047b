// Calling a method and seeing it through: the job that it may start is part of the answer.
#include "base/shell_word.hpp"
#include "cli/schema.hpp"
#include "cli/session.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

namespace vmms::cli {

namespace {

constexpr std::uint32_t job_started = 4096;
// CIM_ConcreteJob.JobState
constexpr std::uint64_t job_completed = 7;
constexpr std::uint64_t job_completed_with_warnings = 32768;
constexpr std::uint32_t job_failed = 32768;

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
  if (completion.return_value == job_started && job && job->reference) {
    const cim::ObjectPath job_path = *job->reference;
    completion.job = job_path.value("InstanceID");
    if (const Status waited = wait_for_job(job_path, completion); !waited) return waited.error();
  }
  return completion;
}

Status Session::wait_for_job(const cim::ObjectPath& job, Completion& completion) {
  const auto deadline = Clock::now() + timeout();
  std::chrono::milliseconds pause{20};
  for (;;) {
    const auto record = client_.get(job);
    if (!record) {
      console_.progress({});
      return error(record.error().kind, fmt::format("{} started job {}, which cannot be read: {}", completion.method,
                                                    completion.job, record.error().message));
    }
    const std::uint64_t state = record->number("JobState").value_or(0);
    const std::uint64_t percent = record->number("PercentComplete").value_or(0);
    if (state >= job_completed) {
      console_.progress({});
      if (state == job_completed || state == job_completed_with_warnings) return {};
      const auto code = static_cast<std::uint32_t>(record->number("ErrorCode").value_or(0));
      completion.job_error = code != 0 ? code : job_failed;
      completion.explanation = record->text("ErrorDescription");
      if (completion.explanation.empty()) completion.explanation = record->text("JobStatus");
      return {};
    }
    if (Clock::now() >= deadline) {
      console_.progress({});
      return error(Failure::timed_out,
                   fmt::format("{} goes on: its job is at {} % after {} s. Look at it with: vmms get {}",
                               completion.method, percent, timeout().count(), shell_word(job.to_string())));
    }
    console_.progress(fmt::format("{}: {} %", completion.method, percent));
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
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
