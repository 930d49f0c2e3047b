// Text that came out of a guest, made fit for answers, logs and terminals.
#pragma once

#include <string>
#include <string_view>

namespace vmms::guest {

/// Valid UTF-8 without control characters other than tab and line feed: XML can carry it and no terminal obeys it.
/// What is not becomes U+FFFD. White space at the end goes; what is longer than `limit` bytes ends in "…".
std::string printable(std::string_view bytes, std::size_t limit);

/// The same for a name, of which nothing goes: without its white space it would be another's.
std::string printable_name(std::string_view bytes, std::size_t limit);

}  // namespace vmms::guest
