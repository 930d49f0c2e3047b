// The time of records: of the host's clock, in microseconds.
#pragma once

#include <chrono>

namespace vmms::hypervisor {

using SystemTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

}  // namespace vmms::hypervisor
