#include "guest/agent/agent.hpp"

#include "guest/agent/agent_call.hpp"
#include "guest/agent/agent_json.hpp"
#include "guest/agent/base64.hpp"
#include "guest/agent/printable.hpp"

#include <boost/json.hpp>

#include <limits>
#include <string>
#include <utility>

namespace vmms::guest {

namespace json = boost::json;

namespace {

constexpr std::size_t text_limit = 256;
constexpr std::size_t commands_limit = 1024;

/// The agent's answer: a value or its own error.
struct Answer {
  json::value value;
  bool refused = false;
  std::string error_class;
  std::string description;
};

Error nonsense(std::string_view command, std::string_view what) {
  return error(Failure::failed, "the guest agent's answer to " + std::string(command) + " makes no sense: " +
                                    std::string(what) + "; restart qemu-guest-agent in the guest");
}

Error refusal(std::string_view command, const Answer& answer) {
  const std::string words = answer.description.empty() ? answer.error_class : answer.description;
  if (answer.error_class == "CommandNotFound") return forbidden_error(command);
  return error(Failure::failed, "the guest agent refused " + std::string(command) + ": " + words);
}

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : printable(std::string_view(*text), text_limit);
}

bool flag_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const bool* flag = value == nullptr ? nullptr : value->if_bool();
  return flag != nullptr && *flag;
}

std::optional<int> number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const std::int64_t* number = value == nullptr ? nullptr : value->if_int64();
  if (number == nullptr || *number < std::numeric_limits<int>::min() || *number > std::numeric_limits<int>::max())
    return std::nullopt;
  return static_cast<int>(*number);
}

// Base64 text of a member; empty when there is no such member, nothing when it is not base64.
std::optional<std::string> bytes_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr) return std::string();
  const json::string* text = value->if_string();
  return text == nullptr ? std::nullopt : decode_base64(*text);
}

Result<Answer> parse(std::string_view command, const std::string& text) {
  if (text.size() > answer_limit)
    return nonsense(command, "it is larger than " + std::to_string(answer_limit >> 20) + " MiB");
  Result<json::value> whole = read_agent_json(text);
  if (!whole) return nonsense(command, whole.error().message);
  json::object* object = whole->if_object();
  if (object == nullptr) return nonsense(command, "it is no JSON object");
  Answer answer;
  if (json::value* value = object->if_contains("return"); value != nullptr) {
    answer.value = std::move(*value);
    return answer;
  }
  const json::value* refused = object->if_contains("error");
  if (refused == nullptr || !refused->is_object()) return nonsense(command, "it has neither a result nor an error");
  answer.refused = true;
  answer.error_class = text_of(refused->get_object(), "class");
  answer.description = text_of(refused->get_object(), "desc");
  return answer;
}

// One command, with the time that a command gets.
Result<Answer> ask(Transport& transport, std::string_view command, std::string_view text, Clock::time_point deadline) {
  const Clock::time_point own_deadline = Clock::now() + command_time;
  const Clock::time_point limit = std::min(deadline, own_deadline);
  Result<std::string> reply = transport.command(text, limit);
  if (reply) return parse(command, *reply);
  const Failure kind = reply.error().kind;
  const bool late = (kind == Failure::unreachable || kind == Failure::timed_out) && Clock::now() >= limit;
  if (!late) return kind == Failure::timed_out ? error(Failure::unreachable, reply.error().message) : reply.error();
  if (deadline < own_deadline)
    return late_error(transport, "the deadline passed before the guest agent answered " + std::string(command));
  return error(Failure::unreachable, reply.error().message);
}

std::string plain(std::string_view command) { return "{\"execute\":\"" + std::string(command) + "\"}"; }

// As `ask`, with the agent's refusal as an error. In a guest whose file systems are frozen the agent disables nearly
// everything, in the same words as for a command that is always forbidden: so ask which it is.
Result<json::value> ask_value(Transport& transport, std::string_view command, std::string_view text,
                              Clock::time_point deadline) {
  Result<Answer> answer = ask(transport, command, text, deadline);
  if (!answer) return answer.error();
  if (!answer->refused) return std::move(answer->value);
  if (answer->error_class == "CommandNotFound") {
    const Result<bool> frozen = Agent(transport).frozen(deadline);
    if (frozen && *frozen) return frozen_error();
  }
  return refusal(command, *answer);
}

json::object shell_process(const Script& script) {
  json::array arguments{"-c", script.text, script.name};
  for (const std::string& parameter : script.parameters) arguments.emplace_back(parameter);
  json::object process{{"path", "/bin/sh"},
                       {"arg", std::move(arguments)},
                       {"env",
                        {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                         "TZ=UTC", "SYSTEMD_COLORS=0", "SYSTEMD_PAGER=", "SYSTEMD_URLIFY=0"}},
                       {"capture-output", true}};
  if (!script.input.empty()) process["input-data"] = encode_base64(script.input);
  return process;
}

// The text goes as base64 of UTF-16, as -EncodedCommand wants it. No environment of our own: PowerShell needs much of
// the system's.
json::object powershell_process(const Script& script) {
  std::string wide;
  for (const char c : script.text) wide.append({c, '\0'});  // scripts are ASCII
  std::string input = encode_base64(script.name) + "\n";
  for (const std::string& parameter : script.parameters) input += encode_base64(parameter) + "\n";
  return {{"path", "powershell.exe"},
          {"arg",
           {"-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-EncodedCommand",
            encode_base64(wide)}},
          {"input-data", encode_base64(input)},
          {"capture-output", true}};
}

}  // namespace

Result<json::value> call_agent(Transport& transport, std::string_view command, const json::object& arguments,
                               Clock::time_point deadline) {
  json::object request{{"execute", command}};
  if (!arguments.empty()) request["arguments"] = arguments;
  return ask_value(transport, command, write_agent_json(request), deadline);
}

Error senseless_answer(std::string_view command, std::string_view what) { return nonsense(command, what); }

Error frozen_error() {
  return error(Failure::unreachable,
               "the guest's file systems are frozen (a backup or snapshot is being made), so nothing can be run in it; "
               "try again when that is done, or thaw them with virsh domfsthaw");
}

Error forbidden_error(std::string_view commands) {
  return error(Failure::not_supported,
               "the guest agent forbids or does not know " + std::string(commands) + "; " + std::string(allow_advice));
}

Error restarted_error() {
  return error(Failure::unreachable,
               "the guest agent was restarted in mid-call and no longer knows what it ran; whether that was done shows "
               "in the service's state: read it, then try again");
}

Error silent_error() {
  return error(Failure::unreachable, "the guest agent is connected but silent: the guest hangs or is overloaded");
}

Error late_error(const Transport& transport, std::string text) {
  const std::optional<Clock::duration> owing = transport.owing();
  constexpr std::chrono::milliseconds usual{500};  // a healthy agent answers sooner
  if (!owing || *owing < usual) return error(Failure::timed_out, std::move(text));
  const std::string tenths = std::to_string(*owing / std::chrono::milliseconds(100));
  return error(Failure::timed_out, "the guest agent has not answered for " + tenths.substr(0, tenths.size() - 1) + "." +
                                       tenths.back() + " s, and the deadline has passed: the guest hangs, is " +
                                       "overloaded or needs more time");
}

Status Agent::ping(Clock::time_point deadline) {
  const Result<json::value> value = ask_value(transport_, "guest-ping", plain("guest-ping"), deadline);
  if (!value) return value.error();
  return {};
}

Result<AgentInformation> Agent::information(Clock::time_point deadline) {
  constexpr std::string_view command = "guest-info";
  const Result<json::value> value = ask_value(transport_, command, plain(command), deadline);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains("supported_commands");
  const json::array* commands = list == nullptr ? nullptr : list->if_array();
  if (commands == nullptr || commands->size() > commands_limit) return nonsense(command, "no list of commands");
  AgentInformation information;
  information.version = text_of(*object, "version");
  for (const json::value& entry : *commands)
    if (const json::object* fields = entry.if_object(); fields != nullptr && flag_of(*fields, "enabled"))
      information.commands.insert(text_of(*fields, "name"));
  return information;
}

Result<OperatingSystem> Agent::operating_system(Clock::time_point deadline) {
  constexpr std::string_view command = "guest-get-osinfo";
  const Result<json::value> value = ask_value(transport_, command, plain(command), deadline);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  if (object == nullptr) return nonsense(command, "it is no object");
  OperatingSystem system;
  system.id = text_of(*object, "id");
  system.name = text_of(*object, "pretty-name");
  system.short_name = text_of(*object, "name");
  if (system.name.empty()) system.name = system.short_name;
  system.version = text_of(*object, "version-id");
  system.kernel_release = text_of(*object, "kernel-release");
  system.kernel_version = text_of(*object, "kernel-version");
  system.machine = text_of(*object, "machine");
  return system;
}

Result<bool> Agent::frozen(Clock::time_point deadline) {
  constexpr std::string_view command = "guest-fsfreeze-status";
  const Result<Answer> answer = ask(transport_, command, plain(command), deadline);
  if (!answer) return answer.error();
  if (answer->refused) return refusal(command, *answer);
  const json::string* state = answer->value.if_string();
  if (state == nullptr) return nonsense(command, "it is no text");
  return *state == "frozen";
}

Result<std::int64_t> Agent::execute(const Script& script, Clock::time_point deadline) {
  constexpr std::string_view command = "guest-exec";
  json::object arguments = script.shell == Shell::powershell ? powershell_process(script) : shell_process(script);
  const json::value request{{"execute", command}, {"arguments", std::move(arguments)}};
  const Result<json::value> value = ask_value(transport_, command, write_agent_json(request), deadline);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  const json::value* process = object == nullptr ? nullptr : object->if_contains("pid");
  const std::int64_t* number = process == nullptr ? nullptr : process->if_int64();
  if (number == nullptr || *number <= 0) return nonsense(command, "no process id");
  return *number;
}

Result<std::optional<Output>> Agent::status(std::int64_t process, Clock::time_point deadline) {
  constexpr std::string_view command = "guest-exec-status";
  const std::string request = R"({"execute":"guest-exec-status","arguments":{"pid":)" + std::to_string(process) + "}}";
  const Result<Answer> answer = ask(transport_, command, request, deadline);
  if (!answer) return answer.error();
  if (answer->refused) {
    if (answer->error_class != "CommandNotFound") return restarted_error();
    const Result<bool> is_frozen = frozen(deadline);
    if (is_frozen && *is_frozen) return frozen_error();
    return refusal(command, *answer);
  }
  const json::object* object = answer->value.if_object();
  const json::value* exited = object == nullptr ? nullptr : object->if_contains("exited");
  if (exited == nullptr || !exited->is_bool()) return nonsense(command, "it does not say whether the process ended");
  if (!exited->get_bool()) return std::optional<Output>();
  if (flag_of(*object, "out-truncated") || flag_of(*object, "err-truncated"))
    return error(Failure::failed, "the guest printed more than the guest agent carries");
  std::optional<std::string> out = bytes_of(*object, "out-data");
  std::optional<std::string> err = bytes_of(*object, "err-data");
  if (!out || !err) return nonsense(command, "the output is not base64");
  return std::optional(
      Output{number_of(*object, "exitcode"), number_of(*object, "signal"), std::move(*out), std::move(*err)});
}

Result<std::int64_t> Agent::open_file(std::string_view path, std::string_view mode, Clock::time_point deadline) {
  constexpr std::string_view command = "guest-file-open";
  const json::value request{{"execute", command}, {"arguments", {{"path", path}, {"mode", mode}}}};
  const Result<json::value> value = ask_value(transport_, command, write_agent_json(request), deadline);
  if (!value) return value.error();
  const std::int64_t* handle = value->if_int64();
  if (handle == nullptr) return nonsense(command, "no handle");
  return *handle;
}

Status Agent::write_file(std::int64_t handle, std::string_view bytes, Clock::time_point deadline) {
  constexpr std::string_view command = "guest-file-write";
  while (!bytes.empty()) {
    const json::value request{{"execute", command},
                              {"arguments", {{"handle", handle}, {"buf-b64", encode_base64(bytes)}}}};
    const Result<json::value> value = ask_value(transport_, command, write_agent_json(request), deadline);
    if (!value) return value.error();
    const json::object* object = value->if_object();
    const json::value* count = object == nullptr ? nullptr : object->if_contains("count");
    const std::int64_t* number = count == nullptr ? nullptr : count->if_int64();
    if (number == nullptr || *number <= 0 || static_cast<std::size_t>(*number) > bytes.size())
      return nonsense(command, "no count of bytes");
    bytes.remove_prefix(static_cast<std::size_t>(*number));
  }
  return {};
}

Result<FilePiece> Agent::read_file(std::int64_t handle, std::size_t most, Clock::time_point deadline) {
  constexpr std::string_view command = "guest-file-read";
  const json::value request{{"execute", command}, {"arguments", {{"handle", handle}, {"count", most}}}};
  const Result<json::value> value = ask_value(transport_, command, write_agent_json(request), deadline);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  std::optional<std::string> bytes = object == nullptr ? std::nullopt : bytes_of(*object, "buf-b64");
  if (!bytes || bytes->size() > most) return nonsense(command, "no bytes in base64, or too many");
  return FilePiece{*std::move(bytes), flag_of(*object, "eof")};
}

Status Agent::close_file(std::int64_t handle, Clock::time_point deadline) {
  for (const std::string_view command : {"guest-file-flush", "guest-file-close"}) {
    const json::value request{{"execute", command}, {"arguments", {{"handle", handle}}}};
    const Result<json::value> value = ask_value(transport_, command, write_agent_json(request), deadline);
    if (!value) return value.error();
  }
  return {};
}

}  // namespace vmms::guest
