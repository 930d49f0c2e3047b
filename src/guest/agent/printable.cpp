#include "guest/agent/printable.hpp"

#include <cstdint>

namespace vmms::guest {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view ellipsis = "…";

struct Character {
  std::size_t size = 1;  ///< in bytes; of a sequence that is no character: 1
  bool good = false;
};

// One character of well-formed UTF-8 (Unicode 15, table 3-7) that XML 1.0 can carry.
Character first_character(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {1, lead == '\t' || lead == '\n' || (lead >= 0x20 && lead != 0x7F)};
  if (lead >= 0xC2 && lead <= 0xDF && continues(1)) {
    const bool control = lead == 0xC2 && byte(1) < 0xA0;
    return {2, !control};
  }
  if ((lead & 0xF0U) == 0xE0U && continues(1) && continues(2)) {
    const std::uint32_t code = (lead & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    const bool good = code >= 0x800 && (code < 0xD800 || code > 0xDFFF) && code < 0xFFFE;
    return good ? Character{3, true} : Character{};
  }
  if ((lead & 0xF8U) == 0xF0U && continues(1) && continues(2) && continues(3)) {
    const std::uint32_t code =
        (lead & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
    return code >= 0x10000 && code <= 0x10FFFF ? Character{4, true} : Character{};
  }
  return {};
}

std::string made_fit(std::string_view bytes, std::size_t limit, bool is_name) {
  std::string text;
  text.reserve(std::min(bytes.size(), limit) + ellipsis.size());
  while (!bytes.empty()) {
    const Character character = first_character(bytes);
    const std::string_view next = character.good ? bytes.substr(0, character.size) : replacement;
    if (text.size() + next.size() > limit) {
      text += ellipsis;
      break;
    }
    // "\r\n" is one line end.
    if (is_name || bytes.front() != '\r') text += next;
    bytes.remove_prefix(character.size);
  }
  return text;
}

}  // namespace

std::string printable(std::string_view bytes, std::size_t limit) {
  const std::size_t end = bytes.find_last_not_of(" \t\r\n");
  return made_fit(bytes.substr(0, end == std::string_view::npos ? 0 : end + 1), limit, false);
}

std::string printable_name(std::string_view bytes, std::size_t limit) { return made_fit(bytes, limit, true); }

}  // namespace vmms::guest
