#include "guest/services/systemd.hpp"

#include "guest/agent/printable.hpp"
#include "guest/services/systemd_scripts.hpp"
#include "guest/services/systemd_show.hpp"
#include "guest/services/unit_name.hpp"

#include <algorithm>
#include <charconv>

namespace vmms::guest {

namespace {

constexpr std::size_t message_limit = 2000;
constexpr std::size_t services_limit = 20000;
constexpr std::size_t word_limit = 64;
/// Of a known list's services, in bytes; as base64, beside the script, it must be a command that the transport takes.
constexpr std::size_t input_limit = 90'000;
/// Properties of a service whose state stays the same are read again when they are so old, but not with each list.
constexpr std::chrono::seconds properties_time{10};
constexpr std::chrono::milliseconds look_back_interval{8000};
/// A caller that asked so recently polls: it gets new states alone where reading all takes long; other changes come
/// with the next list then, or at the latest when nothing was looked at for so long.
constexpr std::chrono::seconds polling_time{3};
constexpr std::chrono::milliseconds longest_without_look = 2 * look_back_interval;
constexpr std::string_view again_word = "again";
constexpr std::chrono::milliseconds longest_script{std::chrono::minutes(10)};
// 248 and not 247, where the option is new: that version was not tested.
constexpr unsigned first_with_microseconds = 248;

// Takes a line `key=value`; nothing, and `text` stays, when the next line is another.
std::optional<std::string_view> take_value(std::string_view& text, std::string_view key) {
  if (!text.starts_with(key) || text.substr(key.size(), 1) != "=") return std::nullopt;
  return take_line(text).substr(key.size() + 1);
}

Error not_understood(const Output& output, std::string_view what) {
  const bool failed = output.signal || output.exit_status.value_or(0) != 0;
  return guest::not_understood(failed ? "systemctl" : "systemd", output, what);
}

class Systemd : public ServiceManager {
 public:
  explicit Systemd(unsigned version) : time_option_(version >= first_with_microseconds ? "--timestamp=us+utc" : "") {}

  std::string_view name() const override { return "systemd"; }
  Result<std::string> full_name(std::string_view name) const override { return service_unit_name(name); }

  Script list_script(const ServiceList* known) const override;
  Result<std::shared_ptr<const ServiceList>> read_list(const Output& output, const ServiceList* known) const override;

  Script state_script(const std::string& full_name) const override {
    return {systemd_state_script, systemd_scripts::state, {full_name, time_option_}};
  }
  Result<Service> read_state(const std::string& full_name, const Output& output) const override;

  Script start_script(const std::string& full_name) const override {
    return {systemd_start_script, systemd_scripts::start, {full_name, time_option_}};
  }
  Script stop_script(const std::string& full_name) const override {
    return {systemd_stop_script, systemd_scripts::stop, {full_name, time_option_}};
  }
  Result<Script> mode_script(const std::string& full_name, StartMode mode) const override {
    const char* verb = mode == StartMode::automatic ? "enable" : mode == StartMode::manual ? "disable" : "mask";
    return Script{systemd_mode_script, systemd_scripts::mode, {full_name, time_option_, verb}};
  }
  Result<ServiceOutcome> read_outcome(const std::string& full_name, const Output& output) const override;

 private:
  std::string time_option_;
};

// What the script reads: whose properties are to be read again, and the states of all that are known.
std::string list_input(const ServiceList& known, bool read_again) {
  std::vector<const std::pair<const std::string, ServiceList::Loaded>*> old;
  const Clock::time_point old_time = Clock::now() - properties_time;
  for (const auto& each : known.loaded)
    if (each.second.read == Clock::time_point::min() || (read_again && each.second.read <= old_time))
      old.push_back(&each);
  std::stable_sort(old.begin(), old.end(),
                   [](const auto* a, const auto* b) { return a->second.read < b->second.read; });
  std::string input;
  for (const auto* each : old) {
    if (input.size() + each->first.size() > input_limit / 4) break;
    input += each->first;
    input += ' ';
  }
  input += '\n';
  for (const auto& [name, loaded] : known.loaded) {
    if (input.size() + name.size() + loaded.state.size() + 2 > input_limit) break;  // the others are shown again
    input += name;
    input += ' ';
    input += loaded.state;
    input += '\n';
  }
  return input;
}

// Hundredths of a second; zero when it is invalid.
std::chrono::milliseconds read_after(std::string_view text) {
  std::uint32_t hundredths = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), hundredths);
  if (code != std::errc() || end != text.data() + text.size()) return {};
  return std::min(std::chrono::milliseconds(std::uint64_t{10} * hundredths), longest_script);
}

// A line of states: "NAME LOAD ACTIVE SUB INVOCATION".
struct StateLine {
  std::string_view name, state, load, active, sub;
};

std::optional<StateLine> read_state_line(std::string_view line) {
  StateLine read;
  const auto take_word = [&line] {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, space);
    line.remove_prefix(std::min(space + 1, line.size()));
    return word;
  };
  read.name = take_word();
  read.state = line;
  read.load = take_word();
  read.active = take_word();
  read.sub = take_word();
  if (!is_service_unit_name(read.name) || read.state.size() > 4 * word_limit || line.empty()) return std::nullopt;
  return read;
}

std::vector<StateLine> take_states(std::string_view& text) {
  std::vector<StateLine> states;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text))
    if (const auto state = read_state_line(line); state && states.size() < services_limit) states.push_back(*state);
  return states;
}

// Puts together what is shown now and what was known before; what does not exist is not listed.
class ListReader {
 public:
  Status add(ShownUnit unit) {
    Service& service = unit.service;
    if (!service.exists() || is_service_template(service.name)) return {};
    if (list_.services.size() >= services_limit)
      return error(Failure::failed, "the guest has more than " + std::to_string(services_limit) + " services");
    for (std::string& name : unit.names) canonical_names_.emplace(std::move(name), service.name);
    std::string name = service.name;
    list_.services.insert_or_assign(std::move(name), std::move(service));
    return {};
  }

  // `states`: of the loaded services, before those that were in another one were shown.
  void add_loaded(const std::vector<StateLine>& states, const ServiceList* known) {
    const bool reloaded = known == nullptr || known->reloaded != list_.reloaded;
    for (const StateLine& each : states) {
      const std::string name(each.name);
      const bool shown = list_.services.count(name) != 0;
      const ServiceList::Loaded* loaded = nullptr;
      if (known)
        if (const auto found = known->loaded.find(name); found != known->loaded.end()) loaded = &found->second;
      if (!shown) {
        if (known == nullptr || each.load == "not-found" || list_.services.size() >= services_limit) continue;
        const auto service = known->services.find(name);
        if (service == known->services.end()) {
          list_.incomplete = true;
          continue;
        }
        list_.services.emplace(name, service->second);
      }
      const bool fits = shown || (loaded != nullptr && loaded->state == each.state);
      Clock::time_point read = Clock::time_point::min();
      if (fits && shown)
        read = Clock::now();
      else if (fits && !reloaded)
        read = loaded->read;
      list_.loaded[name] = {std::string(each.state), read};
      if (!fits) set_state(list_.services.at(name), each);
    }
  }

  // `states` are newer than all else.
  void update(const std::vector<StateLine>& states) {
    std::set<std::string_view> still;
    for (const StateLine& each : states) {
      still.insert(each.name);
      const auto found = list_.services.find(std::string(each.name));
      if (found == list_.services.end()) continue;
      Service& service = found->second;
      if (service.active_state == each.active && service.sub_state == each.sub) continue;
      set_state(service, each);
      if (const auto loaded = list_.loaded.find(found->first); loaded != list_.loaded.end())
        loaded->second = {std::string(each.state), Clock::time_point::min()};
    }
    for (auto& [name, loaded] : list_.loaded) {
      if (still.count(name) != 0) continue;
      loaded.state.clear();
      Service& service = list_.services.at(name);
      service = unloaded(std::move(service));
    }
  }

  void define(std::string_view names) {
    while (!names.empty()) {
      const std::size_t space = names.find(' ');
      const std::string_view name = names.substr(0, space);
      const auto alias = canonical_names_.find(name);
      const auto found = list_.services.find(alias == canonical_names_.end() ? std::string(name) : alias->second);
      if (found != list_.services.end()) list_.defined.insert(found->first);
      names.remove_prefix(space == std::string_view::npos ? names.size() : space + 1);
    }
  }

  ServiceList& list() { return list_; }

 private:
  // The state alone: the properties that go with it are those of an earlier one.
  static void set_state(Service& service, const StateLine& state) {
    service = unloaded(std::move(service));
    service.load_state = printable(state.load, word_limit);
    service.active_state = printable(state.active, word_limit);
    service.sub_state = printable(state.sub, word_limit);
    if (service.active_state == "failed") service.result.clear();
  }

  ServiceList list_;
  std::map<std::string, std::string, std::less<>> canonical_names_;
};

Script Systemd::list_script(const ServiceList* known) const {
  if (known == nullptr) return {systemd_list_script, systemd_scripts::list, {"", time_option_, "", "", ""}};
  const Clock::time_point now = Clock::now();
  const Clock::duration unseen = now - known->looked_back;
  const bool polled = now - known->read < polling_time;
  const bool again = unseen >= (polled ? longest_without_look : look_back_interval);
  const char* how = !polled ? "" : again || known->incomplete ? "all" : "states";
  return {systemd_list_script,
          systemd_scripts::list,
          {known->fingerprint, time_option_, known->reloaded, std::string(again ? again_word : ""), how},
          list_input(*known, again)};
}

Result<std::shared_ptr<const ServiceList>> Systemd::read_list(const Output& output, const ServiceList* known) const {
  std::string_view text = output.out;
  ListReader reader;
  ServiceList& list = reader.list();
  std::optional<std::string_view> fingerprint;
  std::optional<std::string_view> files;
  std::optional<std::vector<StateLine>> states;
  std::optional<std::vector<StateLine>> newer_states;
  bool states_alone = true;
  bool looked_back = false;
  while (!text.empty()) {
    if (const auto value = take_value(text, "Fingerprint")) {
      fingerprint = value;
    } else if (const auto names = take_value(text, "UnitFiles")) {
      files = names;
    } else if (const auto reloaded = take_value(text, "Reloaded")) {
      // What was read again after the first states shows in the next list.
      if (!states) list.reloaded = printable(*reloaded, word_limit);
    } else if (const auto looked = take_value(text, "Looked")) {
      states_alone = false;
      looked_back = *looked == again_word;
    } else if (const auto after = take_value(text, "After")) {
      list.states_after = read_after(*after);
    } else if (const auto ended = take_value(text, "Ended")) {
      list.ended_after = read_after(*ended);
    } else if (text.starts_with("States:\n")) {
      take_line(text);
      (states ? newer_states : states) = take_states(text);
    } else if (std::optional<ShownUnit> unit = read_shown_unit(text)) {
      if (const Status added = reader.add(std::move(*unit)); !added) return added.error();
    }
  }
  if (!fingerprint || !files) return not_understood(output, "its services");
  list.read = Clock::now();
  list.looked_back = known == nullptr || looked_back ? list.read : known->looked_back;
  if (states) reader.add_loaded(*states, known);
  list.incomplete = list.incomplete && states_alone;

  if (*files != "unchanged") {
    reader.define(*files);
    // An incomplete answer must not be used as the next base.
    if (output.exit_status == 0) list.fingerprint = printable(*fingerprint, word_limit);
  } else {
    if (known == nullptr) return not_understood(output, "its services");
    list.fingerprint = output.exit_status == 0 ? printable(*fingerprint, word_limit) : known->fingerprint;
    list.defined = known->defined;
    for (const std::string& name : list.defined) {
      const auto found = known->services.find(name);
      if (found != known->services.end()) list.services.try_emplace(name, unloaded(found->second));
    }
  }
  if (newer_states) reader.update(*newer_states);
  // Files without the services that they define, or a script that failed, is no list. A guest may have no services.
  const bool names_files = *files != "unchanged" && files->find_first_not_of(' ') != std::string_view::npos;
  if (list.services.empty() && (output.exit_status != 0 || names_files)) return not_understood(output, "its services");
  return std::make_shared<const ServiceList>(std::move(list));
}

Result<Service> Systemd::read_state(const std::string& full_name, const Output& output) const {
  std::string_view text = output.out;
  std::optional<ShownUnit> unit = read_shown_unit(text);
  if (!unit) return not_understood(output, "the state of " + full_name);
  if (!unit->service.exists()) return no_such_service(full_name);
  return std::move(unit->service);
}

Result<ServiceOutcome> Systemd::read_outcome(const std::string& full_name, const Output& output) const {
  std::string_view text = output.out;
  ServiceOutcome outcome;
  const std::string_view status = take_value(text, "ExitStatus").value_or("");
  const auto [end, code] = std::from_chars(status.data(), status.data() + status.size(), outcome.exit_status);
  if (status.empty() || code != std::errc() || end != status.data() + status.size())
    return not_understood(output, "a change of " + full_name);
  const std::string_view unmet = take_value(text, "Unmet").value_or("");
  if (unmet == "condition") outcome.unmet = Unmet::condition;
  if (unmet == "assertion") outcome.unmet = Unmet::assertion;
  std::optional<ShownUnit> unit = read_shown_unit(text);
  if (!unit) return not_understood(output, "the state of " + full_name);
  if (!unit->service.exists()) return no_such_service(full_name);
  outcome.service = std::move(unit->service);
  outcome.message = printable(output.err, message_limit);
  outcome.log_lines = take_log_lines(text, "Journal:");
  return outcome;
}

}  // namespace

Error no_such_service(const std::string& name) {
  return error(Failure::not_found, "no service \"" + name + "\" in the guest: systemd finds no unit file of that name");
}

Service unloaded(Service service) {
  service.active_state = "inactive";
  service.sub_state = "dead";
  service.result = "success";
  service.main_process_id = 0;
  service.exit_status.reset();
  service.exit_signal.reset();
  service.state_changed.reset();
  return service;
}

std::unique_ptr<ServiceManager> make_systemd(unsigned version) { return std::make_unique<Systemd>(version); }

}  // namespace vmms::guest
