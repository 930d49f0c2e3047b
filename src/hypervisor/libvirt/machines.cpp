#include "hypervisor/libvirt/machines.hpp"

#include "hypervisor/libvirt/domain_call.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/power.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

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

  /// Reads the record again, which shows what became of it.
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

using Change = Status (*)(virDomainPtr, const VirtualMachine&);

Status change_power(Core& core, std::string_view id, PowerState to, Change change) {
  auto found = known_machine(core, id);
  if (!found) return found.error();
  const auto& [vm, slot] = *found;
  if (auto healthy = core.health(); !healthy) return healthy;
  // Where nothing seems to be done, listeners should see no transition; but a record may be old, so libvirt decides.
  const bool done = to == PowerState::starting ? vm->power == PowerState::running
                                               : vm->power == PowerState::off || vm->power == PowerState::saved;
  std::unique_ptr<Transition> transition;
  if (!done) {
    auto begun = Transition::begin(core, *slot, *vm, to);
    if (!begun) return begun.error();
    transition = *std::move(begun);
  }
  const auto domain = controlled_domain(core, vm->id);
  const virDomainPtr handle = domain ? domain->get() : nullptr;
  const Status status = domain ? change(handle, *vm) : Status(domain.error());
  if (transition) {
    transition->end(handle);
  } else if (handle != nullptr) {
    core.refresh(handle);
  }
  return status;
}

Status rest(Core& core, std::string_view id, Change change) {
  const auto found = known_machine(core, id);
  if (!found) return found.error();
  const VirtualMachine& vm = *found->vm;
  if (vm.power != PowerState::running && vm.power != PowerState::paused)
    return error(Failure::invalid_state, fmt::format("{} is {}, not running", describe(vm), power_name(vm.power)));
  const auto domain = controlled_domain(core, vm.id);
  if (!domain) return domain.error();
  const Status done = change(domain->get(), vm);
  core.refresh(domain->get());
  return done;
}

}  // namespace

VirtualMachinePtr LibvirtVirtualMachines::find(std::string_view id) const { return core_.index().find(id); }

std::vector<VirtualMachinePtr> LibvirtVirtualMachines::list(std::string_view after, std::size_t limit) const {
  return core_.index().list(after, limit);
}

Status LibvirtVirtualMachines::start(std::string_view id) {
  return change_power(core_, id, PowerState::starting, start_domain);
}

Status LibvirtVirtualMachines::turn_off(std::string_view id) {
  return change_power(core_, id, PowerState::stopping, turn_off_domain);
}

Status LibvirtVirtualMachines::pause(std::string_view id) { return rest(core_, id, pause_domain); }

Status LibvirtVirtualMachines::save(std::string_view id) { return rest(core_, id, save_domain); }

Status LibvirtVirtualMachines::reset(std::string_view id) { return call_running(core_, id, reset_domain); }

Status LibvirtVirtualMachines::request_power(std::string_view id, PowerRequest request) {
  return call_running(core_, id, request == PowerRequest::reboot ? ask_to_reboot : ask_to_shut_down);
}

Status LibvirtVirtualMachines::change_settings(std::string_view id, const std::function<void(Settings&)>& change) {
  auto found = known_machine(core_, id);
  if (!found) return found.error();
  const auto& [vm, slot] = *found;
  const std::lock_guard settings_lock(slot->settings);
  const auto domain = controlled_domain(core_, vm->id);
  if (!domain) return domain.error();
  auto reading = core_.refresh(domain->get());
  if (!reading) return reading.error();

  Settings settings = reading->record.settings;
  change(settings);
  if (settings == reading->record.settings) return {};
  auto element = write_settings(reading->settings_element, settings);
  if (!element) return error(element.error().kind, fmt::format("{}: {}", describe(*vm), element.error().message));
  unsigned flags = reading->record.persistent ? VIR_DOMAIN_AFFECT_CONFIG : VIR_DOMAIN_AFFECT_LIVE;
  if (reading->active) flags |= VIR_DOMAIN_AFFECT_LIVE;
  if (virDomainSetMetadata(domain->get(), VIR_DOMAIN_METADATA_ELEMENT, element->empty() ? nullptr : element->c_str(),
                           settings_prefix, settings_namespace, flags) < 0) {
    return last_error_of(fmt::format("the settings of {} cannot be written", describe(*vm)));
  }
  if (auto written = core_.refresh(domain->get()); !written) return written.error();
  return {};
}

void LibvirtVirtualMachines::listen(Listener listener) { core_.index().listen(std::move(listener)); }

}  // namespace vmms::hypervisor::libvirt
