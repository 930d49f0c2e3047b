#include "providers/upkeep/upkeep.hpp"

#include "base/caught_error.hpp"
#include "base/text.hpp"
#include "base/waiting.hpp"
#include "providers/files/part_files.hpp"
#include "providers/integration/key_value_items.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace vmms::providers {

using namespace std::chrono_literals;
using hypervisor::PowerState;
using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;

namespace {

constexpr auto time_for_a_task = 10s;
constexpr auto thaw_patience = 30s;
constexpr unsigned most_tries = 5;  // a guest that has just started may have its disks read-only yet
constexpr auto between_tries = 1s;

bool reaches(const VirtualMachine& machine) { return machine.power == PowerState::running && machine.agent_connected; }

bool same_delivery(const hypervisor::Settings& left, const hypervisor::Settings& right) {
  return delivered_items(left) == delivered_items(right);
}

}  // namespace

class Upkeep::Tasks : public std::enable_shared_from_this<Upkeep::Tasks> {
 public:
  Tasks(hypervisor::VirtualMachines& machines, Guests& guests, cim::job::Jobs& jobs, Submit submit)
      : machines_(machines), guests_(guests), jobs_(jobs), submit_(std::move(submit)) {}

  /// Before the first look at the records.
  void add(LeftPartFile left) {
    const std::lock_guard lock(mutex_);
    waiting_[left.machine_id].part_files.push_back(std::move(left));
  }
  /// Forgets those of VMs that do not exist any more: they are gone with them.
  void forget_lost() {
    std::vector<LeftPartFile> lost;
    {
      const std::lock_guard lock(mutex_);
      for (auto each = waiting_.begin(); each != waiting_.end();) {
        if (machines_.find(each->first)) {
          ++each;
          continue;
        }
        lost.insert(lost.end(), each->second.part_files.begin(), each->second.part_files.end());
        each = waiting_.erase(each);
      }
    }
    for (const LeftPartFile& each : lost) forget(each);
  }

  /// A record was replaced; `before` is null for a new one.
  void look(const VirtualMachinePtr& before, const VirtualMachinePtr& after) {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    if (!after) {
      const auto gone = before ? waiting_.find(before->id) : waiting_.end();
      if (gone == waiting_.end()) return;
      for (const LeftPartFile& each : gone->second.part_files) forget(each);
      waiting_.erase(gone);
      return;
    }
    const bool came = reaches(*after) && !(before && reaches(*before));
    const bool rests = after->power == PowerState::paused || after->power == PowerState::saved;
    const bool marked =
        is_on(after->settings, &hypervisor::Settings::file_systems_frozen) && frozen_.count(after->id) == 0;
    const bool delivers = before && !came ? !same_delivery(before->settings, after->settings)
                                          : came && !delivered_items(after->settings).empty();
    const auto known = waiting_.find(after->id);
    // Most records are of guests that need nothing.
    if (known == waiting_.end() && !rests && !marked && !delivers) return;
    Waiting& waiting = known == waiting_.end() ? waiting_[after->id] : known->second;
    if (rests) waiting.rested = true;
    if (after->power == PowerState::off)
      waiting = Waiting{.running = waiting.running, .part_files = std::move(waiting.part_files)};
    if (after->power == PowerState::running && waiting.rested) {
      waiting.rested = false;
      waiting.clock = true;
    }
    waiting.values |= delivers;
    waiting.thaw |= marked;
    if (reaches(*after)) begin(after->id, waiting);
  }

  void end() {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }

  Result<std::unique_ptr<guest::Freeze>> freeze(std::string_view machine_id, std::chrono::seconds most,
                                                guest::Clock::time_point deadline) {
    const auto machine = machines_.find(machine_id);
    const auto guest = machine ? guests_.find(machine->id) : nullptr;
    if (!guest) return error(Failure::not_found, fmt::format("there is no virtual machine {:.100}", machine_id));
    if (!is_on(machine->settings, &hypervisor::Settings::volume_backup))
      return error(Failure::invalid_state,
                   fmt::format("Msvm_VssComponent of virtual machine '{}' is disabled: its file systems may not be "
                               "frozen",
                               machine->name));
    {
      const std::lock_guard lock(mutex_);
      if (!frozen_.insert(machine->id).second)
        return error(Failure::invalid_state,
                     fmt::format("the file systems of virtual machine '{}' are frozen already", machine->name));
    }
    // Ends with the freeze, however that ends.
    const std::shared_ptr<void> ours(nullptr,
                                     [self = shared_from_this(), id = machine->id](void*) { self->freeze_ended(id); });
    return guest::Freeze::begin(
        guest->system(),
        [self = shared_from_this(), id = machine->id, ours](bool frozen) { return self->mark(id, frozen); }, most,
        deadline);
  }

 private:
  /// What is to be done for a VM as soon as its guest can be reached.
  struct Waiting {
    bool rested = false;  ///< paused or saved: when it goes on, its clock is behind
    bool clock = false;
    bool values = false;
    bool thaw = false;
    bool running = false;                       ///< a task is working on it
    std::vector<LeftPartFile> part_files = {};  ///< to be removed
    bool any() const { return clock || values || thaw || !part_files.empty(); }
  };

  // Under the lock.
  void begin(const std::string& id, Waiting& waiting) {
    if (waiting.running || !waiting.any()) return;
    waiting.running = true;
    const Status submitted = [&]() -> Status {
      try {
        return submit_(id, [self = shared_from_this(), id] { self->work(id); });
      } catch (const std::exception&) {
        return caught_error();
      }
    }();
    if (submitted) return;
    waiting.running = false;
    spdlog::warn("upkeep of virtual machine {} has to wait: {}", id, submitted.error().message);
  }

  void work(const std::string& id) {
    try {
      do_tasks(id);
    } catch (const std::exception& e) {
      spdlog::warn("upkeep of virtual machine {} has to wait: {}", id, e.what());
      rest(id);
    }
  }

  void do_tasks(const std::string& id) {
    for (unsigned tries = 0; tries < most_tries; ++tries) {
      Waiting todo;
      {
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.find(id);
        if (found == waiting_.end() || ending_) return;
        todo = std::move(found->second);
        found->second = Waiting{.rested = todo.rested, .running = true};
      }
      const auto machine = machines_.find(id);
      const auto guest = machine ? guests_.find(id) : nullptr;
      if (guest && reaches(*machine)) {
        // A silent guest gets time to come back: otherwise all tries would be over in some seconds.
        (void)guest->ping(guest::Clock::now() + time_for_a_task);
        if (todo.thaw) todo.thaw = !told(*machine, "thawing its file systems", thaw(*guest, id));
        if (todo.clock) todo.clock = !told(*machine, "setting its clock", set_clock(*machine, *guest));
        if (todo.values)
          todo.values = !told(*machine, "delivering key-value pairs",
                              guest->system()->write_host_key_values(delivered_items(machine->settings),
                                                                     guest::Clock::now() + time_for_a_task));
        std::erase_if(todo.part_files, [&](const LeftPartFile& left) { return remove_part(*machine, *guest, left); });
      }
      {
        const std::lock_guard lock(mutex_);
        const auto found = waiting_.find(id);
        if (found == waiting_.end()) {
          for (const LeftPartFile& left : todo.part_files) forget(left);
          return;
        }
        Waiting& now = found->second;
        now.clock |= todo.clock;
        now.values |= todo.values;
        now.thaw |= todo.thaw;
        now.part_files = std::move(todo.part_files);
        if (!now.any()) {
          now.running = false;
          if (!now.rested) waiting_.erase(found);
          return;
        }
      }
      sleep_for(between_tries);
    }
    rest(id);
  }

  // The agent's next connection tries again.
  void rest(const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (const auto found = waiting_.find(id); found != waiting_.end()) found->second.running = false;
  }

  // Whether the work is finished; what the agent forbids is not tried again.
  static bool told(const VirtualMachine& machine, const char* what, const Status& outcome) {
    if (outcome) {
      spdlog::info("virtual machine '{}': {}: done", machine.name, what);
      return true;
    }
    const bool forbidden = outcome.error().kind == Failure::not_supported;
    spdlog::warn("virtual machine '{}': {} failed: {:.500}", machine.name, what, outcome.error().message);
    return forbidden;
  }

  // Whether it is done with.
  bool remove_part(const VirtualMachine& machine, guest::Guest& guest, const LeftPartFile& left) {
    const Status gone = remove(guest, left, guest::Clock::now() + time_for_a_task);
    if (!gone && gone.error().kind != Failure::not_supported) return false;
    spdlog::info("job {}: the part file {} of \"{}\" is gone from {}", left.job_id, left.part.name,
                 left.part.destination, machine.name);
    forget(left);
    return true;
  }
  void forget(const LeftPartFile& left) { jobs_.forget_left_behind(left.job_id); }

  static Status set_clock(const VirtualMachine& machine, guest::Guest& guest) {
    if (!is_on(machine.settings, &hypervisor::Settings::time_synchronization)) return {};
    return guest.system()->set_clock(guest::Clock::now() + time_for_a_task);
  }

  Status thaw(guest::Guest& guest, const std::string& id) {
    return guest::thaw_and_unmark(
        *guest.system(), [this, &id](bool mark) { return this->mark(id, mark); }, thaw_patience);
  }

  // A guest that could not be thawed is a task from now on.
  void freeze_ended(const std::string& id) {
    {
      const std::lock_guard lock(mutex_);
      frozen_.erase(id);
    }
    try {
      if (const auto machine = machines_.find(id); machine && machine->settings.file_systems_frozen)
        look(nullptr, machine);
    } catch (const std::exception& e) {
      spdlog::error("virtual machine {} is thawed when its record changes next: {}", id, e.what());
    }
  }

  Status mark(const std::string& id, bool frozen) {
    return machines_.change_settings(id, [frozen](hypervisor::Settings& settings) {
      settings.file_systems_frozen = frozen ? std::optional(true) : std::nullopt;
    });
  }

  hypervisor::VirtualMachines& machines_;
  Guests& guests_;
  cim::job::Jobs& jobs_;
  const Submit submit_;
  std::mutex mutex_;
  bool ending_ = false;
  std::map<std::string, Waiting> waiting_;
  std::set<std::string> frozen_;  ///< by this process
};

Upkeep::Upkeep(hypervisor::VirtualMachines& machines, Guests& guests, cim::job::Jobs& jobs, Submit submit)
    : tasks_(std::make_shared<Tasks>(machines, guests, jobs, std::move(submit))) {
  for (LeftPartFile& each : left_part_files(jobs)) tasks_->add(std::move(each));
  machines.listen([weak = std::weak_ptr(tasks_)](const VirtualMachinePtr& before, const VirtualMachinePtr& after) {
    if (const auto tasks = weak.lock()) tasks->look(before, after);
  });
  constexpr std::size_t page = 256;
  std::vector<VirtualMachinePtr> listed;
  do {
    listed = machines.list(listed.empty() ? std::string() : listed.back()->id, page);
    for (const auto& machine : listed) tasks_->look(nullptr, machine);
  } while (listed.size() == page);
  tasks_->forget_lost();
}

Upkeep::~Upkeep() { tasks_->end(); }

Result<std::unique_ptr<guest::Freeze>> Upkeep::freeze(std::string_view machine_id, std::chrono::seconds most,
                                                      guest::Clock::time_point deadline) {
  return tasks_->freeze(machine_id, most, deadline);
}

}  // namespace vmms::providers
