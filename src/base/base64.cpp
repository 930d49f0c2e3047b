#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace vmms {

namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t no_digit = 64;

constexpr std::array<std::uint8_t, 256> digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  for (std::size_t i = 0; i < digits.size(); ++i)
    values[static_cast<unsigned char>(digits[i])] = static_cast<std::uint8_t>(i);
  return values;
}();

std::uint32_t value_of(char digit) { return digit_values[static_cast<unsigned char>(digit)]; }

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4, '=');
  const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  char* next = text.data();
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
    *next++ = digits[group >> 18];
    *next++ = digits[group >> 12 & 63];
    *next++ = digits[group >> 6 & 63];
    *next++ = digits[group & 63];
  }
  if (const std::size_t left = bytes.size() - i; left > 0) {
    const std::uint32_t group = byte(i) << 16 | (left == 2 ? byte(i + 1) << 8 : 0U);
    *next++ = digits[group >> 18];
    *next++ = digits[group >> 12 & 63];
    if (left == 2) *next++ = digits[group >> 6 & 63];
  }
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  text.remove_suffix(padding);

  std::string bytes(text.size() * 3 / 4, '\0');
  char* next = bytes.data();
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t first = value_of(text[i]);
    const std::uint32_t second = value_of(text[i + 1]);
    const std::uint32_t third = value_of(text[i + 2]);
    const std::uint32_t fourth = value_of(text[i + 3]);
    if (((first | second | third | fourth) & no_digit) != 0) return std::nullopt;
    const std::uint32_t group = first << 18 | second << 12 | third << 6 | fourth;
    *next++ = static_cast<char>(group >> 16);
    *next++ = static_cast<char>(group >> 8);
    *next++ = static_cast<char>(group);
  }
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (; i < text.size(); ++i) {
    const std::uint32_t value = value_of(text[i]);
    if (value == no_digit) return std::nullopt;
    group = group << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      *next++ = static_cast<char>(group >> bits & 0xFF);
    }
  }
  // The bits that the padding leaves over must be zero, else two texts would mean the same bytes.
  if ((group & ((1U << bits) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace vmms
