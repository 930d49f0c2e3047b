#include "guest/services/init_scripts.hpp"

#include "guest/agent/printable.hpp"
#include "guest/services/openrc_scripts.hpp"
#include "guest/services/systemd_show.hpp"
#include "guest/services/sysvinit_scripts.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vmms::guest {

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t description_limit = 512;
constexpr std::size_t message_limit = 2000;
constexpr std::size_t services_limit = 20000;
constexpr std::string_view suffix = ".service";

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("_.+@:-").find(c) != std::string_view::npos;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && name.front() != '-' && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), is_name_character);
}

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string_view> take_value(std::string_view& text, std::string_view key) {
  if (!text.starts_with(key) || text.substr(key.size(), 1) != "=") return std::nullopt;
  return take_line(text).substr(key.size() + 1);
}

// The words of the scripts, in systemd's.
struct State {
  std::string_view word, active, sub, result;
};
constexpr std::array<State, 9> states{{
    {"started", "active", "running", "success"},
    {"starting", "activating", "start", "success"},
    {"inactive", "activating", "inactive", "success"},  // OpenRC: started, and waiting for what it serves
    {"scheduled", "activating", "scheduled", "success"},
    {"stopping", "deactivating", "stop", "success"},
    {"stopped", "inactive", "dead", "success"},
    {"unknown", "inactive", "unknown", "success"},
    {"failed", "failed", "failed", "exit-code"},
    {"crashed", "failed", "crashed", "crashed"},
}};

// A line of grep: `NAME:description="text"` (OpenRC) or `NAME:# Short-Description: text` (LSB).
void describe(ServiceList& list, std::string_view line) {
  for (const std::string_view key : {std::string_view(":description="), std::string_view(":# Short-Description:")}) {
    const std::size_t at = line.find(key);
    if (at == std::string_view::npos) continue;
    std::string_view text = line.substr(at + key.size());
    while (!text.empty() && std::string_view("\"' \t").find(text.front()) != std::string_view::npos)
      text.remove_prefix(1);
    while (!text.empty() && std::string_view("\"' \t\r").find(text.back()) != std::string_view::npos)
      text.remove_suffix(1);
    const auto found = list.services.find(std::string(line.substr(0, at)));
    if (found != list.services.end()) found->second.description = printable(text, description_limit);
    return;
  }
}

/// The texts of one manager.
struct Texts {
  std::string_view manager, list_name, state_name, start_name, stop_name, mode_name;
  std::string_view list, state, start, stop, mode;
};

constexpr Texts openrc_texts{"OpenRC",
                             openrc_list_script,
                             openrc_state_script,
                             openrc_start_script,
                             openrc_stop_script,
                             openrc_mode_script,
                             openrc_scripts::list,
                             openrc_scripts::state,
                             openrc_scripts::start,
                             openrc_scripts::stop,
                             openrc_scripts::mode};
constexpr Texts sysvinit_texts{"SysV init",
                               sysvinit_list_script,
                               sysvinit_state_script,
                               sysvinit_start_script,
                               sysvinit_stop_script,
                               sysvinit_mode_script,
                               sysvinit_scripts::list,
                               sysvinit_scripts::state,
                               sysvinit_scripts::start,
                               sysvinit_scripts::stop,
                               sysvinit_scripts::mode};

class InitScripts : public ServiceManager {
 public:
  InitScripts(const Texts& texts, std::string root) : texts_(texts), root_(std::move(root)) {}

  std::string_view name() const override { return texts_.manager; }
  Result<std::string> full_name(std::string_view name) const override { return init_script_name(name); }

  Script list_script(const ServiceList*) const override { return {texts_.list_name, texts_.list, {"", root_}}; }
  Result<std::shared_ptr<const ServiceList>> read_list(const Output& output, const ServiceList* known) const override;
  Script state_script(const std::string& full_name) const override {
    return {texts_.state_name, texts_.state, {full_name, root_}};
  }
  Result<Service> read_state(const std::string& full_name, const Output& output) const override;
  Script start_script(const std::string& full_name) const override {
    return {texts_.start_name, texts_.start, {full_name, root_}};
  }
  Script stop_script(const std::string& full_name) const override {
    return {texts_.stop_name, texts_.stop, {full_name, root_}};
  }
  Result<Script> mode_script(const std::string& full_name, StartMode mode) const override {
    if (mode == StartMode::disabled)
      return error(Failure::not_supported, "the guest's service manager, " + std::string(texts_.manager) +
                                               ", cannot forbid that a service is started: there is no start mode "
                                               "Disabled, only Automatic and Manual");
    return Script{texts_.mode_name, texts_.mode, {full_name, root_, mode == StartMode::automatic ? "on" : "off"}};
  }
  Result<ServiceOutcome> read_outcome(const std::string& full_name, const Output& output) const override;

 private:
  Result<Service> existing(std::string_view& text, const std::string& full_name, const Output& output) const;

  const Texts& texts_;
  const std::string root_;
};

Result<std::shared_ptr<const ServiceList>> InitScripts::read_list(const Output& output, const ServiceList*) const {
  std::string_view text = output.out;
  ServiceList list;
  while (!text.empty()) {
    if (text == "End\n" || text == "End") return std::make_shared<const ServiceList>(std::move(list));
    if (const std::optional<std::string_view> line = take_value(text, "Text")) {
      describe(list, *line);
      continue;
    }
    std::optional<Service> service = read_init_script(text);
    if (!service || !service->exists()) continue;
    if (list.services.size() >= services_limit)
      return error(Failure::failed, "the guest has more than " + std::to_string(services_limit) + " services");
    std::string name = service->name;
    list.services.insert_or_assign(std::move(name), std::move(*service));
  }
  return not_understood(texts_.manager, output, "its services");
}

Result<Service> InitScripts::existing(std::string_view& text, const std::string& full_name,
                                      const Output& output) const {
  std::optional<Service> service = read_init_script(text);
  if (!service || service->name != full_name)
    return not_understood(texts_.manager, output, "the state of " + full_name);
  if (!service->exists())
    return error(Failure::not_found, "no service \"" + full_name + "\" in the guest: there is no script /etc/init.d/" +
                                         full_name + " that can be run");
  return std::move(*service);
}

Result<Service> InitScripts::read_state(const std::string& full_name, const Output& output) const {
  std::string_view text = output.out;
  return existing(text, full_name, output);
}

Result<ServiceOutcome> InitScripts::read_outcome(const std::string& full_name, const Output& output) const {
  std::string_view text = output.out;
  ServiceOutcome outcome;
  const auto status = number<std::uint32_t>(take_value(text, "ExitStatus").value_or(""));
  if (!status) return not_understood(texts_.manager, output, "a change of " + full_name);
  Result<Service> service = existing(text, full_name, output);
  if (!service) return service.error();
  outcome.exit_status = *status;
  outcome.service = std::move(*service);
  outcome.message = printable(output.err, message_limit);
  if (*status != 0 && !outcome.service.started()) {
    outcome.service.exit_status = *status;
    outcome.service.result = "exit-code";
  }
  outcome.log_lines = take_log_lines(text, "Log:");
  return outcome;
}

}  // namespace

Result<std::string> init_script_name(std::string_view name) {
  std::string_view full = name;
  if (full.ends_with(suffix) && full.size() > suffix.size()) full.remove_suffix(suffix.size());
  if (is_name(full)) return std::string(full);
  return error(Failure::not_found, "no service \"" + printable(name, longest_name) +
                                       "\": the name of an init script has up to 255 letters, digits and the "
                                       "characters _.+@:- and does not start with '-' or '.'");
}

std::optional<Service> read_init_script(std::string_view& text) {
  Service service;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    if (const auto name = take_value(line, "Name")) {
      if (is_name(*name)) service.name = *name;
    } else if (const auto state = take_value(line, "State")) {
      const auto found =
          std::find_if(states.begin(), states.end(), [&](const State& each) { return each.word == *state; });
      service.load_state = found == states.end() ? "not-found" : "loaded";
      if (found == states.end()) continue;
      service.active_state = found->active;
      service.sub_state = found->sub;
      service.result = found->result;
      // A service without a known state is done when its script is, as a oneshot of systemd.
      service.type = *state == "unknown" ? "oneshot" : "forking";
    } else if (const auto mode = take_value(line, "Mode")) {
      service.unit_file_state = *mode == "enabled" ? "enabled" : "disabled";
    } else if (const auto process = take_value(line, "Process")) {
      service.main_process_id = number<std::uint32_t>(*process).value_or(0);
    }
  }
  if (service.name.empty()) return std::nullopt;
  return service;
}

std::unique_ptr<ServiceManager> make_openrc(std::string root) {
  return std::make_unique<InitScripts>(openrc_texts, std::move(root));
}

std::unique_ptr<ServiceManager> make_sysvinit(std::string root) {
  return std::make_unique<InitScripts>(sysvinit_texts, std::move(root));
}

}  // namespace vmms::guest
