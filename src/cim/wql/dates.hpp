// Dates and times as WQL takes them beside CIM's and ISO 8601's ("WQL-Supported Date Formats", "WQL-Supported Time
// Formats", CIM_DATETIME): `20041231`, `12/31/2004`, `31 Dec 2004 3:23 PM`, `2004-12-31 15:23:00:000`.
#pragma once

#include "cim/datetime.hpp"

#include <optional>
#include <string_view>

namespace vmms::cim::wql {

/// In UTC, as what it is compared with is shown; the month before the day, as in the United States, where both orders
/// would be possible. Years of two digits are from 1930 to 2029. Nothing for other texts, and for six digits alone,
/// which are `yyyyMM` or `yyMMdd`.
std::optional<DateTime> read_date(std::string_view text);

}  // namespace vmms::cim::wql
