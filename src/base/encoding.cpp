#include "base/encoding.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace vmms {

namespace {

using Form = Encoding::Form;

constexpr std::string_view little_mark = "\xFF\xFE";
constexpr std::string_view big_mark = "\xFE\xFF";

}  // namespace

Decoded decode_utf8(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[offset + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};

  std::size_t length = 0;
  char32_t character = 0;
  char32_t smallest = 0;  // what a shorter form could not hold
  if ((lead & 0xE0) == 0xC0) {
    length = 2, character = lead & 0x1F, smallest = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3, character = lead & 0x0F, smallest = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4, character = lead & 0x07, smallest = 0x10000;
  } else {
    return {};
  }
  if (text.size() - offset < length) return {};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    character = (character << 6) | (byte(i) & 0x3F);
  }
  const bool surrogate = character >= 0xD800 && character <= 0xDFFF;
  if (character < smallest || surrogate || character > 0x10FFFF) return {};
  return {character, length};
}

char* encode_utf8(char32_t c, char* out) {
  const auto put = [&out](char32_t byte) { *out++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
  return out;
}

void append_utf8(std::string& text, char32_t character) {
  char bytes[4];
  text.append(bytes, encode_utf8(character, bytes));
}

Encoding encoding_of(std::string_view text, std::string_view charset) {
  if (text.starts_with(little_mark)) return {Form::utf16_little_endian, true};
  if (text.starts_with(big_mark)) return {Form::utf16_big_endian, true};
  if (text.size() >= 2 && text[0] == 0 && text[1] != 0) return {Form::utf16_big_endian, false};
  if (text.size() >= 4 && text[0] != 0 && text[1] == 0 && text[2] != 0) return {Form::utf16_little_endian, false};
  if (equals_no_case(charset, "utf-16") || equals_no_case(charset, "utf-16be")) return {Form::utf16_big_endian, false};
  if (equals_no_case(charset, "utf-16le")) return {Form::utf16_little_endian, false};
  return {};
}

Result<std::string> to_utf8(std::string text, const Encoding& encoding) {
  if (!encoding.is_utf16()) return text;
  if (text.size() % 2 != 0) return error(Failure::invalid_argument, "UTF-16 text has an odd number of bytes");
  const bool little = encoding.form == Form::utf16_little_endian;
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    return static_cast<char32_t>(little ? first | (second << 8) : (first << 8) | second);
  };
  std::string result;
  result.reserve(text.size() / 2);
  for (std::size_t at = encoding.has_mark ? 2 : 0; at < text.size(); at += 2) {
    char32_t c = unit(at);
    if (c >= 0xD800 && c < 0xE000) {
      const char32_t low = c < 0xDC00 && at + 2 < text.size() ? unit(at + 2) : 0;
      if (low < 0xDC00 || low >= 0xE000)
        return error(Failure::invalid_argument, fmt::format("byte {}: half of a surrogate pair of UTF-16", at));
      c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    append_utf8(result, c);
  }
  return result;
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

}  // namespace vmms
