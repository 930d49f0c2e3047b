#include "hypervisor/libvirt/agent_refusal.hpp"

#include "guest/agent/agent_json.hpp"

#include <algorithm>

namespace vmms::hypervisor::libvirt {

namespace json = boost::json;

namespace {

const json::value* member(const json::value* value, std::string_view name) {
  const json::object* const object = value == nullptr ? nullptr : value->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

bool is(const json::value* value, std::string_view text) {
  return value != nullptr && value->is_string() && std::string_view(value->get_string()) == text;
}

}  // namespace

std::string command_name(std::string_view text) {
  const auto command = guest::read_agent_json(text);
  const json::value* const name = command ? member(&*command, "execute") : nullptr;
  return name != nullptr && name->is_string() ? std::string(name->get_string()) : std::string();
}

std::optional<std::string> agent_refusal(std::string_view message, std::string_view command) {
  // "internal error: unable to execute QEMU agent command 'guest-exec': <what the agent says>". All translations name
  // the command first, and most end with what the agent says.
  const std::size_t name = command.empty() ? std::string_view::npos : message.find(command);
  if (name == std::string_view::npos) return std::nullopt;
  message.remove_prefix(name + command.size());
  constexpr std::string_view colon = ":";
  constexpr std::string_view wide_colon = "\xEF\xBC\x9A";  // U+FF1A, in Chinese
  const std::size_t narrow_at = message.find(colon);
  const std::size_t wide_at = message.find(wide_colon);
  if (std::min(narrow_at, wide_at) == std::string_view::npos) return std::nullopt;
  message.remove_prefix(narrow_at < wide_at ? narrow_at + colon.size() : wide_at + wide_colon.size());
  while (message.starts_with(' ')) message.remove_prefix(1);
  return std::string(message);
}

bool lacks_command(std::string_view guest_info, std::string_view command) {
  const auto answer = guest::read_agent_json(guest_info);
  const json::value* const list = answer ? member(member(&*answer, "return"), "supported_commands") : nullptr;
  if (list == nullptr || !list->is_array()) return false;
  const json::array& commands = list->get_array();
  const auto* const found = std::find_if(commands.begin(), commands.end(),
                                         [&](const json::value& each) { return is(member(&each, "name"), command); });
  if (found == commands.end()) return true;
  const json::value* const enabled = member(found, "enabled");
  return enabled != nullptr && enabled->is_bool() && !enabled->get_bool();
}

std::string refused_answer(std::string_view description, bool not_found) {
  return json::serialize(
      json::object{{"error", {{"class", not_found ? "CommandNotFound" : "GenericError"}, {"desc", description}}}});
}

}  // namespace vmms::hypervisor::libvirt
