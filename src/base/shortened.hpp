// What a client or a guest sent is repeated only in part: a refusal must not be larger than what was refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vmms {

/// Enough for any text that a person reads.
inline constexpr std::size_t longest_message = std::size_t{16} * 1024;

/// The text, cut after `most` bytes at the end of a character (UTF-8) and marked with "…" when it is longer.
std::string shortened(std::string_view text, std::size_t most = longest_message);

/// For the log, one line per entry: control characters become spaces, and at most `most` bytes are kept.
std::string one_line(std::string_view text, std::size_t most = 200);

}  // namespace vmms
