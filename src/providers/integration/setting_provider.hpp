// What providers of setting data share when their InstanceID names a virtual machine.
#pragma once

#include "cim/typed.hpp"
#include "providers/common/machine_pages.hpp"
#include "providers/integration/setting_changes.hpp"

#include <utility>

namespace vmms::providers {

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
