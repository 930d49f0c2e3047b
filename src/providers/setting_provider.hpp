// What the providers of setting data share whose InstanceID names a virtual machine.
#pragma once

#include "cim/typed.hpp"
#include "cim/typed_provider.hpp"
#include "providers/setting_changes.hpp"

#include <utility>

namespace vmms::providers {

/// A page of settings. `settings_of(machine)` gives those of one VM, in ascending order of their keys.
template <class T, class SettingsOf>
void enumerate_settings(const Environment& environment, const cim::TypedQuery<T>& query, cim::PageOf<T>& page,
                        SettingsOf settings_of) {
  std::optional<std::string> id;
  if (query.keys.instance_id) id = std::string(machine_of_instance_id(*query.keys.instance_id));
  const std::string after(query.after ? machine_of_instance_id(query.after->instance_id) : std::string_view{});
  for_each_machine(environment, id, after, [&](const hypervisor::VirtualMachinePtr& machine) {
    for (T& instance : settings_of(*machine)) {
      if (!query.selects(instance.key())) continue;
      if (page.full()) return false;
      page.add(std::move(instance));
    }
    return true;
  });
}

/// Modifies as check_modification() and apply() do.
template <class T>
Status modify_settings(const Environment& environment, const typename T::Key& key, const T& changes) {
  T named = changes;
  named.instance_id = key.instance_id;
  const auto change = check_modification(environment, cim::to_instance(std::move(named)));
  if (!change) return change.error();
  return apply(environment, *change);
}

}  // namespace vmms::providers
