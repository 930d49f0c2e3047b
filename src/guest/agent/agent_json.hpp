// JSON of a guest's agent: reading its answers, writing its commands.
#pragma once

#include "base/result.hpp"

#include <boost/json.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace vmms::guest {

/// Bounds on one answer: a value takes many times the memory of its text, and members with names chosen for it take a
/// time that grows with the square of their number. Of real answers the lists of network interfaces are the longest:
/// 1,000 of them have some 40,000 values, an object of theirs some 20 members.
inline constexpr std::size_t most_agent_values = 65536;
inline constexpr std::size_t most_agent_members = 256;

/// Errors (failed): what is wrong with it, as the rest of a sentence.
Result<boost::json::value> read_agent_json(std::string_view text);

/// In ASCII, other characters as `\u` escapes: libvirt with json-c (11.3) refuses other UTF-8.
std::string write_agent_json(const boost::json::value& value);

}  // namespace vmms::guest
