// The services inside one simulated guest: what systemd would do, as a function of time. No threads, no waiting.
#pragma once

#include "guest/services/service.hpp"
#include "hypervisor/simulator/description.hpp"
#include "hypervisor/simulator/manager_words.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::simulator {

using Clock = std::chrono::steady_clock;

/// Only services that were used take memory. Not thread-safe. Times passed in must not go back.
class Services {
 public:
  /// The result of `systemctl start` or `stop`, or of the tool of another service manager.
  using Ended = ToolEnd;
  /// A running systemctl; 0 is none.
  using Ticket = std::uint64_t;

  explicit Services(std::shared_ptr<const GuestDescription> guest) : guest_(std::move(guest)) {}

  Ticket start(std::string_view name, Clock::time_point now);
  Ticket stop(std::string_view name, Clock::time_point now);
  /// `systemctl enable`, `disable` or `mask` of a service, the latter two ways after unmasking it.
  Ended change_mode(std::string_view name, std::string_view verb);
  /// The result of a systemctl, once.
  std::optional<Ended> ended(Ticket ticket, Clock::time_point now);

  /// One service, and all of them, as values.
  guest::Service find(std::string_view name, Clock::time_point now);
  std::vector<guest::Service> list(Clock::time_point now);

  /// `systemctl show` of one service; load state not-found when there is none.
  std::string show(std::string_view name, Clock::time_point now);
  /// `systemctl show` of all that are loaded, and of all others that have a file and are not.
  std::string show_loaded(Clock::time_point now);
  std::string show_unloaded(Clock::time_point now);
  /// Names of all files that define services, templates left out, each followed by a space.
  std::string file_names() const;

  /// The last lines that the service logged.
  std::string log(std::string_view name) const;

 private:
  struct Job {
    bool start = true;
    std::optional<Clock::time_point> end;  ///< nothing: never
    std::vector<Ticket> tickets;
  };
  struct Unit {
    const ServiceDescription* description = nullptr;
    guest::Service state;
    std::optional<Job> job;
    std::vector<Ticket> start_after_stop;  ///< starts that wait until the unit has stopped
    std::vector<std::string> log;
  };

  const ServiceDescription* describe(std::string_view name, std::string& canonical) const;
  guest::Service initial(const ServiceDescription& description, const std::string& name) const;
  Unit* unit(std::string_view name);
  guest::Service state(const std::string& name, const ServiceDescription& description) const;
  void advance(Clock::time_point now);
  void begin_start(Unit& unit, std::vector<Ticket> tickets, Clock::time_point now);
  void finish_start(Unit& unit);
  void finish_stop(Unit& unit, Clock::time_point now);
  void enter(Unit& unit, std::string_view active_state, std::string_view sub_state);
  void unload(Unit& unit);
  void fail(Unit& unit, std::string_view result, std::vector<std::string> log);
  Ticket refuse(Unit& unit);
  Ticket ticket();
  Ticket ended_ticket(Ended end);
  void end(const std::vector<Ticket>& tickets, const Ended& how);

  std::shared_ptr<const GuestDescription> guest_;
  std::map<std::string, Unit, std::less<>> units_;  ///< those that were touched
  std::map<Ticket, Ended> ended_;
  Ticket last_ticket_ = 0;
  std::uint32_t last_process_ = 1000;
};

}  // namespace vmms::hypervisor::simulator
