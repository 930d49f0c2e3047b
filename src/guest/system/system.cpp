#include "guest/system/system.hpp"

#include "base/text.hpp"
#include "guest/agent/agent_call.hpp"
#include "guest/agent/printable.hpp"
#include "guest/system/key_value_scripts.hpp"

#include <arpa/inet.h>

#include <array>

namespace vmms::guest {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t name_limit = 255;
constexpr std::size_t interfaces_limit = 256;
constexpr std::size_t addresses_limit = 64;
constexpr auto clock_tolerance = 2s;

/// Of a script's input; as base64, beside the script, it must be a command that the transport takes.
constexpr std::size_t part_limit = 65'536;

std::string text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : printable(std::string_view(*text), name_limit);
}

bool is_address(const std::string& text, bool version_6) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  return inet_pton(version_6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()) == 1;
}

bool is_hardware_address(std::string_view text) {
  if (text.size() != 17) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (i % 3 == 2 ? text[i] != ':' : !digit) return false;
  }
  return text != "00:00:00:00:00:00";
}

std::vector<IpAddress> read_addresses(const json::object& interface) {
  std::vector<IpAddress> found;
  const json::value* list = interface.if_contains("ip-addresses");
  const json::array* entries = list == nullptr ? nullptr : list->if_array();
  if (entries == nullptr) return found;
  for (const json::value& entry : *entries) {
    const json::object* fields = entry.if_object();
    if (fields == nullptr || found.size() >= addresses_limit) continue;
    IpAddress address;
    address.text = text_of(*fields, "ip-address");
    address.version_6 = text_of(*fields, "ip-address-type") == "ipv6";
    const json::value* prefix = fields->if_contains("prefix");
    const std::int64_t* bits = prefix == nullptr ? nullptr : prefix->if_int64();
    if (bits != nullptr && *bits >= 0 && *bits <= (address.version_6 ? 128 : 32))
      address.prefix = static_cast<unsigned>(*bits);
    if (is_address(address.text, address.version_6)) found.push_back(std::move(address));
  }
  return found;
}

Result<unsigned> count_of(std::string_view command, const Result<json::value>& answer) {
  if (!answer) return answer.error();
  const std::int64_t* count = answer->if_int64();
  if (count == nullptr || *count < 0 || *count > 1'000'000) return senseless_answer(command, "it is no count");
  return static_cast<unsigned>(*count);
}

}  // namespace

Result<std::string> System::agent_version(Clock::time_point deadline) {
  const Result<AgentInformation> information = Agent(*transport_).information(deadline);
  if (!information) return information.error();
  return information->version;
}

Result<OperatingSystem> System::operating_system(Clock::time_point deadline) {
  return Agent(*transport_).operating_system(deadline);
}

Result<std::string> System::host_name(Clock::time_point deadline) {
  const Result<json::value> answer = call_agent(*transport_, "guest-get-host-name", {}, deadline);
  if (!answer) return answer.error();
  const json::object* object = answer->if_object();
  if (object == nullptr) return senseless_answer("guest-get-host-name", "it is no object");
  return text_of(*object, "host-name");
}

Result<std::vector<NetworkInterface>> System::interfaces(Clock::time_point deadline) {
  constexpr std::string_view command = "guest-network-get-interfaces";
  const Result<json::value> answer = call_agent(*transport_, command, {}, deadline);
  if (!answer) return answer.error();
  const json::array* list = answer->if_array();
  if (list == nullptr) return senseless_answer(command, "it is no list");
  std::vector<NetworkInterface> found;
  for (const json::value& entry : *list) {
    const json::object* fields = entry.if_object();
    if (fields == nullptr || found.size() >= interfaces_limit) continue;
    NetworkInterface interface;
    interface.name = text_of(*fields, "name");
    interface.hardware_address = to_lower(text_of(*fields, "hardware-address"));
    if (!is_hardware_address(interface.hardware_address)) interface.hardware_address.clear();
    interface.addresses = read_addresses(*fields);
    found.push_back(std::move(interface));
  }
  return found;
}

Result<std::chrono::nanoseconds> System::clock_offset(Clock::time_point deadline) {
  const auto asked = std::chrono::system_clock::now();
  const Result<json::value> answer = call_agent(*transport_, "guest-get-time", {}, deadline);
  if (!answer) return answer.error();
  const auto way = (std::chrono::system_clock::now() - asked) / 2;
  const std::int64_t* time = answer->if_int64();
  if (time == nullptr || *time < 0) return senseless_answer("guest-get-time", "it is no time");
  return std::chrono::nanoseconds(*time) - std::chrono::nanoseconds(asked.time_since_epoch() + way);
}

Status System::set_clock(Clock::time_point deadline) {
  const auto now = std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
  const Result<json::value> answer = call_agent(*transport_, "guest-set-time", {{"time", now}}, deadline);
  if (answer) return {};
  if (answer.error().kind != Failure::failed) return answer.error();
  const Result<std::chrono::nanoseconds> offset = clock_offset(deadline);
  if (offset && std::chrono::abs(*offset) < clock_tolerance) return {};
  return answer.error();
}

Status System::shut_down(ShutdownMode mode, Clock::time_point deadline) {
  if (const Status alive = Agent(*transport_).ping(deadline); !alive) return alive;
  const bool hibernate = mode == ShutdownMode::hibernate;
  const std::string_view command = hibernate ? "guest-suspend-disk" : "guest-shutdown";
  json::object arguments;
  if (!hibernate) arguments["mode"] = mode == ShutdownMode::reboot ? "reboot" : "powerdown";
  // While file systems are frozen the agent refuses everything, and the guest's system could not end.
  if (const Result<bool> is_frozen = frozen(deadline); is_frozen && *is_frozen)
    return error(Failure::busy, frozen_error().message);
  const Result<json::value> answer = call_agent(*transport_, command, arguments, deadline);
  if (answer) return {};
  switch (answer.error().kind) {
    case Failure::timed_out:      // it said nothing
    case Failure::unreachable:    // for a command's time, or is gone
    case Failure::invalid_state:  // the VM is off
      return {};
    default:
      return answer.error();
  }
}

Result<unsigned> System::freeze(Clock::time_point deadline) {
  return count_of("guest-fsfreeze-freeze", call_agent(*transport_, "guest-fsfreeze-freeze", {}, deadline));
}

Result<unsigned> System::thaw(Clock::time_point deadline) {
  return count_of("guest-fsfreeze-thaw", call_agent(*transport_, "guest-fsfreeze-thaw", {}, deadline));
}

Result<Output> System::run(Script script, Clock::time_point deadline) {
  const std::string_view name = script.name;
  Result<Output> output = Execution(transport_, abandoned_, std::move(script)).finish(deadline);
  if (output && output->exit_status != 0)
    return error(Failure::failed, std::string(name) + " failed in the guest: " + printable(output->err, 500));
  return output;
}

Status System::write_host_key_values(const KeyValues& values, Clock::time_point deadline) {
  const std::string text = write_key_values(values);
  // A script that was given up may go on in the guest beside the next one: each writes its own file.
  const std::string name = random_guid();
  std::size_t at = 0;
  do {
    const std::string part = text.substr(at, part_limit);
    std::string place = at == 0 ? "first" : "";
    at += part.size();
    if (at == text.size()) place += " last";
    if (const Result<Output> done =
            run({write_key_values_script, key_value_scripts::write, {std::move(place), name}, part}, deadline);
        !done)
      return done.error();
  } while (at < text.size());
  return {};
}

Result<KeyValues> System::read_guest_key_values(Clock::time_point deadline) {
  const Result<Output> output =
      run({read_key_values_script, key_value_scripts::read, {std::to_string(key_values_bytes)}}, deadline);
  if (!output) return output.error();
  return read_key_values(output->out);
}

}  // namespace vmms::guest
