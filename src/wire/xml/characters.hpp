// Characters of XML 1.0 (section 2.2) in UTF-8.
#pragma once

#include "base/encoding.hpp"

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

using vmms::decode_utf8;
using vmms::Decoded;
using vmms::encode_utf8;

std::string_view trim(std::string_view text);

}  // namespace vmms::wire::xml
