#include "hypervisor/power.hpp"

namespace vmms::hypervisor {

std::string_view power_name(PowerState power) {
  switch (power) {
    case PowerState::off:
      return "off";
    case PowerState::running:
      return "running";
    case PowerState::paused:
      return "paused";
    case PowerState::saved:
      return "saved";
    case PowerState::starting:
      return "starting";
    case PowerState::stopping:
      return "stopping";
  }
  return "in an unknown state";
}

}  // namespace vmms::hypervisor
