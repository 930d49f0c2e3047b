// virDomainQemuAgentCommand reports an agent's error only as text, after a sentence in libvirtd's language, and without
// its class. These functions restore the agent's answer from it, whatever the language.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

/// The name of the command in `json`; empty when it is not one.
std::string command_name(std::string_view json);

/// The agent's error text for `command`, which libvirt's message names; nothing when the message is of another kind.
std::optional<std::string> agent_refusal(std::string_view message, std::string_view command);

/// Whether an agent that answers guest-info so does not know a command, or forbids it.
bool lacks_command(std::string_view guest_info, std::string_view command);

/// The agent's answer: a refusal of the class CommandNotFound or GenericError.
std::string refused_answer(std::string_view description, bool not_found);

}  // namespace vmms::hypervisor::libvirt
