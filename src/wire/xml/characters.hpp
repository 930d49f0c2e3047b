// Characters of XML 1.0 (section 2.2) in UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace vmms::wire::xml {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Whether a document may contain the character, also as a character reference.
constexpr bool is_character(char32_t c) {
  return c == 0x9 || c == 0xA || c == 0xD || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
         (c >= 0x10000 && c <= 0x10FFFF);
}

/// NameStartChar and NameChar of XML 1.0, fifth edition (section 2.3), a colon included.
bool is_name_start(char32_t c);
bool is_name(char32_t c);

struct Decoded {
  char32_t character = 0;
  std::size_t length = 0;  ///< in bytes; 0 when the bytes are not UTF-8
};

/// The character at `offset`. Overlong forms, surrogates and anything past U+10FFFF are not UTF-8.
Decoded decode_utf8(std::string_view text, std::size_t offset);

/// Writes the character's bytes, four at most, and says where they end.
char* encode_utf8(char32_t character, char* out);

std::string_view trim(std::string_view text);

}  // namespace vmms::wire::xml
