// Words of command lines in advice to people.
#pragma once

#include <string>
#include <string_view>

namespace vmms {

/// The text as one word of a shell's command line.
std::string shell_word(std::string_view text);

/// The same for an argument that must not look like an option: `instead`, where the text begins with a dash or cannot
/// be typed.
std::string shell_argument(std::string_view text, std::string_view instead);

}  // namespace vmms
