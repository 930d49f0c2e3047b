// Scripts made of parts that others have too, put together by the compiler.
#pragma once

#include <array>
#include <string_view>

namespace vmms::guest {

template <const std::string_view&... parts>
struct ScriptText {
  static constexpr auto characters = [] {
    std::array<char, (parts.size() + ...)> text{};
    std::size_t end = 0;
    const auto append = [&](std::string_view part) {
      for (const char c : part) text[end++] = c;
    };
    (append(parts), ...);
    return text;
  }();
  static constexpr std::string_view value{characters.data(), characters.size()};
};

/// The parts one after the other: a fixed text that lives as long as the program.
template <const std::string_view&... parts>
inline constexpr std::string_view script_text = ScriptText<parts...>::value;

/// `logged NAME`: `Log:` and the last lines that name it, in guests without a journal. $root is set.
inline constexpr std::string_view logged_part = R"sh(
logged() {
  echo Log:
  for each in "$root/var/log/messages" "$root/var/log/syslog"; do
    [ ! -r "$each" ] || tail -n 1000 "$each" | grep -F -- "$1" | tail -n 5
  done
}
)sh";

}  // namespace vmms::guest
