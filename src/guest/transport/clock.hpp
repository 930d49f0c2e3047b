// The clock of deadlines.
#pragma once

#include <chrono>

namespace vmms::guest {

using Clock = std::chrono::steady_clock;

}  // namespace vmms::guest
