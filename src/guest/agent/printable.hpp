// Text that came out of a guest, made fit for answers, logs and terminals.
#pragma once

#include <string>
#include <string_view>

namespace vmms::guest {

/// Valid UTF-8 without control characters other than tab and line feed: XML can carry it and no terminal obeys it.
/// Anything else becomes U+FFFD. Trailing white space is removed; a text longer than `limit` bytes ends in "…".
std::string printable(std::string_view bytes, std::size_t limit);

/// The same for a name, which keeps its white space: without it, it would be another name.
std::string printable_name(std::string_view bytes, std::size_t limit);

}  // namespace vmms::guest
