#include "providers/guests.hpp"

#include "base/text.hpp"

namespace vmms::providers {

Guests::Guests(hypervisor::Host& host) : host_(host) {
  host.listen(
      [shared = shared_](const hypervisor::VirtualMachinePtr& before, const hypervisor::VirtualMachinePtr& after) {
        if (!before || after) return;
        const std::lock_guard lock(shared->mutex);
        shared->guests.erase(before->id);
      });
}

std::shared_ptr<guest::Guest> Guests::find(std::string_view id) {
  const std::string key = to_upper(id);
  {
    const std::lock_guard lock(shared_->mutex);
    if (const auto found = shared_->guests.find(key); found != shared_->guests.end()) return found->second;
  }
  auto transport = host_.guest(key);
  if (!transport) return nullptr;
  const std::lock_guard lock(shared_->mutex);
  auto& slot = shared_->guests[key];
  if (!slot) slot = guest::make_agent_guest(std::move(transport));
  return slot;
}

}  // namespace vmms::providers
