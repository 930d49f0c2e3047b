// Reads what `systemctl show` prints.
#pragma once

#include "guest/services/service.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::guest {

/// One unit as it was shown.
struct ShownUnit {
  Service service;
  std::vector<std::string> names;  ///< the canonical name and its aliases
};

/// The next line without its end; `text` moves past it.
std::string_view take_line(std::string_view& text);

/// The last log lines, at most five, that stand in `text` behind the line `heading`; none when the next line is
/// another.
std::vector<std::string> take_log_lines(std::string_view& text, std::string_view heading);

/// Reads `Property=value` lines up to an empty line or the end; `text` moves past them. Unknown and impossible values
/// are left out. Nothing when the lines do not show a unit with a valid service name.
std::optional<ShownUnit> read_shown_unit(std::string_view& text);

/// "Sun 2026-11-22 14:20:24.123456 UTC", the fraction may be missing.
std::optional<std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>> read_systemd_time(
    std::string_view text);

}  // namespace vmms::guest
