#include "guest/discovery.hpp"

#include "guest/printable.hpp"
#include "guest/systemd.hpp"
#include "guest/systemd_show.hpp"

#include <charconv>
#include <initializer_list>

namespace vmms::guest {

namespace {

// systemd makes /run/systemd/system before it starts anything (sd_booted(3)); that it is there does not mean that
// systemctl is, or gets an answer.
constexpr std::string_view discovery_text = R"(
read -r init </proc/1/comm
echo "Init=$init"
[ -d /run/systemd/system ] || exit 0
echo Manager=systemd
systemctl show --property=Version --property=SystemState
)";

constexpr std::size_t word_limit = 64;
constexpr std::size_t words_limit = 500;

// The agent answered, though not with what was asked for.
bool is_refusal(const Error& error) { return error.kind == Failure::failed || error.kind == Failure::not_supported; }

struct Findings {
  std::string init;     ///< command name of process 1
  std::string manager;  ///< whose directory is there
  std::string version;  ///< of a manager that answered
};

Findings read_findings(std::string_view text) {
  Findings findings;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    std::string value = printable(line.substr(equals + 1), word_limit);
    if (key == "Init") findings.init = std::move(value);
    if (key == "Manager") findings.manager = std::move(value);
    if (key == "Version") findings.version = std::move(value);
  }
  return findings;
}

// "252.39-1~deb12u2" and "systemd 219" give their first number; 0 when there is none.
unsigned major_version(std::string_view text) {
  const std::size_t digit = text.find_first_of("0123456789");
  unsigned version = 0;
  if (digit != std::string_view::npos) std::from_chars(text.data() + digit, text.data() + text.size(), version);
  return version;
}

void find_manager(Discovery& discovery, const Output& output) {
  const Findings findings = read_findings(output.out);
  if (findings.manager == "systemd" && !findings.version.empty()) {
    discovery.manager = make_systemd(major_version(findings.version));
    discovery.capabilities.service_manager = discovery.manager->name();
  } else if (findings.manager == "systemd" || findings.init == "systemd") {
    discovery.starting = true;
    std::string message =
        "systemd in the guest does not answer: the guest is still starting; try again in some seconds";
    if (const std::string words = printable(output.err, words_limit); !words.empty()) message += " (" + words + ")";
    discovery.reason = error(Failure::unreachable, std::move(message));
  } else {
    discovery.reason = error(Failure::not_supported, "the guest has no known service manager: its process 1 is \"" +
                                                         findings.init + "\", not systemd");
  }
}

std::string forbidden(const AgentInformation& agent, std::initializer_list<std::string_view> commands) {
  std::string list;
  for (const std::string_view command : commands) {
    if (agent.allows(command)) continue;
    if (!list.empty()) list += ", ";
    list += command;
  }
  return list;
}

// Runs the discovery script, where it can be run.
Status look_for_manager(Discovery& discovery, const AgentInformation& agent,
                        const std::shared_ptr<Transport>& transport, const std::shared_ptr<Leftovers>& leftovers,
                        Clock::time_point deadline) {
  const Capabilities& capabilities = discovery.capabilities;
  if (!capabilities.can_execute) {
    discovery.reason = forbidden_error(forbidden(agent, {"guest-exec", "guest-exec-status"}));
    return {};
  }
  if (capabilities.os_id == "mswindows") {
    discovery.reason =
        error(Failure::not_supported, "the guest runs " + capabilities.os_name + ": no known service manager");
    return {};
  }
  const Result<Output> output =
      Execution(transport, leftovers, Script{discovery_script, discovery_text, {}}).finish(deadline);
  if (output) {
    find_manager(discovery, *output);
  } else if (output.error().kind == Failure::failed) {
    discovery.reason =
        error(Failure::not_supported, "the guest has no known service manager: " + output.error().message);
  } else {
    return output.error();
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Discovery>> discover(const std::shared_ptr<Transport>& transport,
                                                  const std::shared_ptr<Leftovers>& leftovers,
                                                  Clock::time_point deadline) {
  const bool connected = transport->connected();
  Agent agent(*transport);
  const Result<AgentInformation> information = agent.information(deadline);
  if (!information) return without_agent(information.error(), connected);

  auto discovery = std::make_shared<Discovery>();
  Capabilities& capabilities = discovery->capabilities;
  const auto allows = [&](std::initializer_list<std::string_view> commands) {
    return forbidden(*information, commands).empty();
  };
  capabilities.agent_version = information->version;
  capabilities.can_execute = allows({"guest-exec", "guest-exec-status"});
  capabilities.can_write_files = allows({"guest-file-open", "guest-file-write", "guest-file-close"});
  capabilities.can_freeze = allows({"guest-fsfreeze-freeze", "guest-fsfreeze-thaw"});
  capabilities.forbidden = forbidden(
      *information, {"guest-exec", "guest-exec-status", "guest-file-open", "guest-file-write", "guest-file-close"});

  // While file systems are frozen the agent tells what it would do now; that must not be remembered.
  if (!capabilities.forbidden.empty()) {
    const Result<bool> frozen = agent.frozen(deadline);
    if (frozen && *frozen) return frozen_error();
    if (!frozen && !is_refusal(frozen.error())) return frozen.error();
  }

  if (information->allows("guest-get-osinfo")) {
    Result<OperatingSystem> system = agent.operating_system(deadline);
    if (!system && !is_refusal(system.error())) return system.error();
    if (system) {
      capabilities.os_id = std::move(system->id);
      capabilities.os_name = std::move(system->name);
      capabilities.os_version = std::move(system->version);
      capabilities.kernel_release = std::move(system->kernel_release);
      capabilities.machine = std::move(system->machine);
    }
  }
  if (const Status looked = look_for_manager(*discovery, *information, transport, leftovers, deadline); !looked)
    return looked.error();
  return std::shared_ptr<const Discovery>(std::move(discovery));
}

Error without_agent(Error error, bool connected) {
  if (error.kind == Failure::unreachable && !connected) error.kind = Failure::not_supported;
  return error;
}

}  // namespace vmms::guest
