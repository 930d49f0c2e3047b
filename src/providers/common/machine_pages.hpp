// Pages of instances whose key names a virtual machine.
#pragma once

#include "cim/typed_provider.hpp"
#include "providers/common/machines.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace vmms::providers {

/// A page. `instances_of(machine)` gives those of one VM, in ascending order of their keys: a container, or an optional
/// where there is at most one. The VM is that of SystemName, or the one that `machine_of` finds in an InstanceID.
template <class T, class InstancesOf, class MachineOf = std::string_view (*)(std::string_view)>
void enumerate_by_machine(const Environment& environment, const cim::TypedQuery<T>& query, cim::PageOf<T>& page,
                          InstancesOf instances_of, MachineOf machine_of = machine_of_instance_id) {
  std::optional<std::string> id;
  std::string from;
  if constexpr (requires { query.keys.system_name; }) {
    id = query.keys.system_name;
    if (query.after) from = query.after->system_name;
  } else {
    if (query.keys.instance_id) id = std::string(machine_of(*query.keys.instance_id));
    if (query.after) from = machine_of(query.after->instance_id);
  }
  const auto add = [&](T& instance) {
    if (!query.selects(instance.key())) return true;
    if (page.full()) return false;
    page.add(std::move(instance));
    return true;
  };
  for_each_machine(environment, id, from, [&](const hypervisor::VirtualMachinePtr& machine) {
    auto instances = instances_of(*machine);
    if constexpr (requires { instances.has_value(); }) {
      return !instances || add(*instances);
    } else {
      for (T& instance : instances)
        if (!add(instance)) return false;
      return true;
    }
  });
}

}  // namespace vmms::providers
