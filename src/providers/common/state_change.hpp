// RequestStateChange as in its reference pages, for every class.
#pragma once

#include "cim/datetime.hpp"

#include <optional>

namespace vmms::providers {

/// Whether a TimeoutPeriod limits the time of the change. NULL and 0 mean that the client has no time requirements.
inline bool limits_time(const std::optional<cim::DateTime>& timeout) {
  return timeout && !(timeout->is_interval() && timeout->length() == cim::DateTime::Microseconds(0));
}

}  // namespace vmms::providers
