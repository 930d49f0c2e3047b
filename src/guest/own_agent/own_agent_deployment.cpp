#include "guest/agent/agent.hpp"
#include "guest/agent/printable.hpp"
#include "guest/own_agent/deployment_scripts.hpp"
#include "guest/own_agent/own_agent.hpp"
#include "guest/services/systemd_show.hpp"

#include <algorithm>
#include <optional>

namespace vmms::guest {

namespace {

constexpr std::size_t words_limit = 500;
constexpr std::chrono::seconds hello_time{20};
constexpr std::chrono::seconds push_time{30};

Error not_deployed(std::string_view what, const Output& output) {
  std::string message(what);
  const std::string words = printable(output.err, words_limit);
  return error(Failure::failed, words.empty() ? message : message + ": " + words);
}

// One of the script's directories, and nothing else that the guest may print.
std::string directory_of(std::string_view text, bool& present) {
  std::string directory;
  present = false;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    for (const std::string_view known : {"/run/vmms", "/var/lib/vmms", "/tmp/vmms"})
      if (line == "Directory=" + std::string(known)) directory = known;
    if (line == "Present=yes") present = true;
  }
  return directory;
}

}  // namespace

Result<std::shared_ptr<OwnAgentSession>> deploy_own_agent(const std::shared_ptr<Transport>& transport,
                                                          const std::shared_ptr<AbandonedProcesses>& abandoned,
                                                          const OwnAgentProgram& program, const AccountPtr& account,
                                                          Clock::time_point deadline) {
  // First what costs the guest nothing: where there are no ports there is no agent.
  Result<std::unique_ptr<Port>> port = transport->open_port("agent", deadline);
  if (!port) return port.error();

  const std::string sum(program.sha256);
  const Result<Output> looked =
      Execution(transport, abandoned, Script{own_agent_look_script, deployment_scripts::look, {sum}}).finish(deadline);
  if (!looked) return looked.error();
  bool present = false;
  const std::string directory = directory_of(looked->out, present);
  if (directory.empty()) return not_deployed("the guest has no place for our own agent", *looked);
  // Through the port it takes a tenth of the time that the guest's agent would need for it.
  Execution starting(transport, abandoned,
                     Script{own_agent_start_script,
                            deployment_scripts::start,
                            {directory, sum, (*port)->name(), std::to_string(present ? 0 : program.bytes.size())}});
  std::optional<Result<Output>> early = starting.advance(deadline);
  if (!early && starting.running() && !present) {
    const Status sent = (*port)->write(program.bytes, std::min(deadline, Clock::now() + push_time));
    if (!sent && sent.error().kind != Failure::timed_out) return sent.error();
  }
  const Result<Output> started = early ? std::move(*early) : starting.finish(deadline);
  if (!started) return started.error();
  if (started->exit_status != 0) return not_deployed("our own agent cannot be started in the guest", *started);
  return OwnAgentSession::begin(std::move(*port), program.sha256, std::min(deadline, Clock::now() + hello_time),
                                account);
}

}  // namespace vmms::guest
