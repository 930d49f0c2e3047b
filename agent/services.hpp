// The services of this system, as systemd reports them: states as events, starts and stops at the same time.
#pragma once

#include "agent/bus.hpp"
#include "guest/protocol/messages.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace vmms::agent {

class Services {
 public:
  using Unit = guest::protocol::Unit;
  enum class Kind : std::uint8_t { start, stop };

  struct Listener {
    std::function<void(const Unit&)> changed;           ///< another state, or not reported before
    std::function<void(const std::string& name)> gone;  ///< reported before, and no longer loaded
    std::function<void()> files_changed;
    std::function<void()> voided;        ///< earlier reports are void; all is reported again
    std::function<void()> synchronized;  ///< all loaded services have been reported
  };

  Services(Bus& bus, Listener listener) : bus_(bus), listener_(std::move(listener)) {
    bus_.on_signal([this](DBusMessage* message) { hear(message); });
  }

  /// The bus is connected again: subscribes and sends everything.
  void begin();
  /// The bus was lost: earlier reports are void.
  void forget();
  /// Everything that has come was handled: looks at units that are new.
  void settle();

  /// The result of an act: a job with the result `job_result`, or an error. `unmet` is one of guest::protocol's.
  struct Act {
    std::string job_result;
    std::string error;
    std::string message;
    std::uint32_t unmet = 0;
  };
  /// Answers in a later call of the bus.
  using Acted = std::function<void(const Act& act, const Unit& unit)>;
  void act(Kind kind, const std::string& name, Acted acted);
  /// A loaded service as last reported, or null.
  const Unit* known(const std::string& name) const {
    const auto found = units_.find(name);
    return found == units_.end() ? nullptr : &found->second.unit;
  }
  /// Null: systemd does not answer.
  void state(const std::string& name, std::function<void(const Unit* unit)> answered);

 private:
  struct Entry {
    Unit unit;
    bool told = false;
    Unit last_told;
  };
  struct Job {
    std::string unit;
    Acted acted;
  };

  void hear(DBusMessage* message);
  void properties_changed(DBusMessage* message);
  void job_removed(DBusMessage* message);
  void list();
  void add_listed(DBusMessage* answer);
  /// Asks for all properties and passes them on; null: no answer.
  void ask(const std::string& name, std::function<void(const Unit*)> asked);
  void put(const Unit& unit);
  void remove(const std::string& name);
  void tell(Entry& entry);
  void answer_with_state(const Job& job, Act act);
  void note_conditions(const std::string& name, DBusMessageIter* properties);

  Bus& bus_;
  Listener listener_;
  std::map<std::string, Entry> units_;
  std::set<std::string> coming_;  ///< loaded just now; perhaps for a moment only
  std::set<std::string> asked_;   ///< not in units_ yet, and being asked about
  std::multimap<std::string, Job> jobs_;
  unsigned answering_ = 0;                      ///< acts whose jobs have ended
  std::map<std::string, bool> conditions_met_;  ///< as reported while there was a job or an answer
  bool reloading_ = false;
  unsigned listing_ = 0;  ///< counts the lists, so that what belongs to an older one is known
};

/// The object of a unit, and the unit of an object; empty when it is none.
std::string path_of(const std::string& unit);
std::string unit_of(const std::string& path);

}  // namespace vmms::agent
