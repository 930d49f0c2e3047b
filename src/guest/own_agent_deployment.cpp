#include "guest/own_agent.hpp"

#include "guest/agent.hpp"
#include "guest/printable.hpp"
#include "guest/systemd_show.hpp"

#include <algorithm>
#include <optional>

namespace vmms::guest {

namespace {

constexpr std::size_t words_limit = 500;
constexpr std::chrono::seconds hello_time{20};
constexpr std::chrono::seconds push_time{30};

// $1 SHA-256 of the program: a directory of root's in which programs can be executed, and whether the program is there.
constexpr std::string_view look_text = R"(
for directory in /run/vmms /var/lib/vmms /tmp/vmms; do
  mkdir -p -m 700 "$directory" 2>/dev/null && [ -O "$directory" ] && [ ! -L "$directory" ] || continue
  try=$directory/try
  printf '#!/bin/sh\nexit 0\n' >"$try" 2>/dev/null && chmod 700 "$try" && "$try" 2>/dev/null || { rm -f "$try"; continue; }
  rm -f "$try"
  echo "Directory=$directory"
  sum=$(sha256sum "$directory/vmms-agent" 2>/dev/null)
  [ "${sum%% *}" = "$1" ] && echo Present=yes
  exit 0
done
echo "no directory for programs: /run, /var/lib and /tmp are not writable or noexec" >&2
exit 1
)";

// $1 directory, $2 SHA-256, $3 port, $4 how many bytes of the program come through the port; 0: it is there. One that
// runs is ended first: it is older, or its host is gone.
constexpr std::string_view start_text = R"(
cd "$1" || exit
if [ "$4" != 0 ]; then
  device=
  for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 last; do
    for port in /sys/class/virtio-ports/*; do
      read -r name <"$port/name" && [ "$name" = "$3" ] && [ -c "/dev/${port##*/}" ] && device=/dev/${port##*/}
    done 2>/dev/null
    [ -z "$device" ] || break
    [ $try = last ] && { echo "the port $3 does not appear" >&2; exit 1; }
    sleep 0.2
  done
  timeout 30 head -c "$4" <"$device" >vmms-agent.new
  sum=$(sha256sum vmms-agent.new)
  [ "${sum%% *}" = "$2" ] || { rm -f vmms-agent.new; echo "the program came over damaged" >&2; exit 1; }
  chmod 700 vmms-agent.new && mv -f vmms-agent.new vmms-agent || exit
fi
run() {
  systemd-run --quiet --collect --unit=vmms-agent.service --description='Agent of the host (vmms)' \
    --property=TimeoutStopSec=5 "$1/vmms-agent" "$3" "$2"
}
words=$(run "$@" 2>&1) && exit
systemctl stop vmms-agent.service 2>/dev/null
systemctl reset-failed vmms-agent.service 2>/dev/null
words=$(run "$@" 2>&1) && exit
printf '%s\n' "$words" >&2
exit 1
)";

Error not_deployed(std::string_view what, const Output& output) {
  std::string message(what);
  const std::string words = printable(output.err, words_limit);
  return error(Failure::failed, words.empty() ? message : message + ": " + words);
}

// One of the directories of the script, and nothing else that the guest may say.
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
                                                          const std::shared_ptr<Leftovers>& leftovers,
                                                          const OwnAgentProgram& program, const AccountPtr& account,
                                                          Clock::time_point deadline) {
  // First what costs the guest nothing: where there are no ports there is no agent.
  Result<std::unique_ptr<Port>> port = transport->open_port("agent", deadline);
  if (!port) return port.error();

  const std::string sum(program.sha256);
  const Result<Output> looked =
      Execution(transport, leftovers, Script{own_agent_look_script, look_text, {sum}}).finish(deadline);
  if (!looked) return looked.error();
  bool present = false;
  const std::string directory = directory_of(looked->out, present);
  if (directory.empty()) return not_deployed("the guest has no place for our own agent", *looked);
  // Through the port it takes a tenth of the time that the guest's agent would need for it.
  Execution starting(transport, leftovers,
                     Script{own_agent_start_script,
                            start_text,
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
