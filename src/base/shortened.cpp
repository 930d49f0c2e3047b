#include "base/shortened.hpp"

#include <algorithm>

namespace vmms {

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  // Bytes 10xxxxxx go on with a character; there are at most three of them.
  for (int i = 0; i < 3 && most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U; ++i) --most;
  return std::string(text.substr(0, most)) + "…";
}

std::string one_line(std::string_view text, std::size_t most) {
  std::string line = shortened(text, most);
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
  return line;
}

}  // namespace vmms
