#include "guest/services/discovery.hpp"

#include "guest/agent/printable.hpp"
#include "guest/services/discovery_scripts.hpp"
#include "guest/services/init_scripts.hpp"
#include "guest/services/systemd.hpp"
#include "guest/services/systemd_show.hpp"
#include "guest/services/windows.hpp"

#include <charconv>
#include <initializer_list>

namespace vmms::guest {

namespace {

constexpr std::size_t word_limit = 64;
constexpr std::size_t words_limit = 500;

// The agent answered, though not with what was asked for.
bool is_refusal(const Error& error) { return error.kind == Failure::failed || error.kind == Failure::not_supported; }

struct Findings {
  std::string init;     ///< command name of process 1
  std::string manager;  ///< whose directory is there
  std::string version;  ///< of a manager that answered
  std::string context;  ///< SELinux's, where it enforces
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
    if (key == "Context") findings.context = std::move(value);
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
  Capabilities& capabilities = discovery.capabilities;
  if (findings.context.find(":virt_qemu_ga_t:") != std::string::npos) capabilities.confinement = findings.context;
  if (findings.manager == "systemd" && !findings.version.empty()) {
    discovery.manager = make_systemd(major_version(findings.version));
  } else if (findings.manager == "openrc") {
    discovery.manager = make_openrc();
  } else if (findings.manager == "sysvinit") {
    discovery.manager = make_sysvinit();
  } else if (findings.manager == "windows") {
    discovery.manager = make_windows();
  }
  if (discovery.manager) {
    capabilities.service_manager = discovery.manager->name();
    return;
  }
  const std::string words = printable(output.err, words_limit);
  if (!capabilities.confinement.empty() && is_denial(words)) {
    discovery.reason = error(Failure::not_supported, "the guest's service manager cannot be asked: " + words + "; " +
                                                         confinement_advice(capabilities.confinement));
  } else if (findings.manager == "systemd" || findings.init == "systemd") {
    discovery.starting = true;
    std::string message =
        "systemd in the guest does not answer: the guest is still starting; try again in some seconds";
    if (!words.empty()) message += " (" + words + ")";
    discovery.reason = error(Failure::unreachable, std::move(message));
  } else if (capabilities.os_id == windows_id) {
    discovery.reason = error(Failure::not_supported,
                             "PowerShell in the guest gave no answer, so its services cannot be "
                             "managed" +
                                 (words.empty() ? "" : ": " + words));
  } else {
    discovery.reason =
        error(Failure::not_supported, "the guest has no known service manager: its process 1 is \"" + findings.init +
                                          "\", and it is neither systemd, OpenRC nor SysV init with /etc/init.d");
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
                        const std::shared_ptr<Transport>& transport,
                        const std::shared_ptr<AbandonedProcesses>& abandoned, Clock::time_point deadline) {
  const Capabilities& capabilities = discovery.capabilities;
  if (!capabilities.can_execute) {
    discovery.reason = forbidden_error(forbidden(agent, {"guest-exec", "guest-exec-status"}));
    return {};
  }
  const Script script =
      capabilities.os_id == windows_id ? windows_discovery() : Script{discovery_script, discovery_scripts::posix, {}};
  const Result<Output> output = Execution(transport, abandoned, script).finish(deadline);
  if (output) {
    find_manager(discovery, *output);
  } else if (output.error().kind == Failure::failed) {
    std::string message = "the guest has no known service manager: " + output.error().message;
    // Not even a shell could be run, so the context is unknown.
    if (is_denial(message)) message += "; " + confinement_advice("virt_qemu_ga_t");
    discovery.reason = error(Failure::not_supported, std::move(message));
  } else {
    return output.error();
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Discovery>> discover(const std::shared_ptr<Transport>& transport,
                                                  const std::shared_ptr<AbandonedProcesses>& abandoned,
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

  // While file systems are frozen the agent reports what it would do now; that must not be remembered.
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
  if (const Status looked = look_for_manager(*discovery, *information, transport, abandoned, deadline); !looked)
    return looked.error();
  if (!discovery->manager && !discovery->starting) capabilities.reason = discovery->reason.message;
  return std::shared_ptr<const Discovery>(std::move(discovery));
}

std::string confinement_advice(std::string_view context) {
  return "SELinux in the guest confines the guest agent (" + std::string(context) +
         "): allow it in the guest with setsebool -P virt_qemu_ga_run_unconfined on; where the agent's shell stays "
         "confined nevertheless, with semanage permissive -a virt_qemu_ga_t";
}

bool is_denial(std::string_view words) {
  return words.find("ermission denied") != std::string_view::npos ||
         words.find("ccess denied") != std::string_view::npos;
}

Error without_agent(Error error, bool connected) {
  if (error.kind == Failure::unreachable && !connected) error.kind = Failure::not_supported;
  return error;
}

}  // namespace vmms::guest
