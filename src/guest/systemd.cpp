#include "guest/systemd.hpp"

#include "guest/printable.hpp"
#include "guest/systemd_scripts.hpp"
#include "guest/systemd_show.hpp"
#include "guest/unit_name.hpp"

#include <charconv>

namespace vmms::guest {

namespace {

constexpr std::size_t message_limit = 2000;
constexpr std::size_t services_limit = 20000;
constexpr std::size_t fingerprint_limit = 64;
// 248 and not 247, where the option is new: there nothing was tried.
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

  Script list_script(const ServiceList* known) const override {
    return {systemd_list_script, systemd_scripts::list, {known == nullptr ? "" : known->fingerprint, time_option_}};
  }
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

// Collects units as they are shown; what does not exist is not listed.
class ListReader {
 public:
  Status add(ShownUnit unit) {
    Service& service = unit.service;
    if (!service.exists() || is_service_template(service.name)) return {};
    if (list_.services.size() >= services_limit)
      return error(Failure::failed, "the guest has more than " + std::to_string(services_limit) + " services");
    for (std::string& name : unit.names) canonical_names_.emplace(std::move(name), service.name);
    canonical_names_.emplace(service.name, service.name);
    std::string name = service.name;
    list_.services.insert_or_assign(std::move(name), std::move(service));
    return {};
  }

  void define(std::string_view names) {
    while (!names.empty()) {
      const std::size_t space = names.find(' ');
      if (const auto found = canonical_names_.find(names.substr(0, space)); found != canonical_names_.end())
        list_.defined.insert(found->second);
      names.remove_prefix(space == std::string_view::npos ? names.size() : space + 1);
    }
  }

  ServiceList& list() { return list_; }

 private:
  ServiceList list_;
  std::map<std::string, std::string, std::less<>> canonical_names_;
};

Result<std::shared_ptr<const ServiceList>> Systemd::read_list(const Output& output, const ServiceList* known) const {
  std::string_view text = output.out;
  ListReader reader;
  ServiceList& list = reader.list();
  const std::optional<std::string_view> fingerprint = take_value(text, "Fingerprint");
  if (!fingerprint) return not_understood(output, "its services");
  std::optional<std::string_view> files;
  while (!text.empty()) {
    if (!files && (files = take_value(text, "UnitFiles"))) continue;
    std::optional<ShownUnit> unit = read_shown_unit(text);
    if (!unit) continue;
    if (const Status added = reader.add(std::move(*unit)); !added) return added.error();
  }
  if (!files) return not_understood(output, "its services");

  if (*files != "unchanged") {
    reader.define(*files);
    // An answer that broke off must not be built upon.
    if (output.exit_status == 0) list.fingerprint = printable(*fingerprint, fingerprint_limit);
  } else {
    if (known == nullptr) return not_understood(output, "its services");
    list.fingerprint = known->fingerprint;
    list.defined = known->defined;
    for (const std::string& name : list.defined) {
      const auto found = known->services.find(name);
      if (found != known->services.end()) list.services.try_emplace(name, unloaded(found->second));
    }
  }
  // A guest under systemd has services, loaded or not.
  if (list.services.empty()) return not_understood(output, "its services");
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
