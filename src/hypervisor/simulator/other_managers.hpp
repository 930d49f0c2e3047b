// What the scripts for other service managers than systemd print in a simulated guest. The guest's services are the
// same; their names lack ".service".
#pragma once

#include "hypervisor/simulator/services.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::simulator {

/// A script of src/guest, from its `$0` and the values it got.
struct OtherScript {
  enum class Action : std::uint8_t { none, list, state, start, stop, mode };
  Action action = Action::none;  ///< none: not one of these
  bool windows = false;
  std::string unit;  ///< as the description has it, "web.service"
  std::string verb;  ///< of `mode`: systemctl's
};
OtherScript other_script(std::string_view name, const std::vector<std::string>& parameters);

/// What a list or a state prints.
std::string print_list(const OtherScript& script, Services& services, Clock::time_point now);
std::string print_state(const OtherScript& script, Services& services, Clock::time_point now);

}  // namespace vmms::hypervisor::simulator
