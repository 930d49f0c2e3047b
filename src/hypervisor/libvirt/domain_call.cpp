#include "hypervisor/libvirt/domain_call.hpp"

#include "hypervisor/power.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace vmms::hypervisor::libvirt {

Result<KnownMachine> known_machine(Core& core, std::string_view id) {
  KnownMachine result{core.index().find(id), core.slot(id)};
  if (result.vm && result.slot) return result;
  return error(Failure::not_found, fmt::format("there is no VM {}", id));
}

Result<ControlledDomain> controlled_domain(Core& core, const std::string& id) {
  constexpr std::chrono::seconds longest_wait(30);  // for a connection; the call itself takes as long as libvirt does
  auto connection = core.control_connection(guest::Clock::now() + longest_wait);
  if (!connection) return connection.error();
  auto domain = look_up(connection->get(), id);
  if (!domain) return domain.error();
  return ControlledDomain{*std::move(connection), *std::move(domain)};
}

Status call_running(Core& core, std::string_view id,
                    const std::function<Status(virDomainPtr, const VirtualMachine&)>& call) {
  const auto found = known_machine(core, id);
  if (!found) return found.error();
  const VirtualMachine& vm = *found->vm;
  if (vm.power != PowerState::running)
    return error(Failure::invalid_state, fmt::format("{} is {}, not running", describe(vm), power_name(vm.power)));
  const auto domain = controlled_domain(core, vm.id);
  return domain ? call(domain->get(), vm) : Status(domain.error());
}

}  // namespace vmms::hypervisor::libvirt
