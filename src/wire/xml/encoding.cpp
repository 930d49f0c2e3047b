#include "wire/xml/encoding.hpp"

#include "base/text.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>

namespace vmms::wire::xml {

namespace {

using Form = Encoding::Form;

constexpr std::string_view little_mark = "\xFF\xFE";
constexpr std::string_view big_mark = "\xFE\xFF";

void append_utf8(std::string& text, char32_t c) {
  const auto byte = [&](char32_t value) { text += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | (c >> 6));
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | (c >> 12));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | (c >> 18));
    byte(0x80 | ((c >> 12) & 0x3F));
    byte(0x80 | ((c >> 6) & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

}  // namespace

Encoding encoding_of(std::string_view document, std::string_view charset) {
  if (document.starts_with(little_mark)) return {Form::utf16_little_endian, true};
  if (document.starts_with(big_mark)) return {Form::utf16_big_endian, true};
  // A document's first character is `<` or white space.
  if (document.size() >= 2 && document[0] == 0 && document[1] != 0) return {Form::utf16_big_endian, false};
  if (document.size() >= 4 && document[0] != 0 && document[1] == 0 && document[2] != 0)
    return {Form::utf16_little_endian, false};
  if (equals_no_case(charset, "utf-16") || equals_no_case(charset, "utf-16be")) return {Form::utf16_big_endian, false};
  if (equals_no_case(charset, "utf-16le")) return {Form::utf16_little_endian, false};
  return {};
}

Result<std::string> to_utf8(std::string document, const Encoding& encoding) {
  if (!encoding.is_utf16()) return document;
  std::string_view rest(document);
  if (encoding.has_mark) rest.remove_prefix(2);
  if (rest.size() % 2 != 0) return error(Failure::invalid_argument, "UTF-16 text has an odd number of bytes");
  const bool little = encoding.form == Form::utf16_little_endian;
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(rest[at]);
    const auto second = static_cast<unsigned char>(rest[at + 1]);
    return static_cast<char32_t>(little ? first | (second << 8) : (first << 8) | second);
  };
  std::string text;
  text.reserve(rest.size() / 2);
  for (std::size_t at = 0; at < rest.size(); at += 2) {
    char32_t c = unit(at);
    if (c >= 0xD800 && c < 0xE000) {
      const char32_t low = c < 0xDC00 && at + 2 < rest.size() ? unit(at + 2) : 0;
      if (low < 0xDC00 || low >= 0xE000)
        return error(Failure::invalid_argument, fmt::format("byte {}: half of a surrogate pair of UTF-16", at));
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    append_utf8(text, c);
  }
  return text;
}

std::string from_utf8(std::string text, const Encoding& encoding) {
  if (!encoding.is_utf16()) return text;
  const bool little = encoding.form == Form::utf16_little_endian;
  std::string result(encoding.has_mark ? (little ? little_mark : big_mark) : std::string_view{});
  result.reserve(result.size() + text.size() * 2);
  const auto unit = [&](char32_t value) {
    const auto high = static_cast<char>(value >> 8);
    const auto low = static_cast<char>(value & 0xFF);
    result += little ? low : high;
    result += little ? high : low;
  };
  for (std::size_t at = 0; at < text.size();) {
    const Decoded decoded = decode_utf8(text, at);
    const char32_t c = decoded.length == 0 ? 0xFFFD : decoded.character;
    at += decoded.length == 0 ? 1 : decoded.length;
    if (c < 0x10000) {
      unit(c);
    } else {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return result;
}

}  // namespace vmms::wire::xml
