#include "providers/common/guests.hpp"

#include "base/text.hpp"

namespace vmms::providers {

namespace {

// Our own agent has no business where the interface is off, and has ended with the guest where that does not run.
bool may_have_own_agent(const hypervisor::VirtualMachine& machine, bool interface_by_default) {
  return machine.settings.guest_service_interface.value_or(interface_by_default) &&
         machine.power != hypervisor::PowerState::off && machine.power != hypervisor::PowerState::saved;
}

}  // namespace

Guests::Guests(hypervisor::Host& host, Options options) : transports_(host.guests()), options_(options) {
  host.machines().listen([shared = shared_, by_default = options.guest_service_interface](
                             const hypervisor::VirtualMachinePtr& before, const hypervisor::VirtualMachinePtr& after) {
    if (!before || (after && (may_have_own_agent(*after, by_default) || !may_have_own_agent(*before, by_default))))
      return;
    std::shared_ptr<guest::Guest> guest;  // released after the lock
    {
      const std::lock_guard lock(shared->mutex);
      const auto found = shared->guests.find(before->id);
      if (found == shared->guests.end()) return;
      guest = found->second;
      if (!after) shared->guests.erase(found);
    }
    guest->drop_own_agent();
  });
}

std::shared_ptr<guest::Guest> Guests::find(std::string_view id) {
  const std::string key = to_upper(id);
  {
    const std::lock_guard lock(shared_->mutex);
    if (const auto found = shared_->guests.find(key); found != shared_->guests.end()) return found->second;
  }
  auto transport = transports_.find(key);
  if (!transport) return nullptr;
  auto account = options_.ledger ? options_.ledger->account(Ledger::Payer::machine, key) : nullptr;
  auto made = guest::make_agent_guest(std::move(transport), options_.own_agent, std::move(account));
  const std::lock_guard lock(shared_->mutex);
  return shared_->guests.try_emplace(key, std::move(made)).first->second;
}

}  // namespace vmms::providers
