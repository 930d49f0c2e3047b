// What Core asks agents of guests.
#include "hypervisor/libvirt/agent_refusal.hpp"
#include "hypervisor/libvirt/core.hpp"

#include <fmt/format.h>
#include <libvirt/libvirt-qemu.h>

#include <algorithm>
#include <thread>

namespace vmms::hypervisor::libvirt {

namespace {

using namespace std::chrono_literals;

constexpr const char* ping_command = R"({"execute":"guest-ping"})";
constexpr const char* information_command = "guest-info";

/// One command; nothing when it failed, or when there is no time: see last_error(). libvirt's time-out is no deadline
/// (it starts after the domain's lock is won and a first exchange is done), but it frees the lock of a domain whose
/// agent hangs.
std::optional<std::string> ask_agent(virDomainPtr domain, const std::string& json, Clock::time_point deadline) {
  const auto left = std::max<long>(1, std::chrono::ceil<std::chrono::seconds>(deadline - Clock::now()).count());
  const TextHandle answer(virDomainQemuAgentCommand(domain, json.c_str(), static_cast<int>(left), 0));
  return answer ? std::optional<std::string>(answer.get()) : std::nullopt;
}

}  // namespace

bool Core::expects_agent(const std::string& id) const {
  const auto record = index_.find(id);
  return record && record->power == PowerState::running && record->agent_connected;
}

// A driver that has just adopted a guest says what its channel was, and only then opens it. It has no error number for
// that, so until the agent has been reached once over a connection, it is asked with a command that may be repeated.
void Core::wait_for_agent(const std::string& id, virDomainPtr domain, Clock::time_point deadline) {
  const auto slot = this->slot(id);
  if (!slot) return;
  const auto connection = [this] {
    const std::lock_guard lock(mutex_);
    return connections_;
  }();
  {
    const std::lock_guard lock(slot->mutex);
    if (slot->agent_open == connection) return;
  }
  while (expects_agent(id)) {
    const bool answered = ask_agent(domain, ping_command, deadline).has_value();
    const int code = answered ? VIR_ERR_OK : last_error().code;
    if (code != VIR_ERR_AGENT_UNRESPONSIVE && code != agent_command_timeout) {
      const std::lock_guard lock(slot->mutex);
      slot->agent_open = connection;
      return;
    }
    if (Clock::now() + 20ms >= deadline) return;
    std::this_thread::sleep_for(20ms);
  }
}

Result<std::string> Core::agent_call(const std::string& id, const std::string& json, Clock::time_point deadline) {
  auto connection = this->pooled(agent_pool_, deadline);
  if (!connection) return connection.error();
  const auto record = index_.find(id);
  const std::string name = record ? describe(*record) : "VM " + id;
  auto domain = look_up(connection->get(), id);
  if (!domain && domain.error().kind == Failure::not_found) {
    return error(Failure::invalid_state, domain.error().message);
  }
  if (!domain) return domain.error();
  wait_for_agent(id, domain->get(), deadline);
  if (Clock::now() >= deadline)
    return error(Failure::unreachable, fmt::format("no time is left to ask the agent of {}", name));
  if (const auto answer = ask_agent(domain->get(), json, deadline)) return *answer;

  const LastError last = last_error();
  const std::string command = command_name(json);
  const bool refused =
      last.code == agent_command_failed || (last.code == VIR_ERR_INTERNAL_ERROR && last.domain == VIR_FROM_QEMU);
  if (const auto said = refused ? agent_refusal(last.text, command) : std::nullopt) {
    const auto information =
        command == information_command
            ? std::nullopt
            : ask_agent(domain->get(), fmt::format(R"({{"execute":"{}"}})", information_command), deadline);
    return refused_answer(*said,
                          command == information_command || (information && lacks_command(*information, command)));
  }
  Error result = error_of(last, fmt::format("the agent of {} cannot be asked", name));
  if (last.code == VIR_ERR_ARGUMENT_UNSUPPORTED || last.code == VIR_ERR_NO_SUPPORT) result.kind = Failure::unreachable;
  return result;
}

}  // namespace vmms::hypervisor::libvirt
