#include "agent/services.hpp"

#include "agent/properties.hpp"

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

namespace vmms::agent {

namespace {

constexpr std::string_view unit_path_prefix = "/org/freedesktop/systemd1/unit/";
constexpr std::size_t units_limit = 20000;

bool is_service(std::string_view name) { return name.ends_with(".service"); }

bool is(DBusMessage* message, const char* interface, const char* member) {
  return dbus_message_is_signal(message, interface, member);
}

bool failed(DBusMessage* answer) {
  return answer == nullptr || dbus_message_get_type(answer) != DBUS_MESSAGE_TYPE_METHOD_RETURN;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string path_of(const std::string& unit) {
  constexpr const char* digits = "0123456789abcdef";
  std::string path(unit_path_prefix);
  for (std::size_t i = 0; i < unit.size(); ++i) {
    const char c = unit[i];
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (i > 0 && c >= '0' && c <= '9');
    if (plain) {
      path += c;
    } else {
      path += '_';
      path += digits[static_cast<unsigned char>(c) >> 4];
      path += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return path;
}

std::string unit_of(const std::string& path) {
  if (!path.starts_with(unit_path_prefix)) return {};
  std::string unit;
  for (std::size_t i = unit_path_prefix.size(); i < path.size(); ++i) {
    if (path[i] == '_' && i + 2 < path.size() && digit(path[i + 1]) >= 0 && digit(path[i + 2]) >= 0) {
      unit += static_cast<char>(digit(path[i + 1]) << 4 | digit(path[i + 2]));
      i += 2;
    } else {
      unit += path[i];
    }
  }
  return unit;
}

void Services::begin() {
  reloading_ = false;
  bus_.call(systemd_path, manager_interface, "Subscribe", {}, [](DBusMessage*) {});
  list();
}

void Services::forget() {
  ++listing_;
  units_.clear();
  coming_.clear();
  asked_.clear();
  for (auto& [path, job] : std::exchange(jobs_, {}))
    job.acted({"", "org.freedesktop.DBus.Error.Disconnected", "systemd went away in mid-call"}, {});
}

// ListUnits: everything that is loaded, and nothing gets loaded by it.
void Services::list() {
  const unsigned number = ++listing_;
  bus_.call(systemd_path, manager_interface, "ListUnits", {}, [this, number](DBusMessage* answer) {
    if (number == listing_ && !failed(answer)) add_listed(answer);
  });
}

void Services::add_listed(DBusMessage* answer) {
  DBusMessageIter at;
  DBusMessageIter row;
  std::set<std::string> loaded;
  if (dbus_message_iter_init(answer, &at) && dbus_message_iter_get_arg_type(&at) == DBUS_TYPE_ARRAY) {
    dbus_message_iter_recurse(&at, &row);
    for (; dbus_message_iter_get_arg_type(&row) == DBUS_TYPE_STRUCT; dbus_message_iter_next(&row)) {
      DBusMessageIter column;
      dbus_message_iter_recurse(&row, &column);
      std::string name = text_at(&column);
      dbus_message_iter_next(&column);  // description
      dbus_message_iter_next(&column);
      if (is_service(name) && text_at(&column) != "not-found" && loaded.size() < units_limit)
        loaded.insert(std::move(name));
    }
  }
  std::set<std::string> unloaded;
  for (const auto& [name, entry] : units_)
    if (loaded.count(name) == 0) unloaded.insert(name);
  for (const std::string& name : unloaded) remove(name);

  auto left = std::make_shared<std::size_t>(loaded.size() + 1);
  const auto one_done = [this, left, number = listing_] {
    if (--*left > 0 || number != listing_) return;
    reloading_ = false;
    listener_.synchronized();
  };
  for (const std::string& name : loaded) {
    ask(name, [this, one_done, number = listing_](const Unit* unit) {
      if (unit != nullptr && number == listing_) put(*unit);
      one_done();
    });
  }
  one_done();
}

// All in one call, since each call about a unit that is not loaded makes systemd load it.
void Services::ask(const std::string& name, std::function<void(const Unit*)> asked) {
  bus_.call(path_of(name), properties_interface, "GetAll", {""}, [asked = std::move(asked)](DBusMessage* answer) {
    DBusMessageIter at;
    if (failed(answer) || !dbus_message_iter_init(answer, &at)) return asked(nullptr);
    Unit unit;
    set_properties(unit, &at);
    asked(&unit);
  });
}

void Services::put(const Unit& unit) {
  if (!is_service(unit.name) || unit.load_state == "not-found" || unit.load_state.empty()) return;
  if (units_.size() >= units_limit && units_.count(unit.name) == 0) return;
  Entry& entry = units_[unit.name];
  entry.unit = unit;
  tell(entry);
}

void Services::remove(const std::string& name) {
  coming_.erase(name);
  const auto found = units_.find(name);
  if (found == units_.end()) return;
  const bool told = found->second.told;
  units_.erase(found);
  if (told) listener_.gone(name);
}

// systemd repeats the old state when a job is queued: only differences are reported.
void Services::tell(Entry& entry) {
  if (entry.told && entry.last_told == entry.unit) return;
  entry.told = true;
  entry.last_told = entry.unit;
  listener_.changed(entry.unit);
}

void Services::hear(DBusMessage* message) {
  const char* name = nullptr;
  const char* path = nullptr;
  if (is(message, properties_interface, "PropertiesChanged")) return properties_changed(message);
  if (is(message, manager_interface, "JobRemoved")) return job_removed(message);
  if (is(message, manager_interface, "UnitNew") &&
      dbus_message_get_args(message, nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_OBJECT_PATH, &path,
                            DBUS_TYPE_INVALID)) {
    if (is_service(name) && units_.count(name) == 0 && coming_.size() < units_limit) coming_.insert(name);
  } else if (is(message, manager_interface, "UnitRemoved") &&
             dbus_message_get_args(message, nullptr, DBUS_TYPE_STRING, &name, DBUS_TYPE_OBJECT_PATH, &path,
                                   DBUS_TYPE_INVALID)) {
    // While systemd reads its files again it drops and makes all units; the list that follows shows what is left.
    if (!reloading_) remove(name);
  } else if (is(message, manager_interface, "UnitFilesChanged")) {
    listener_.files_changed();
  } else if (is(message, manager_interface, "Reloading")) {
    dbus_bool_t begins = FALSE;
    dbus_message_get_args(message, nullptr, DBUS_TYPE_BOOLEAN, &begins, DBUS_TYPE_INVALID);
    reloading_ = true;
    if (begins) return;
    // What the files say may be different now, of any unit.
    units_.clear();
    coming_.clear();
    asked_.clear();
    listener_.voided();
    list();
  } else if (is(message, DBUS_INTERFACE_DBUS, "NameOwnerChanged")) {
    bus_.close();  // another systemd: start from the beginning
  }
}

void Services::properties_changed(DBusMessage* message) {
  const char* path = dbus_message_get_path(message);
  const std::string name = path == nullptr ? std::string() : unit_of(path);
  DBusMessageIter at;
  if (!is_service(name) || !dbus_message_iter_init(message, &at)) return;
  const std::string interface = text_at(&at);
  dbus_message_iter_next(&at);
  note_conditions(name, &at);
  const auto found = units_.find(name);
  if (found == units_.end()) {
    coming_.insert(name);
    return;
  }
  set_properties(found->second.unit, &at);
  // systemd sends the service's properties first and the unit's after them, so that they are taken together.
  if (interface == unit_interface) tell(found->second);
}

void Services::settle() {
  for (const std::string& name : std::exchange(coming_, {})) {
    if (!asked_.insert(name).second) continue;
    // GetUnit loads nothing: a unit that was there for a moment only is not fetched back, which would never end.
    bus_.call(systemd_path, manager_interface, "GetUnit", {name}, [this, name](DBusMessage* answer) {
      if (failed(answer)) {
        asked_.erase(name);
        return;
      }
      ask(name, [this, name](const Unit* unit) {
        asked_.erase(name);
        if (unit != nullptr) put(*unit);
      });
    });
  }
}

void Services::act(Kind kind, const std::string& name, Acted acted) {
  bus_.call(systemd_path, manager_interface, kind == Kind::start ? "StartUnit" : "StopUnit", {name, "replace"},
            [this, name, acted = std::move(acted)](DBusMessage* answer) {
              const char* path = nullptr;
              if (!failed(answer) &&
                  dbus_message_get_args(answer, nullptr, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_INVALID)) {
                jobs_.emplace(path, Job{name, acted});
                return;
              }
              const char* error = answer == nullptr ? nullptr : dbus_message_get_error_name(answer);
              DBusMessageIter at;
              std::string words;
              if (answer != nullptr && dbus_message_iter_init(answer, &at)) words = text_at(&at);
              if (error == nullptr) error = DBUS_ERROR_DISCONNECTED;
              answer_with_state({name, acted}, {"", error, words});
            });
}

void Services::job_removed(DBusMessage* message) {
  std::uint32_t id = 0;
  const char* path = nullptr;
  const char* unit = nullptr;
  const char* result = nullptr;
  if (!dbus_message_get_args(message, nullptr, DBUS_TYPE_UINT32, &id, DBUS_TYPE_OBJECT_PATH, &path, DBUS_TYPE_STRING,
                             &unit, DBUS_TYPE_STRING, &result, DBUS_TYPE_INVALID))
    return;
  while (true) {
    const auto found = jobs_.find(path);
    if (found == jobs_.end()) return;
    Job job = std::move(found->second);
    jobs_.erase(found);
    job.unit = unit;  // not an alias of it
    answer_with_state(job, {result, "", ""});
  }
}

// A unit whose conditions did not hold may be unloaded with the end of its job: so they are noted when they are
// reported.
void Services::note_conditions(const std::string& name, DBusMessageIter* properties) {
  if (jobs_.empty() && answering_ == 0) return conditions_met_.clear();
  if (const std::optional<bool> held = conditions_held(properties)) conditions_met_[name] = *held;
}

// All changes of the unit before the job's end have arrived when systemd answers the next call. (Since version 240 it
// sends them before that end anyway.)
void Services::answer_with_state(const Job& job, Act act) {
  ++answering_;
  const auto answer = [this, job, act = std::move(act)](DBusMessage*) mutable {
    --answering_;
    const auto met = conditions_met_.find(job.unit);
    if (act.job_result == "assert") act.unmet = guest::protocol::unmet_assertion;
    if (act.job_result == "done" && met != conditions_met_.end() && !met->second)
      act.unmet = guest::protocol::unmet_condition;
    const auto known = units_.find(job.unit);
    if (known != units_.end()) return job.acted(act, known->second.unit);
    ask(job.unit, [job, act](const Unit* unit) { job.acted(act, unit == nullptr ? Unit{} : *unit); });
  };
  bus_.call(systemd_path, peer_interface, "Ping", {}, answer);
}

void Services::state(const std::string& name, std::function<void(const Unit* unit)> answered) {
  ask(name, std::move(answered));
}

}  // namespace vmms::agent
