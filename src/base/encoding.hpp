// The encodings that requests and files may come in: UTF-8 and UTF-16. Inside, all text is UTF-8.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmms {

struct Decoded {
  char32_t character = 0;
  std::size_t length = 0;  ///< in bytes; 0 when the bytes are not UTF-8
};

/// The character at `offset`. Overlong forms, surrogates and anything past U+10FFFF are not UTF-8.
Decoded decode_utf8(std::string_view text, std::size_t offset);

/// Writes the character's bytes, four at most, and says where they end.
char* encode_utf8(char32_t character, char* out);

void append_utf8(std::string& text, char32_t character);

struct Encoding {
  enum class Form : std::uint8_t { utf8, utf16_little_endian, utf16_big_endian };
  Form form = Form::utf8;
  bool has_mark = false;  ///< the text begins with a byte order mark

  bool is_utf16() const { return form != Form::utf8; }
};

/// The encoding of a text that begins with ASCII: by its mark, by the zeros around its first character, else by the
/// `charset` of its media type (UTF-16 without a mark is big-endian, RFC 2781 4.3).
Encoding encoding_of(std::string_view text, std::string_view charset = {});

/// The text in UTF-8, of UTF-16 without its mark; an encoding that it declares itself is void then. Text that is
/// already UTF-8 is returned unchecked. Errors (invalid_argument): not UTF-16.
Result<std::string> to_utf8(std::string text, const Encoding& encoding);

/// UTF-8 in the given encoding.
std::string from_utf8(std::string text, const Encoding& encoding);

}  // namespace vmms
