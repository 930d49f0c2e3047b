#include "base/shell_word.hpp"

#include "base/escaped.hpp"

namespace vmms {

std::string shell_word(std::string_view text) {
  constexpr std::string_view harmless = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@:/-";
  if (!text.empty() && text.front() != '-' && text.find_first_not_of(harmless) == std::string_view::npos)
    return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'')
      word += "'\\''";
    else
      word += c;
  }
  return word + "'";
}

std::string shell_argument(std::string_view text, std::string_view instead) {
  const bool usable = !text.empty() && text.front() != '-' && escaped(text) == text;
  return shell_word(usable ? text : instead);
}

}  // namespace vmms
