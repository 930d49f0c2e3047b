#include "guest/guest.hpp"

#include "base/waiting.hpp"
#include "guest/actions.hpp"
#include "guest/agent/agent.hpp"
#include "guest/agent/flight.hpp"
#include "guest/agent/heartbeat.hpp"
#include "guest/agent/observed_transport.hpp"
#include "guest/agent/shared_read.hpp"
#include "guest/agent/watched_transport.hpp"
#include "guest/files/file_copy.hpp"
#include "guest/files/files.hpp"
#include "guest/services/discovery.hpp"
#include "guest/services/recent_lists.hpp"
#include "guest/system/memory.hpp"

#include <limits>
#include <mutex>

namespace vmms::guest {

namespace {

using ServiceMap = std::map<std::string, Service>;
using ListPtr = std::shared_ptr<const ServiceList>;
using DiscoveryPtr = std::shared_ptr<const Discovery>;
using ManagerPtr = std::shared_ptr<const ServiceManager>;

/// No state that is shown is older, as far as the guest allows.
constexpr std::chrono::seconds fresh_time{1};
/// A list is read again before that: a polling client sees a change when it is so old and the next list has come.
constexpr std::chrono::milliseconds list_time{500};
/// It serves further pages as long as its states are fresh, and for so long at least.
constexpr std::chrono::milliseconds pages_time{500};
/// How long a missing service manager is remembered.
constexpr std::chrono::seconds no_manager_time{5};
constexpr std::chrono::seconds starting_time{4};
/// Of a list that is older than the reports of our own agent.
constexpr std::uint64_t unknown_states = std::numeric_limits<std::uint64_t>::max();
/// The age of data about the guest as a whole.
constexpr std::chrono::seconds identity_time{5};
constexpr std::chrono::milliseconds starting_interval{500};

/// What is kept of one list, in bytes, whatever its virtual machine's account allows beyond that.
constexpr std::size_t list_bytes = std::size_t{16} << 20;

Error deadline_error(const Transport& transport, std::string_view what) {
  return late_error(transport, "the deadline passed while the guest was asked for " + std::string(what));
}

// A command that the agent refuses leaves its part empty; an agent that does not answer gives nothing.
template <class T>
Status take(Result<T> found, T& into) {
  if (found)
    into = *std::move(found);
  else if (found.error().kind != Failure::failed && found.error().kind != Failure::not_supported)
    return found.error();
  return {};
}

Result<std::shared_ptr<const Identity>> read_identity(System& system, Clock::time_point deadline) {
  auto identity = std::make_shared<Identity>();
  if (const Status known = take(system.agent_version(deadline), identity->agent_version); !known) return known.error();
  if (const Status known = take(system.host_name(deadline), identity->host_name); !known) return known.error();
  if (const Status known = take(system.operating_system(deadline), identity->system); !known) return known.error();
  if (const Status known = take(system.interfaces(deadline), identity->interfaces); !known) return known.error();
  return std::shared_ptr<const Identity>(std::move(identity));
}

// The states of a list are not older than this. The guest may have begun the script long after the request; known are
// the time from the states to the script's end, and that it had not ended when it was seen running.
Clock::time_point states_time(const ServiceList& list, Clock::time_point asked, Clock::time_point seen_running) {
  Clock::time_point time = asked + list.states_after;
  if (list.ended_after > list.states_after)
    time = std::max(time, seen_running - (list.ended_after - list.states_after));
  return std::min(time, Clock::now());
}

// The list with its charge, which ends with it.
Result<ListPtr> paid_for(const AccountPtr& account, ListPtr list) {
  struct Paid {
    ListPtr list;
    Charge charge;
  };
  const std::size_t bytes = memory_of(*list);
  if (bytes > list_bytes)
    return error(Failure::failed, "the guest tells of " + std::to_string(list->services.size()) + " services in " +
                                      std::to_string(bytes >> 20) + " MiB: more than the " +
                                      std::to_string(list_bytes >> 20) + " MiB that are taken of one guest");
  Result<Charge> charged = charge(account, Ledger::Item::guest_data, bytes);
  if (!charged) return charged.error();
  const auto paid = std::make_shared<Paid>(Paid{std::move(list), std::move(*charged)});
  return ListPtr(paid, paid->list.get());
}

class AgentGuest : public Guest {
 public:
  AgentGuest(const std::shared_ptr<Transport>& transport, OwnAgentProgram program, AccountPtr account)
      : heartbeat_(std::make_shared<Heartbeat>(transport)),
        transport_(std::make_shared<WatchedTransport>(std::make_shared<ObservedTransport>(transport, heartbeat_))),
        account_(std::move(account)),
        own_agent_(std::make_shared<OwnAgent>(transport_, abandoned_, program, account_)),
        actions_([this] { void_reads(); }) {}

  Result<Capabilities> capabilities(Clock::time_point deadline) override;
  std::shared_ptr<const Capabilities> known_capabilities() const override;
  Status ping(Clock::time_point deadline) override;
  Status heartbeat(Clock::time_point deadline) override { return heartbeat_->read(deadline); }
  std::shared_ptr<System> system() override { return system_; }
  Result<std::shared_ptr<const Identity>> identity(Clock::time_point deadline) override;
  Result<KeyValues> key_values(Clock::time_point deadline) override {
    return key_values_.get(deadline, [system = system_](auto limit) { return system->read_guest_key_values(limit); });
  }
  Result<std::chrono::nanoseconds> clock_offset(Clock::time_point deadline) override {
    return clock_offset_.get(deadline, [system = system_](auto limit) { return system->clock_offset(limit); });
  }
  Result<std::shared_ptr<const ServiceMap>> services(Clock::time_point deadline, Page page, Patience patience) override;
  Result<Service> service(std::string_view name, Clock::time_point deadline) override;
  Result<ServiceOutcome> start_service(std::string_view name, Clock::time_point deadline) override {
    return act(Actions::Kind::start, name, deadline);
  }
  Result<ServiceOutcome> stop_service(std::string_view name, Clock::time_point deadline) override {
    return act(Actions::Kind::stop, name, deadline);
  }
  Result<ServiceOutcome> change_start_mode(std::string_view name, StartMode mode, Clock::time_point deadline) override;
  std::shared_ptr<OwnAgentSession> own_agent() override;
  bool has_own_agent() const override { return own_agent_->session() != nullptr; }
  void drop_own_agent() override { own_agent_->drop(); }
  std::string own_agent_description() const override { return own_agent_->description(); }
  const Files& files() const override { return files_; }
  Result<std::unique_ptr<FileCopy>> begin_copy(CopyObserver observer, Clock::time_point deadline) override {
    const Result<DiscoveryPtr> discovery = discovered(deadline);
    if (!discovery) return discovery.error();
    return std::make_unique<FileCopy>(transport_->unwatched(), abandoned_, (*discovery)->capabilities,
                                      std::move(observer), [own_agent = own_agent_] { return own_agent->session(); });
  }

 private:
  /// A read that several callers share.
  template <class T>
  struct RecentRead {
    std::shared_ptr<Flight<T>> flight;
    Clock::time_point begun = Clock::now();
    std::uint64_t changes = 0;  ///< value of changes_ when it began
    unsigned waiters = 0;
  };

  Result<DiscoveryPtr> discovered(Clock::time_point deadline);
  std::shared_ptr<Flight<DiscoveryPtr>> begin_discovery(std::uint64_t connection);
  Result<ManagerPtr> manager(Clock::time_point deadline, Patience patience = Patience::whole);
  std::shared_ptr<OwnAgentSession> own_agent(const ServiceManager& manager);
  ListPtr list_told_by(OwnAgentSession& session, Clock::time_point deadline);
  RecentRead<ListPtr> begin_list(const ManagerPtr& manager);
  RecentRead<Service> begin_state(const ManagerPtr& manager, const std::string& full_name);
  Result<ServiceOutcome> act(Actions::Kind kind, std::string_view name, Clock::time_point deadline);
  Result<ServiceOutcome> with_advice(Result<ServiceOutcome> outcome) const;

  template <class T>
  bool fresh(const RecentRead<T>& reading, Clock::duration age = fresh_time) const {
    return reading.changes == changes_ && Clock::now() - reading.begun <= age;
  }
  bool list_usable(Page page) const {
    if (page == Page::first) return fresh(list_reading_, list_time);
    return fresh(list_reading_) || (list_reading_.changes == changes_ && Clock::now() - list_shown_ <= pages_time);
  }
  /// Of a list that says when its states were read: they are too old although it has just come.
  bool told_late(const ListPtr& list) const {
    const std::lock_guard lock(mutex_);
    return list->states_after > std::chrono::milliseconds::zero() && list == list_.lock() && !fresh(list_reading_);
  }
  void shown(const ListPtr& list) {
    const std::lock_guard lock(mutex_);
    if (list == list_.lock()) list_shown_ = Clock::now();
  }
  void void_reads() {
    const std::lock_guard lock(mutex_);
    ++changes_;
  }

  const std::shared_ptr<Heartbeat> heartbeat_;
  const std::shared_ptr<WatchedTransport> transport_;  ///< its answers are signs of life
  const AccountPtr account_;
  const std::shared_ptr<AbandonedProcesses> abandoned_ = std::make_shared<AbandonedProcesses>();
  const std::shared_ptr<OwnAgent> own_agent_;
  Actions actions_;
  const Files files_{transport_, abandoned_};
  const std::shared_ptr<System> system_ = std::make_shared<System>(transport_, abandoned_);
  SharedRead<std::shared_ptr<const Identity>> identity_{transport_, identity_time, account_,
                                                        [](const std::shared_ptr<const Identity>& identity) {
                                                          return sizeof *identity + memory_of(identity->interfaces);
                                                        }};
  SharedRead<KeyValues> key_values_{transport_, identity_time, account_,
                                    [](const KeyValues& values) { return memory_of(values); }};
  SharedRead<std::chrono::nanoseconds> clock_offset_{transport_, identity_time, account_,
                                                     [](const std::chrono::nanoseconds&) -> std::size_t { return 0; }};

  mutable std::mutex mutex_;
  DiscoveryPtr known_;
  std::uint64_t known_connection_ = 0;
  Clock::time_point known_since_;
  std::shared_ptr<Flight<DiscoveryPtr>> discovering_;
  std::uint64_t discovering_connection_ = 0;

  std::uint64_t changes_ = 0;  ///< our own starts and stops, each counted before and after
  RecentRead<ListPtr> listing_;
  std::weak_ptr<const ServiceList> list_;  ///< the newest; recent_lists decides how long it lives
  RecentRead<ListPtr> list_reading_;       ///< when that was read; without the flight
  Clock::time_point list_shown_;
  std::weak_ptr<OwnAgentSession> list_session_;  ///< whose versions these are; none when the list was only read
  OwnAgentSession::Versions list_versions_;
  std::map<std::string, RecentRead<Service>> states_;
};

Result<Capabilities> AgentGuest::capabilities(Clock::time_point deadline) {
  const Result<DiscoveryPtr> discovery = discovered(deadline);
  if (!discovery) return discovery.error();
  return (*discovery)->capabilities;
}

std::shared_ptr<const Capabilities> AgentGuest::known_capabilities() const {
  const std::lock_guard lock(mutex_);
  if (!known_ || known_connection_ != transport_->connection()) return nullptr;
  return {known_, &known_->capabilities};
}

Status AgentGuest::ping(Clock::time_point deadline) {
  if (const Status back = transport_->wait_for_return(std::min(deadline, Clock::now() + command_time)); !back)
    return back.error();
  const bool connected = transport_->connected();
  const Status alive = Agent(*transport_).ping(deadline);
  if (!alive) return without_agent(alive.error(), connected);
  return {};
}

Result<std::shared_ptr<const Identity>> AgentGuest::identity(Clock::time_point deadline) {
  return identity_.get(deadline, [system = system_](auto limit) { return read_identity(*system, limit); });
}

Result<DiscoveryPtr> AgentGuest::discovered(Clock::time_point deadline) {
  std::shared_ptr<Flight<DiscoveryPtr>> flight;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t connection = transport_->connection();
    if (known_ && known_connection_ == connection && (known_->manager || Clock::now() - known_since_ < no_manager_time))
      return known_;
    if (!discovering_ || discovering_connection_ != connection || discovering_->done()) {
      discovering_ = begin_discovery(connection);
      discovering_connection_ = connection;
    }
    flight = discovering_;
  }
  const std::optional<Result<DiscoveryPtr>> discovery = flight->wait(deadline);
  return discovery ? *discovery : deadline_error(*transport_, "its service manager");
}

std::shared_ptr<Flight<DiscoveryPtr>> AgentGuest::begin_discovery(std::uint64_t connection) {
  return std::make_shared<Flight<DiscoveryPtr>>(
      [this, connection](Clock::time_point deadline) -> std::optional<Result<DiscoveryPtr>> {
        Result<DiscoveryPtr> discovery = discover(transport_, abandoned_, deadline);
        if (!discovery && discovery.error().kind == Failure::timed_out) return std::nullopt;
        const std::lock_guard lock(mutex_);
        // While the guest is starting its answers are not worth remembering.
        if (discovery && !(*discovery)->starting) {
          known_ = *discovery;
          known_connection_ = connection;
          known_since_ = Clock::now();
        }
        return discovery;
      });
}

Result<ManagerPtr> AgentGuest::manager(Clock::time_point deadline, Patience patience) {
  const Clock::time_point started_by =
      patience == Patience::little ? Clock::now() : std::min(deadline, Clock::now() + starting_time);
  while (true) {
    const Result<DiscoveryPtr> discovery = discovered(deadline);
    if (!discovery) return discovery.error();
    if ((*discovery)->manager) return (*discovery)->manager;
    if (!(*discovery)->starting || Clock::now() + starting_interval >= started_by) return (*discovery)->reason;
    sleep_for(starting_interval);
  }
}

std::shared_ptr<OwnAgentSession> AgentGuest::own_agent() {
  ManagerPtr manager;
  {
    const std::lock_guard lock(mutex_);
    if (known_) manager = known_->manager;
  }
  return manager ? own_agent(*manager) : nullptr;
}

std::shared_ptr<OwnAgentSession> AgentGuest::own_agent(const ServiceManager& manager) {
  if (manager.name() != "systemd") return nullptr;
  auto session = own_agent_->session();
  if (!session) own_agent_->want();
  return session;
}

// The list that was read last as it is now; null when it must be read (again).
ListPtr AgentGuest::list_told_by(OwnAgentSession& session, Clock::time_point deadline) {
  if (!session.current(deadline)) return nullptr;
  const std::optional<OwnAgentSession::Versions> versions = session.versions();
  if (!versions) return nullptr;
  ListPtr list;
  {
    const std::lock_guard lock(mutex_);
    list = list_.lock();
    if (!list || list_session_.lock().get() != &session || list_versions_.files != versions->files) return nullptr;
    if (list_versions_ == *versions) return list;
  }
  const Result<ListPtr> paid = paid_for(account_, std::make_shared<const ServiceList>(session.now(*list)));
  if (!paid) return nullptr;
  const ListPtr& now = *paid;
  recent_lists().keep(this, now, memory_of(*now));
  const std::lock_guard lock(mutex_);
  list_ = now;
  list_versions_ = *versions;
  return now;
}

Result<std::shared_ptr<const ServiceMap>> AgentGuest::services(Clock::time_point deadline, Page page,
                                                               Patience patience) {
  if (patience == Patience::little)
    if (const Status alive = transport_->wait_for_life(deadline); !alive) return alive.error();
  const Result<ManagerPtr> manager = this->manager(deadline, patience);
  if (!manager) return manager.error();
  if (const auto session = own_agent(**manager))
    if (const ListPtr list = list_told_by(*session, deadline))
      return std::shared_ptr<const ServiceMap>(list, &list->services);
  for (bool again = false;;) {
    std::shared_ptr<Flight<ListPtr>> flight;
    bool usable = true;
    {
      const std::lock_guard lock(mutex_);
      if (const ListPtr list = list_.lock(); list && (again ? fresh(list_reading_) : list_usable(page)))
        return std::shared_ptr<const ServiceMap>(list, &list->services);
      if (!listing_.flight || listing_.flight->done()) {
        listing_ = begin_list(*manager);
      } else {
        // One list at a time: a guest that is slow to answer gets no second one meanwhile.
        usable = fresh(listing_);
      }
      flight = listing_.flight;
    }
    const std::optional<Result<ListPtr>> list = flight->wait(deadline);
    if (!list) return deadline_error(*transport_, "its services");
    if (!usable) continue;
    if (!*list) return list->error();
    // A busy guest may have reported its states late. Once more, then they are shown as they are.
    if (!again && told_late(**list)) {
      again = true;
      continue;
    }
    shown(**list);
    return std::shared_ptr<const ServiceMap>(**list, &(**list)->services);
  }
}

// Under the lock.
AgentGuest::RecentRead<ListPtr> AgentGuest::begin_list(const ManagerPtr& manager) {
  RecentRead<ListPtr> reading;
  reading.changes = changes_;
  const ListPtr known = list_.lock();
  auto execution = std::make_shared<Execution>(transport_, abandoned_, manager->list_script(known.get()));
  // What our own agent reports from now on is newer than this list.
  const auto session = own_agent_->session();
  auto versions = session ? session->versions() : std::nullopt;
  if (versions) versions->states = unknown_states;
  reading.flight = std::make_shared<Flight<ListPtr>>(
      [this, manager, known, execution, when = reading, versions,
       session = std::weak_ptr(session)](Clock::time_point deadline) -> std::optional<Result<ListPtr>> {
        const std::optional<Result<Output>> output = execution->advance(deadline);
        if (!output) return std::nullopt;
        if (!*output) return Result<ListPtr>(output->error());
        Result<ListPtr> list = manager->read_list(**output, known.get());
        if (!list) return list;
        list = paid_for(account_, *std::move(list));
        if (!list) return list;
        recent_lists().keep(this, *list, memory_of(**list));
        const std::lock_guard lock(mutex_);
        list_ = *list;
        list_reading_ = when;
        list_shown_ = Clock::time_point();
        list_reading_.begun = states_time(**list, when.begun, execution->seen_running());
        list_session_ = versions ? session : std::weak_ptr<OwnAgentSession>();
        list_versions_ = versions.value_or(OwnAgentSession::Versions{});
        return list;
      });
  return reading;
}

Result<Service> AgentGuest::service(std::string_view name, Clock::time_point deadline) {
  const Result<ManagerPtr> manager = this->manager(deadline);
  if (!manager) return manager.error();
  const Result<std::string> full_name = (*manager)->full_name(name);
  if (!full_name) return full_name.error();

  if (const auto session = own_agent(**manager); session && session->current(deadline)) {
    if (std::optional<Service> loaded = session->loaded(*full_name)) return *std::move(loaded);
    Result<Service> asked = session->state(*full_name, deadline);
    if (asked || asked.error().kind != Failure::unreachable) return asked;
  }

  std::shared_ptr<Flight<Service>> flight;
  {
    const std::lock_guard lock(mutex_);
    RecentRead<Service>& reading = states_[*full_name];
    if (!reading.flight || reading.flight->done() || !fresh(reading)) reading = begin_state(*manager, *full_name);
    ++reading.waiters;
    flight = reading.flight;
  }
  struct Leave {
    AgentGuest& guest;
    const std::string& name;
    const std::shared_ptr<Flight<Service>>& flight;
    ~Leave() {
      const std::lock_guard lock(guest.mutex_);
      const auto found = guest.states_.find(name);
      if (found != guest.states_.end() && found->second.flight == flight && --found->second.waiters == 0)
        guest.states_.erase(found);
    }
  };
  const Leave leave{*this, *full_name, flight};
  const std::optional<Result<Service>> service = flight->wait(deadline);
  return service ? *service : deadline_error(*transport_, "the state of \"" + *full_name + "\"");
}

// Under the lock.
AgentGuest::RecentRead<Service> AgentGuest::begin_state(const ManagerPtr& manager, const std::string& full_name) {
  RecentRead<Service> reading;
  reading.changes = changes_;
  auto execution = std::make_shared<Execution>(transport_, abandoned_, manager->state_script(full_name));
  reading.flight = std::make_shared<Flight<Service>>(
      [manager, full_name, execution](Clock::time_point deadline) -> std::optional<Result<Service>> {
        const std::optional<Result<Output>> output = execution->advance(deadline);
        if (!output) return std::nullopt;
        if (!*output) return Result<Service>(output->error());
        return manager->read_state(full_name, **output);
      });
  return reading;
}

Result<ServiceOutcome> AgentGuest::act(Actions::Kind kind, std::string_view name, Clock::time_point deadline) {
  if (const Status back = transport_->wait_for_return(std::min(deadline, Clock::now() + command_time)); !back)
    return back.error();
  const Result<ManagerPtr> manager = this->manager(deadline);
  if (!manager) return manager.error();
  const Result<std::string> full_name = (*manager)->full_name(name);
  if (!full_name) return full_name.error();
  if (const auto session = own_agent(**manager)) {
    const auto through_it = [&session](Actions::Kind what, const std::string& unit) {
      return make_own_agent_action(session, what, unit);
    };
    Result<ServiceOutcome> outcome = actions_.act(kind, through_it, *full_name, deadline);
    if (outcome || outcome.error().kind != Failure::unreachable) return outcome;
    // It disconnected during the call. Doing it twice is the same as doing it once.
  }
  const auto by_script = [this, &manager](Actions::Kind what, const std::string& unit) {
    return make_script_action(transport_, abandoned_, *manager, what, unit);
  };
  Result<ServiceOutcome> outcome = actions_.act(kind, by_script, *full_name, deadline);
  if (!outcome && outcome.error().kind == Failure::timed_out) return late_error(*transport_, outcome.error().message);
  return with_advice(std::move(outcome));
}

Result<ServiceOutcome> AgentGuest::change_start_mode(std::string_view name, StartMode mode,
                                                     Clock::time_point deadline) {
  const Result<ManagerPtr> manager = this->manager(deadline);
  if (!manager) return manager.error();
  const Result<std::string> full_name = (*manager)->full_name(name);
  if (!full_name) return full_name.error();
  if (const Status back = transport_->wait_for_return(std::min(deadline, Clock::now() + command_time)); !back)
    return back.error();
  const Result<Script> script = (*manager)->mode_script(*full_name, mode);
  if (!script) return script.error();
  void_reads();
  const Result<Output> output = Execution(transport_, abandoned_, *script).finish(deadline);
  void_reads();
  if (!output) return output.error();
  return with_advice((*manager)->read_outcome(*full_name, *output));
}

// Where SELinux confines the agent, a denial comes from SELinux.
Result<ServiceOutcome> AgentGuest::with_advice(Result<ServiceOutcome> outcome) const {
  if (!outcome || outcome->exit_status == 0 || !is_denial(outcome->message)) return outcome;
  const auto known = known_capabilities();
  if (known && !known->confinement.empty()) outcome->message += "; " + confinement_advice(known->confinement);
  return outcome;
}

}  // namespace

std::shared_ptr<Guest> make_agent_guest(std::shared_ptr<Transport> transport, OwnAgentProgram program,
                                        AccountPtr account) {
  return std::make_shared<AgentGuest>(transport, program, std::move(account));
}

}  // namespace vmms::guest
