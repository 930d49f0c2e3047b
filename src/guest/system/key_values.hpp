// Named values that host and guest give each other as files in the guest: one item per line: the name, a tab, the
// value. In both, backslash, tab and line feed are written \\, \t and \n.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::guest {

inline constexpr const char* host_key_values_file = "/var/lib/vmms/host-key-values";
inline constexpr const char* guest_key_values_file = "/var/lib/vmms/guest-key-values";

inline constexpr std::string_view write_key_values_script = "vmms-key-values-write";
inline constexpr std::string_view read_key_values_script = "vmms-key-values-read";

/// The bounds of a guest's data: of a name or value, and of all items together.
inline constexpr std::size_t key_value_characters = 1024;
inline constexpr std::size_t key_values_bytes = std::size_t{64} << 10;
inline constexpr std::size_t key_values_count = 512;

using KeyValues = std::vector<std::pair<std::string, std::string>>;  ///< names and values, ascending by name

std::string write_key_values(const KeyValues& values);

/// Lines that are not items are skipped; of items with the same name the last counts. Text beyond the bounds is cut.
/// Names and values are printable.
KeyValues read_key_values(std::string_view text);

}  // namespace vmms::guest
