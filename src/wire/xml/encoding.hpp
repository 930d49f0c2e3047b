// The encodings that a request may come in (DSP0226 13.1: UTF-8 and UTF-16); inside, all text is UTF-8.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmms::wire::xml {

struct Encoding {
  enum class Form : std::uint8_t { utf8, utf16_little_endian, utf16_big_endian };
  Form form = Form::utf8;
  bool has_mark = false;  ///< the text begins with a byte order mark

  bool is_utf16() const { return form != Form::utf8; }
};

/// The encoding of a document: by its mark, by the zeros around its first character, else by the `charset` of its media
/// type (UTF-16 without a mark is big-endian, RFC 2781 4.3).
Encoding encoding_of(std::string_view document, std::string_view charset = {});

/// The document in UTF-8, of UTF-16 without its mark; the encoding that it declares is void then. What is UTF-8 already
/// is handed through unchecked. Errors (invalid_argument): not UTF-16.
Result<std::string> to_utf8(std::string document, const Encoding& encoding);

/// UTF-8 in the given encoding.
std::string from_utf8(std::string text, const Encoding& encoding);

}  // namespace vmms::wire::xml
