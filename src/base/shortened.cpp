#include "base/shortened.hpp"

namespace vmms {

std::string shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  // Bytes 10xxxxxx go on with a character; there are at most three of them.
  for (int i = 0; i < 3 && most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0U) == 0x80U; ++i) --most;
  return std::string(text.substr(0, most)) + "…";
}

}  // namespace vmms
