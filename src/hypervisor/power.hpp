// Power states in words, for messages.
#pragma once

#include "hypervisor/machines.hpp"

#include <string_view>

namespace vmms::hypervisor {

/// "off", "running", "paused" …
std::string_view power_name(PowerState power);

}  // namespace vmms::hypervisor
