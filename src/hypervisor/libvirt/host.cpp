#include "hypervisor/libvirt/host.hpp"
#include "hypervisor/power.hpp"

#include "hypervisor/libvirt/core.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

using namespace std::chrono_literals;

/// How long a call waits for a free connection to libvirt; the call itself takes as long as libvirt does.
constexpr auto kConnectionWait = 30s;

/// Marks a VM as starting or stopping while a call is at it, in its record too.
class Transition {
 public:
  /// Errors: invalid_state, when another call is at it.
  static Result<std::unique_ptr<Transition>> begin(Core& core, Slot& slot, const VirtualMachine& vm, PowerState to) {
    std::unique_ptr<Transition> begun;
    {
      const std::lock_guard lock(slot.mutex);
      if (slot.transition) {
        return error(Failure::invalid_state,
                     fmt::format("{} is {} already", describe(vm), power_name(*slot.transition)));
      }
      begun.reset(new Transition(core, slot, vm));
      slot.transition = to;
      begun->running_ = true;
    }
    core.index().update(vm.id, [to](VirtualMachine& record) { record.power = to; });
    return begun;
  }

  /// Reads the record anew, which tells what became of it.
  void end(virDomainPtr domain) {
    clear();
    if (domain != nullptr && core_.refresh(domain)) return;
    core_.index().update(id_, [this](VirtualMachine& record) {
      if (record.power == PowerState::starting || record.power == PowerState::stopping) record.power = before_;
    });
  }

  ~Transition() {
    if (!running_) return;
    try {
      end(nullptr);
    } catch (const std::exception& e) {
      spdlog::error("the record of VM {} is old until libvirt tells of its next change: {}", id_, e.what());
    }
  }
  Transition(const Transition&) = delete;
  Transition& operator=(const Transition&) = delete;

 private:
  Transition(Core& core, Slot& slot, const VirtualMachine& vm)
      : core_(core), slot_(slot), id_(vm.id), before_(vm.power) {}

  void clear() {
    running_ = false;
    const std::lock_guard lock(slot_.mutex);
    slot_.transition.reset();
  }

  Core& core_;
  Slot& slot_;
  const std::string id_;
  const PowerState before_;
  bool running_ = false;
};

Status start_domain(virDomainPtr domain, const VirtualMachine& vm) {
  int state = 0;
  int result = 0;
  if (virDomainGetState(domain, &state, nullptr, 0) < 0) {
    return last_error_of(fmt::format("the state of {} cannot be read", describe(vm)));
  }
  switch (state) {
    case VIR_DOMAIN_SHUTOFF:
    case VIR_DOMAIN_CRASHED:
      result = virDomainCreate(domain);  // restores a saved state by itself
      break;
    case VIR_DOMAIN_PAUSED:
      result = virDomainResume(domain);
      break;
    case VIR_DOMAIN_PMSUSPENDED:
      result = virDomainPMWakeup(domain, 0);
      break;
    case VIR_DOMAIN_SHUTDOWN:
      return error(Failure::invalid_state, fmt::format("{} is shutting down; start it when it is off", describe(vm)));
    default:
      return error(Failure::invalid_state, fmt::format("{} is running already", describe(vm)));
  }
  if (result < 0) return last_error_of(fmt::format("{} cannot be started", describe(vm)));
  return {};
}

Status turn_off_domain(virDomainPtr domain, const VirtualMachine& vm) {
  const int active = virDomainIsActive(domain);
  if (active == 0) {
    const bool saved = virDomainHasManagedSaveImage(domain, 0) == 1;
    return error(Failure::invalid_state,
                 fmt::format("{} is {}", describe(vm), saved ? "saved: it does not run" : "off already"));
  }
  if (active < 0 || virDomainDestroyFlags(domain, VIR_DOMAIN_DESTROY_DEFAULT) < 0) {
    return last_error_of(fmt::format("{} cannot be turned off", describe(vm)));
  }
  return {};
}

// As the power button does: without the guest's agent, which is asked elsewhere.
Status button_pressed(int result, const VirtualMachine& vm) {
  if (result < 0) return last_error_of(fmt::format("the power button of {} cannot be pressed", describe(vm)));
  return {};
}

Status ask_to_reboot(virDomainPtr domain, const VirtualMachine& vm) {
  return button_pressed(virDomainReboot(domain, VIR_DOMAIN_REBOOT_ACPI_POWER_BTN), vm);
}

Status ask_to_shut_down(virDomainPtr domain, const VirtualMachine& vm) {
  return button_pressed(virDomainShutdownFlags(domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN), vm);
}

Status reset_domain(virDomainPtr domain, const VirtualMachine& vm) {
  if (virDomainReset(domain, 0) < 0) return last_error_of(fmt::format("{} cannot be reset", describe(vm)));
  return {};
}

Status pause_domain(virDomainPtr domain, const VirtualMachine& vm) {
  if (virDomainSuspend(domain) < 0) return last_error_of(fmt::format("{} cannot be paused", describe(vm)));
  return {};
}

Status save_domain(virDomainPtr domain, const VirtualMachine& vm) {
  if (virDomainManagedSave(domain, 0) < 0) return last_error_of(fmt::format("{} cannot be saved", describe(vm)));
  return {};
}

Status press_keys_of_domain(virDomainPtr domain, const VirtualMachine& vm, const std::vector<std::uint8_t>& keys,
                            std::chrono::milliseconds hold) {
  std::vector<unsigned> codes(keys.begin(), keys.end());
  if (virDomainSendKey(domain, VIR_KEYCODE_SET_QNUM, static_cast<unsigned>(hold.count()), codes.data(),
                       static_cast<int>(codes.size()), 0) < 0)
    return last_error_of(fmt::format("no keys can be pressed in {}", describe(vm)));
  return {};
}

class LibvirtHost : public Host {
 public:
  explicit LibvirtHost(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~LibvirtHost() override {
    try {
      core_->close();
    } catch (const std::exception& e) {
      spdlog::error("the connection to libvirt is left as it is: {}", e.what());
    }
  }

  HostInformationPtr information() const override { return core_->information(); }
  std::optional<std::uint64_t> free_memory_bytes() const override {
    const auto connection = core_->connection();
    const auto bytes = connection ? virNodeGetFreeMemory(connection->get()) : 0;
    return bytes == 0 ? std::nullopt : std::optional<std::uint64_t>(bytes);
  }
  VirtualMachinePtr find(std::string_view id) const override { return core_->index().find(id); }
  std::vector<VirtualMachinePtr> list(std::string_view after, std::size_t limit) const override {
    return core_->index().list(after, limit);
  }
  Status health() const override { return core_->health(); }

  Status start(std::string_view id) override { return change_power(id, PowerState::starting, start_domain); }
  Status turn_off(std::string_view id) override { return change_power(id, PowerState::stopping, turn_off_domain); }
  Status pause(std::string_view id) override { return rest(id, pause_domain); }
  Status save(std::string_view id) override { return rest(id, save_domain); }
  Status reset(std::string_view id) override { return change_running(id, reset_domain); }
  Status request_power(std::string_view id, PowerRequest request) override {
    return change_running(id, request == PowerRequest::reboot ? ask_to_reboot : ask_to_shut_down);
  }
  Status press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                    std::chrono::milliseconds hold) override {
    return change_running(id, [&](virDomainPtr domain, const VirtualMachine& vm) {
      return press_keys_of_domain(domain, vm, keys, hold);
    });
  }
  Status change_settings(std::string_view id, const std::function<void(Settings&)>& change) override;

  std::shared_ptr<guest::Transport> guest(std::string_view id) override {
    if (!find(id)) return nullptr;
    const auto slot = core_->slot(id);
    return slot ? slot->transport : nullptr;
  }
  void listen(Listener listener) override { core_->index().listen(std::move(listener)); }

 private:
  struct KnownMachine {
    VirtualMachinePtr vm;
    std::shared_ptr<Slot> slot;
  };

  Result<KnownMachine> target(std::string_view id) const {
    KnownMachine result{find(id), core_->slot(id)};
    if (result.vm && result.slot) return result;
    return error(Failure::not_found, fmt::format("there is no VM {}", id));
  }

  Status change_power(std::string_view id, PowerState to, Status (*change)(virDomainPtr, const VirtualMachine&));
  Status rest(std::string_view id, Status (*change)(virDomainPtr, const VirtualMachine&));
  Status change_running(std::string_view id, const std::function<Status(virDomainPtr, const VirtualMachine&)>& change);

  const std::shared_ptr<Core> core_;
};

Status LibvirtHost::change_power(std::string_view id, PowerState to,
                                 Status (*change)(virDomainPtr, const VirtualMachine&)) {
  auto found = target(id);
  if (!found) return found.error();
  const auto& [vm, slot] = *found;
  if (auto healthy = core_->health(); !healthy) return healthy;
  // Where nothing seems to be done, listeners should see no transition; but a record may be old, so libvirt decides.
  const bool done = to == PowerState::starting ? vm->power == PowerState::running
                                               : vm->power == PowerState::off || vm->power == PowerState::saved;
  std::unique_ptr<Transition> transition;
  if (!done) {
    auto begun = Transition::begin(*core_, *slot, *vm, to);
    if (!begun) return begun.error();
    transition = *std::move(begun);
  }
  auto connection = core_->control_connection(guest::Clock::now() + kConnectionWait);
  auto domain = connection ? look_up(connection->get(), vm->id) : Result<DomainHandle>(connection.error());
  const virDomainPtr handle = domain ? domain->get() : nullptr;
  const Status status = handle != nullptr ? change(handle, *vm) : Status(domain.error());
  if (transition) {
    transition->end(handle);
  } else if (handle != nullptr) {
    core_->refresh(handle);
  }
  return status;
}

Status LibvirtHost::rest(std::string_view id, Status (*change)(virDomainPtr, const VirtualMachine&)) {
  const auto found = target(id);
  if (!found) return found.error();
  const VirtualMachine& vm = *found->vm;
  if (vm.power != PowerState::running && vm.power != PowerState::paused)
    return error(Failure::invalid_state, fmt::format("{} is {}, not running", describe(vm), power_name(vm.power)));
  auto connection = core_->control_connection(guest::Clock::now() + kConnectionWait);
  if (!connection) return connection.error();
  const auto domain = look_up(connection->get(), vm.id);
  if (!domain) return domain.error();
  const Status done = change(domain->get(), vm);
  core_->refresh(domain->get());
  return done;
}

Status LibvirtHost::change_running(std::string_view id,
                                   const std::function<Status(virDomainPtr, const VirtualMachine&)>& change) {
  const auto found = target(id);
  if (!found) return found.error();
  const VirtualMachine& vm = *found->vm;
  if (vm.power != PowerState::running)
    return error(Failure::invalid_state, fmt::format("{} is {}, not running", describe(vm), power_name(vm.power)));
  auto connection = core_->control_connection(guest::Clock::now() + kConnectionWait);
  if (!connection) return connection.error();
  const auto domain = look_up(connection->get(), vm.id);
  if (!domain) return domain.error();
  return change(domain->get(), vm);
}

Status LibvirtHost::change_settings(std::string_view id, const std::function<void(Settings&)>& change) {
  auto found = target(id);
  if (!found) return found.error();
  const auto& [vm, slot] = *found;
  const std::lock_guard settings_lock(slot->settings);
  auto connection = core_->control_connection(guest::Clock::now() + kConnectionWait);
  if (!connection) return connection.error();
  auto domain = look_up(connection->get(), vm->id);
  if (!domain) return domain.error();
  auto reading = core_->refresh(domain->get());
  if (!reading) return reading.error();

  Settings settings = reading->record.settings;
  change(settings);
  if (settings == reading->record.settings) return {};
  auto element = write_settings(reading->settings_element, settings);
  if (!element) return error(element.error().kind, fmt::format("{}: {}", describe(*vm), element.error().message));
  unsigned flags = reading->record.persistent ? VIR_DOMAIN_AFFECT_CONFIG : VIR_DOMAIN_AFFECT_LIVE;
  if (reading->active) flags |= VIR_DOMAIN_AFFECT_LIVE;
  if (virDomainSetMetadata(domain->get(), VIR_DOMAIN_METADATA_ELEMENT, element->empty() ? nullptr : element->c_str(),
                           kSettingsPrefix, kSettingsNamespace, flags) < 0) {
    return last_error_of(fmt::format("the settings of {} cannot be written", describe(*vm)));
  }
  if (auto written = core_->refresh(domain->get()); !written) return written.error();
  return {};
}

}  // namespace

Result<std::unique_ptr<Host>> connect(const Options& options) {
  auto core = Core::open(options);
  if (!core) return core.error();
  const HostInformationPtr information = (*core)->information();
  spdlog::info("{}: {}, {} virtual machines", information->name, information->hypervisor, (*core)->index().size());
  return std::unique_ptr<Host>(new LibvirtHost(*std::move(core)));
}

}  // namespace vmms::hypervisor::libvirt
