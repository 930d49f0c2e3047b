#include "hypervisor/libvirt/core.hpp"

#include "base/thread.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/libvirt/machine.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <ctime>
#include <exception>

namespace vmms::hypervisor::libvirt {

namespace {

using namespace std::chrono_literals;

// A driver that has just started adopts running guests in the background, and says nothing of those that died while it
// was away.
constexpr std::chrono::milliseconds list_again_after[] = {200ms, 2s, 10s};

// The first time in a new directory the embedded driver runs every QEMU it finds to answer for its version: seconds in
// which no guest can be started. So the version is not asked for while people wait for the first one.
constexpr auto learn_version_after = 15s;

SystemTime now() { return std::chrono::time_point_cast<SystemTime::duration>(std::chrono::system_clock::now()); }

std::string version_text(unsigned long version) {
  return fmt::format("{}.{}.{}", version / 1'000'000, version / 1000 % 1000, version % 1000);
}

std::string describe_hypervisor(virConnectPtr connection, const std::string& uri, unsigned long version) {
  const char* type = virConnectGetType(connection);
  unsigned long library = 0;
  virConnectGetLibVersion(connection, &library);
  return fmt::format("{}{} (libvirt {}, {})", type != nullptr ? type : "unknown hypervisor",
                     version == 0 ? std::string() : " " + version_text(version), version_text(library), short_uri(uri));
}

HostInformation describe_host(virConnectPtr connection, const Options& options) {
  const std::string& uri = options.uri;
  HostInformation result;
  const TextHandle name(virConnectGetHostname(connection));
  if (name) result.name = std::string(name.get()).substr(0, std::string_view(name.get()).find('.'));
  result.hypervisor = describe_hypervisor(connection, uri, 0);
  virNodeInfo node{};
  if (virNodeGetInfo(connection, &node) == 0) {
    result.processors = node.cpus;
    result.numa_nodes = std::max(node.nodes, 1U);
    result.memory_bytes = std::uint64_t{node.memory} * 1024;
  }
  describe_machine(connection, uri, options.identity, result);
  return result;
}

Result<std::vector<DomainHandle>> list_domains(virConnectPtr connection) {
  virDomainPtr* domains = nullptr;
  const int count = virConnectListAllDomains(connection, &domains, 0);
  if (count < 0) return last_error_of("the virtual machines cannot be listed");
  std::vector<DomainHandle> result(domains, domains + count);
  std::free(domains);
  return result;
}

bool is_active(PowerState power) { return power != PowerState::off && power != PowerState::saved; }

/// What the index knows and libvirt does not: the times of changes.
void add_times(VirtualMachine& record, const VirtualMachinePtr& before, std::optional<SystemTime> started) {
  if (!is_active(record.power)) {
    record.started.reset();
  } else if (!record.started) {
    record.started = started ? started : before && is_active(before->power) ? before->started : std::nullopt;
  }
  if (!before) {
    record.state_changed = record.started;
    return;
  }
  record.state_changed = before->power == record.power ? before->state_changed : now();
  if (record.configuration_changed) return;
  const Configuration& was = *before;
  const Configuration& is = record;
  record.configuration_changed = was == is ? before->configuration_changed : now();
}

}  // namespace

Core::Core(const Options& options)
    : options_(options),
      files_(local_files(options.uri)),
      in_process_(in_process(options.uri)),
      // Sixteen calls of libvirtd's twenty workers at most.
      control_pool_(std::make_shared<ConnectionPool>([uri = options.uri] { return open_connection(uri); }, 1)),
      agent_pool_(std::make_shared<ConnectionPool>([uri = options.uri] { return open_connection(uri); }, 3)),
      backoff_(options.reconnect_first) {}

Result<std::shared_ptr<Core>> Core::open(const Options& options) {
  const std::shared_ptr<Core> core(new Core(options));
  core->ports_ = std::make_shared<DataPorts>(DataPorts::Libvirt{
      [weak = core->weak_from_this()](Clock::time_point deadline) {
        const auto self = weak.lock();
        return self ? self->control_connection(deadline) : error(Failure::unreachable, "the program is ending");
      },
      [weak = core->weak_from_this()]() -> Result<ConnectionHandle> {
        const auto self = weak.lock();
        return self ? self->stream_connection() : error(Failure::unreachable, "the program is ending");
      }});
  if (auto connected = core->connect(); !connected) return connected.error();
  for (const Status& started : {core->start_keeper("vm-records", &Core::keep_records),
                                core->start_keeper("vm-settings", &Core::keep_live_settings)})
    if (!started) {
      core->close();
      return error(Failure::busy, "no thread can be started for virtual machines: " + started.error().message);
    }
  return core;
}

Status Core::start_keeper(const char* name, void (Core::*body)(Lock&)) {
  const std::lock_guard lock(mutex_);
  const Status started = start_thread(name, [self = shared_from_this(), name, body] { self->keep(name, body); },
                                      {.use = ThreadUse::service});
  if (started) ++threads_;
  return started;
}

// Records are kept as long as the host exists: an exception costs a second, and all are read again.
void Core::keep(const char* name, void (Core::*body)(Lock&)) {
  Lock lock(mutex_);
  while (true) {
    try {
      (this->*body)(lock);
      break;
    } catch (const std::exception& e) {
      if (!lock.owns_lock()) lock.lock();
      spdlog::error("the thread {} goes on after an exception: {}", name, e.what());
      missed_ = true;
      wake_.wait_for(lock, 1s, [this] { return ending_; });
    }
  }
  --threads_;
  wake_.notify_all();
}

void Core::close() {
  std::vector<std::shared_ptr<Slot>> slots;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    lost_ = "the program is ending";
    for (const auto& [id, slot] : slots_) slots.push_back(slot);
  }
  wake_.notify_all();
  for (const auto& slot : slots) slot->transport->close(error(Failure::unreachable, "the program is ending"));
  index_.stop_telling();
  Lock lock(mutex_);
  wake_.wait_for(lock, 500ms, [this] { return threads_ == 0; });
}

Status Core::connect() {
  auto opened = open_connection(options_.uri);
  if (!opened) return opened.error();
  const ConnectionHandle connection = *std::move(opened);
  auto subscription = std::make_unique<Subscription>(connection, weak_from_this());
  auto information = std::make_shared<const HostInformation>(describe_host(connection.get(), options_));
  {
    const std::lock_guard lock(mutex_);
    connection_ = connection;
    subscription_ = std::move(subscription);
    information_ = std::move(information);
    learn_version_at_ = Clock::now() + (in_process_ ? learn_version_after : 0s);
    lost_.clear();
    ++connections_;
    for (const auto delay : list_again_after) list_again_at_.insert(Clock::now() + delay);
  }
  if (auto listed = read_all(connection.get()); !listed) return listed;
  // A loss before the subscription is not reported.
  if (virConnectIsAlive(connection.get()) != 1) return error(Failure::unreachable, "the new connection broke at once");
  return {};
}

HostInformationPtr Core::information() const {
  const std::lock_guard lock(mutex_);
  return information_;
}

Result<ConnectionHandle> Core::connection() const {
  const std::lock_guard lock(mutex_);
  if (connection_ && lost_.empty()) return connection_;
  return error(Failure::unreachable, lost_);
}

Status Core::health() const {
  if (auto present = connection(); !present) return present.error();
  return {};
}

Result<ConnectionPool::Lease> Core::pooled(const std::shared_ptr<ConnectionPool>& pool, Clock::time_point deadline) {
  auto present = connection();
  if (!present) return present.error();
  if (in_process_) return ConnectionPool::Lease(*std::move(present));
  return pool->acquire(deadline);
}

std::shared_ptr<Slot> Core::slot(std::string_view id) {
  const std::lock_guard lock(mutex_);
  const auto found = slots_.find(upper_id(id));
  return found == slots_.end() ? nullptr : found->second;
}

std::shared_ptr<Slot> Core::make_slot(const std::string& id) {
  const std::lock_guard lock(mutex_);
  if (const auto found = slots_.find(id); found != slots_.end()) return found->second;
  const auto slot = std::make_shared<Slot>();
  AgentTransport::Hypervisor hypervisor;
  hypervisor.record = [weak = weak_from_this(), id]() -> VirtualMachinePtr {
    const auto self = weak.lock();
    return self ? self->index_.find(id) : nullptr;
  };
  hypervisor.call = [weak = weak_from_this(), id](const std::string& json, Clock::time_point deadline) {
    const auto self = weak.lock();
    if (!self) return Result<std::string>(error(Failure::unreachable, "the program is ending"));
    return self->agent_call(id, json, deadline);
  };
  hypervisor.open_port = [weak = weak_from_this(), id](std::string_view purpose, Clock::time_point deadline) {
    const auto self = weak.lock();
    const auto record = self ? self->index_.find(id) : nullptr;
    if (!record) return Result<std::unique_ptr<guest::Port>>(error(Failure::unreachable, "the VM is gone"));
    return self->ports_->open(id, describe(*record), purpose, deadline);
  };
  slot->transport = std::make_shared<AgentTransport>(id, std::move(hypervisor));
  slots_.emplace(id, slot);
  return slot;
}

Status Core::read_all(virConnectPtr connection) {
  auto domains = list_domains(connection);
  if (!domains) return domains.error();
  std::set<std::string> gone;
  for (const std::string& id : known_ids()) gone.insert(id);
  for (const DomainHandle& domain : *domains) {
    gone.erase(id_of(domain.get()));
    auto reading = refresh(domain.get());
    if (!reading && reading.error().kind != Failure::not_found) spdlog::warn("{}", reading.error().message);
  }
  for (const std::string& id : gone) read_again(id, std::nullopt);
  return {};
}

void Core::doubt_all(Lock& lock) {
  const ConnectionHandle connection = connection_;
  lock.unlock();
  std::vector<std::string> ids = known_ids();
  if (auto domains = list_domains(connection.get())) {
    for (const DomainHandle& domain : *domains) ids.push_back(id_of(domain.get()));
  }
  lock.lock();
  doubtful_.insert(ids.begin(), ids.end());
}

std::vector<std::string> Core::known_ids() const {
  std::vector<std::string> ids;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, slot] : slots_) ids.push_back(id);
  return ids;
}

Result<DomainReading> Core::refresh(virDomainPtr domain, std::optional<SystemTime> started) {
  const std::string id = id_of(domain);
  const auto slot = make_slot(id);
  const std::lock_guard reading_lock(slot->reading);
  auto reading = read_domain(domain, files_);
  const VirtualMachinePtr before = index_.find(id);
  if (!reading) {
    if (!before && reading.error().kind == Failure::not_found) {
      const std::lock_guard lock(mutex_);
      slots_.erase(id);
    }
    return reading.error();
  }
  VirtualMachine record = reading->record;
  add_times(record, before, started);
  record.agent_connected &= slot->agent_told;
  {
    const std::lock_guard lock(slot->mutex);
    if (!slot->created) slot->created = record.configuration_changed;
    record.created = slot->created;
    if (slot->transition == PowerState::starting && record.power != PowerState::running) {
      record.power = PowerState::starting;
    } else if (slot->transition == PowerState::stopping && reading->active) {
      record.power = PowerState::stopping;
    }
  }
  index_.replace(std::move(record));
  if (reading->record.persistent && reading->active && reading->settings_element != reading->live_settings_element) {
    const std::lock_guard lock(mutex_);
    unsettled_.insert(id);
    wake_.notify_all();
  }
  if (!reading->port_aliases.empty() && ports_->has_strays(id, reading->port_aliases)) {
    const std::lock_guard lock(mutex_);
    stray_ports_[id] = reading->port_aliases;
    wake_.notify_all();
  }
  return reading;
}

// A stream that the guest does not read blocks every call of its connection to a libvirtd, so each has its own.
Result<ConnectionHandle> Core::stream_connection() const {
  return in_process_ ? connection() : open_connection(options_.uri);
}

void Core::read_again(const std::string& id, std::optional<SystemTime> started) {
  auto present = connection();
  if (!present) return;
  auto domain = look_up(present->get(), id);
  if (!domain && domain.error().kind == Failure::not_found) return forget(id);
  if (!domain) return spdlog::warn("{}", domain.error().message);
  auto reading = refresh(domain->get(), started);
  if (!reading && reading.error().kind == Failure::not_found) return forget(id);
  if (!reading) spdlog::warn("{}", reading.error().message);
}

void Core::forget(const std::string& id) {
  const auto slot = this->slot(id);
  if (!slot) return;
  const std::lock_guard reading_lock(slot->reading);
  const auto record = index_.erase(id);
  {
    const std::lock_guard lock(mutex_);
    slots_.erase(id);
  }
  slot->transport->close(error(Failure::invalid_state, fmt::format("VM {} no longer exists", id)));
  if (record) spdlog::info("{} is gone", describe(*record));
}

void Core::on_event(const std::string& id, Event event) {
  const auto slot = make_slot(id);
  if (event == Event::agent_connected) slot->transport->agent_came();
  if (event == Event::agent_connected || event == Event::agent_gone) slot->agent_told = event == Event::agent_connected;
  if (event == Event::defined) {
    const std::lock_guard lock(slot->mutex);
    slot->created = now();
  }
  const std::lock_guard lock(mutex_);
  auto& started = touched_[id];
  if (event == Event::started) started = now();
  wake_.notify_all();
}

void Core::on_event_lost(const char* why) {
  spdlog::error("an event of libvirt is lost, all virtual machines are looked at again: {}", why);
  const std::lock_guard lock(mutex_);
  missed_ = true;
  wake_.notify_all();
}

void Core::on_closed(virConnectPtr connection, const char* reason) {
  const std::lock_guard lock(mutex_);
  if (connection_.get() != connection || !lost_.empty()) return;
  try {
    lost_ = fmt::format(
        "the connection to libvirt ({}) has been lost since {:%F %T}: {}; it is opened again as soon as "
        "that is possible",
        short_uri(options_.uri), fmt::localtime(std::time(nullptr)), reason);
  } catch (const std::exception&) {
    lost_ = "libvirt is lost";  // short enough to need no memory
  }
  spdlog::error("{}", lost_);
  wake_.notify_all();
}

void Core::forget_agents() {
  for (const auto& [id, slot] : slots_) {
    slot->transport->agent_came();
    slot->agent_told = true;
  }
}

void Core::keep_records(Lock& lock) {
  while (!ending_) {
    if (!lost_.empty()) {
      reconnect(lock);
    } else if (!touched_.empty()) {
      const auto node = touched_.extract(touched_.begin());
      lock.unlock();
      read_again(node.key(), node.mapped());
      lock.lock();
    } else if (missed_) {
      missed_ = false;
      forget_agents();
      doubt_all(lock);
    } else if (!list_again_at_.empty() && *list_again_at_.begin() <= Clock::now()) {
      list_again_at_.erase(list_again_at_.begin());
      doubt_all(lock);
    } else if (!doubtful_.empty()) {
      const auto node = doubtful_.extract(doubtful_.begin());
      lock.unlock();
      read_again(node.value(), std::nullopt);
      lock.lock();
    } else if (list_again_at_.empty()) {
      wake_.wait(lock);
    } else {
      const auto again_at = *list_again_at_.begin();  // a copy: it may be erased meanwhile
      wake_.wait_until(lock, again_at);
    }
  }
  // libvirt is called without the lock, also by the ends of these.
  auto connection = std::move(connection_);
  auto subscription = std::move(subscription_);
  lock.unlock();
  subscription.reset();
  connection.reset();
  lock.lock();
}

void Core::reconnect(Lock& lock) {
  auto connection = std::move(connection_);
  auto subscription = std::move(subscription_);
  lock.unlock();
  subscription.reset();
  connection.reset();
  lock.lock();
  if (wake_.wait_for(lock, backoff_, [this] { return ending_; })) return;
  backoff_ = std::min(backoff_ * 2, options_.reconnect_most);
  const std::string lost = lost_;
  lock.unlock();
  const auto connected = connect();
  lock.lock();
  if (!connected) {
    spdlog::debug("{}", connected.error().message);
    if (lost_.empty()) lost_ = lost;
  } else if (lost_.empty()) {
    backoff_ = options_.reconnect_first;
    spdlog::info("connected to libvirt ({}) again, {} virtual machines", short_uri(options_.uri), slots_.size());
    forget_agents();
    wake_.notify_all();
  }
}

void Core::keep_live_settings(Lock& lock) {
  while (!ending_) {
    if (lost_.empty() && !unsettled_.empty()) {
      const auto node = unsettled_.extract(unsettled_.begin());
      lock.unlock();
      settle(node.value());
      lock.lock();
    } else if (lost_.empty() && !stray_ports_.empty()) {
      const auto node = stray_ports_.extract(stray_ports_.begin());
      lock.unlock();
      ports_->remove_strays(node.key(), node.mapped());
      lock.lock();
    } else if (lost_.empty() && learn_version_at_ && *learn_version_at_ <= Clock::now()) {
      learn_version(lock);
    } else if (learn_version_at_ && lost_.empty()) {
      const auto learn_at = *learn_version_at_;
      wake_.wait_until(lock, learn_at);
    } else {
      wake_.wait(lock);
    }
  }
}

void Core::learn_version(Lock& lock) {
  learn_version_at_.reset();
  const ConnectionHandle connection = connection_;
  lock.unlock();
  unsigned long version = 0;
  virConnectGetVersion(connection.get(), &version);
  std::string text = describe_hypervisor(connection.get(), options_.uri, version);
  lock.lock();
  HostInformation information = *information_;
  information.hypervisor = std::move(text);
  information_ = std::make_shared<const HostInformation>(std::move(information));
}

// The configuration is the truth; a start from a saved state, a checkpoint or a redefinition leaves an old live copy.
void Core::settle(const std::string& id) {
  const auto slot = this->slot(id);
  if (!slot) return;
  const std::lock_guard settings_lock(slot->settings);
  auto connection = control_connection(Clock::now() + 30s);
  if (!connection) return;
  auto domain = look_up(connection->get(), id);
  if (!domain) return;
  auto reading = read_domain(domain->get(), files_);
  if (!reading || !reading->active || !reading->record.persistent) return;
  const std::string& element = reading->settings_element;
  if (element == reading->live_settings_element) return;
  if (virDomainSetMetadata(domain->get(), VIR_DOMAIN_METADATA_ELEMENT, element.empty() ? nullptr : element.c_str(),
                           settings_prefix, settings_namespace, VIR_DOMAIN_AFFECT_LIVE) < 0) {
    const auto what =
        fmt::format("the settings of running {} cannot be set from its configuration", describe(reading->record));
    spdlog::warn("{}", last_error_of(what).message);
  }
}

}  // namespace vmms::hypervisor::libvirt
