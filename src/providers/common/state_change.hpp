// RequestStateChange as its reference pages have it, whatever the class.
#pragma once

#include "cim/datetime.hpp"

#include <cstdint>
#include <optional>

namespace vmms::providers {

/// Return values that the reference pages document.
inline constexpr std::uint32_t completed = 0;
inline constexpr std::uint32_t not_supported = 1;
inline constexpr std::uint32_t job_started = 4096;
inline constexpr std::uint32_t timeout_parameter_not_supported = 4098;
inline constexpr std::uint32_t invalid_parameter = 32773;
inline constexpr std::uint32_t invalid_state_for_operation = 32775;

/// Whether a TimeoutPeriod limits the time of the change. NULL and 0 say that the client has no time requirements.
inline bool limits_time(const std::optional<cim::DateTime>& timeout) {
  return timeout && !(timeout->is_interval() && timeout->length() == cim::DateTime::Microseconds(0));
}

}  // namespace vmms::providers
