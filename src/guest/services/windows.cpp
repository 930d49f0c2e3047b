#include "guest/services/windows.hpp"

#include "guest/agent/printable.hpp"
#include "guest/services/systemd_show.hpp"
#include "guest/services/windows_scripts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vmms::guest {

namespace {

constexpr std::size_t longest_name = 256;  // characters
constexpr std::size_t word_limit = 64;
constexpr std::size_t description_limit = 512;
constexpr std::size_t message_limit = 2000;
constexpr std::size_t services_limit = 20000;
constexpr std::string_view suffix = ".service";
// Exit codes of Win32_Service with a special meaning.
constexpr std::uint32_t never_started = 1077;
constexpr std::uint32_t service_specific = 1066;

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_name(std::string_view name) {
  const auto is_start = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return !name.empty() && std::count_if(name.begin(), name.end(), is_start) <= static_cast<int>(longest_name) &&
         name.size() <= 4 * longest_name && name.front() != ' ' && name.find_first_of("/\\\t\n") == name.npos &&
         printable(name, 4 * longest_name) == name;
}

// The words of Win32_Service.State, in systemd's.
struct State {
  std::string_view word, active, sub;
};
constexpr std::array<State, 7> states{{{"Running", "active", "running"},
                                       {"Stopped", "inactive", "dead"},
                                       {"Start Pending", "activating", "start"},
                                       {"Stop Pending", "deactivating", "stop"},
                                       {"Paused", "active", "paused"},
                                       {"Pause Pending", "active", "pausing"},
                                       {"Continue Pending", "active", "continuing"}}};

class Windows : public ServiceManager {
 public:
  std::string_view name() const override { return "Windows service control manager"; }
  Result<std::string> full_name(std::string_view name) const override { return windows_service_name(name); }

  Script list_script(const ServiceList*) const override {
    return {windows_list_script, windows_scripts::list, {}, {}, Shell::powershell};
  }
  Result<std::shared_ptr<const ServiceList>> read_list(const Output& output, const ServiceList* known) const override;
  Script state_script(const std::string& full_name) const override {
    return {windows_state_script, windows_scripts::state, {full_name}, {}, Shell::powershell};
  }
  Result<Service> read_state(const std::string& full_name, const Output& output) const override;
  Script start_script(const std::string& full_name) const override {
    return {windows_start_script, windows_scripts::start, {full_name}, {}, Shell::powershell};
  }
  Script stop_script(const std::string& full_name) const override {
    return {windows_stop_script, windows_scripts::stop, {full_name}, {}, Shell::powershell};
  }
  Result<Script> mode_script(const std::string& full_name, StartMode mode) const override {
    const char* word = mode == StartMode::automatic ? "auto" : mode == StartMode::manual ? "demand" : "disabled";
    return Script{windows_mode_script, windows_scripts::mode, {full_name, word}, {}, Shell::powershell};
  }
  Result<ServiceOutcome> read_outcome(const std::string& full_name, const Output& output) const override;

 private:
  Result<Service> existing(std::string_view& text, const std::string& full_name, const Output& output) const {
    if (text.starts_with("State=None"))
      return error(Failure::not_found,
                   "no service \"" + full_name +
                       "\" in the guest: Windows knows none of that key name, and display names will not do");
    std::optional<Service> service = read_windows_service(text);
    if (!service) return not_understood(name(), output, "the state of " + full_name);
    return std::move(*service);
  }
};

Result<std::shared_ptr<const ServiceList>> Windows::read_list(const Output& output, const ServiceList*) const {
  std::string_view text = output.out;
  ServiceList list;
  while (!text.empty()) {
    if (text == "End\n") return std::make_shared<const ServiceList>(std::move(list));
    std::optional<Service> service = read_windows_service(text);
    if (!service) continue;
    if (list.services.size() >= services_limit)
      return error(Failure::failed, "the guest has more than " + std::to_string(services_limit) + " services");
    std::string name = service->name;
    list.services.insert_or_assign(std::move(name), std::move(*service));
  }
  return not_understood(name(), output, "its services");
}

Result<Service> Windows::read_state(const std::string& full_name, const Output& output) const {
  std::string_view text = output.out;
  return existing(text, full_name, output);
}

Result<ServiceOutcome> Windows::read_outcome(const std::string& full_name, const Output& output) const {
  std::string_view text = output.out;
  ServiceOutcome outcome;
  const std::string_view line = take_line(text);
  const auto status = line.starts_with("ExitStatus=") ? number(line.substr(11)) : std::nullopt;
  if (!status) return not_understood(name(), output, "a change of " + full_name);
  Result<Service> service = existing(text, full_name, output);
  if (!service) return service.error();
  outcome.exit_status = *status;
  outcome.service = std::move(*service);
  outcome.message = printable(output.err, message_limit);
  outcome.log_lines = take_log_lines(text, "Log:");
  return outcome;
}

}  // namespace

Script windows_discovery() { return {windows_discovery_script, windows_scripts::discovery, {}, {}, Shell::powershell}; }

Result<std::string> windows_service_name(std::string_view name) {
  std::string_view full = name;
  if (full.ends_with(suffix) && full.size() > suffix.size()) full.remove_suffix(suffix.size());
  if (is_name(full)) return std::string(full);
  return error(Failure::not_found, "no service \"" + printable(name, longest_name) +
                                       "\": the key name of a Windows service has up to 256 characters, neither '/' "
                                       "nor '\\'");
}

std::optional<Service> read_windows_service(std::string_view& text) {
  Service service;
  std::string display_name;
  std::optional<std::uint32_t> exit_code;
  std::optional<std::uint32_t> specific;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "Name") {
      if (is_name(value)) service.name = value;
    } else if (key == "State") {
      const auto found =
          std::find_if(states.begin(), states.end(), [&](const State& each) { return each.word == value; });
      service.active_state = found == states.end() ? "inactive" : found->active;
      service.sub_state = found == states.end() ? printable(value, word_limit) : std::string(found->sub);
    } else if (key == "StartMode") {
      service.unit_file_state = value == "Auto" ? "enabled" : value == "Disabled" ? "masked" : "disabled";
    } else if (key == "ServiceType") {
      service.type = printable(value, word_limit);
    } else if (key == "ProcessId") {
      service.main_process_id = number(value).value_or(0);
    } else if (key == "ExitCode") {
      exit_code = number(value);
    } else if (key == "ServiceSpecificExitCode") {
      specific = number(value);
    } else if (key == "DisplayName") {
      display_name = printable(value, description_limit);
    } else if (key == "Description") {
      service.description = printable(value, description_limit);
    }
  }
  if (service.name.empty() || service.active_state.empty()) return std::nullopt;
  service.load_state = "loaded";
  service.result = "success";
  if (!display_name.empty())
    service.description = service.description.empty() ? display_name : display_name + ": " + service.description;
  if (exit_code && *exit_code == service_specific) exit_code = specific;
  if (exit_code && *exit_code != never_started && !service.started()) {
    service.exit_status = exit_code;
    if (*exit_code != 0) service.result = "exit-code";
    if (*exit_code != 0 && service.active_state == "inactive") {
      service.active_state = "failed";
      service.sub_state = "failed";
    }
  }
  return service;
}

std::unique_ptr<ServiceManager> make_windows() { return std::make_unique<Windows>(); }

}  // namespace vmms::guest
