#include "base/escaped.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace vmms {

namespace {

struct Range {
  std::uint32_t first, last;
};

constexpr Range unsafe_ranges[] = {
    {0x00, 0x1F},      // C0
    {0x7F, 0x9F},      // DEL and C1
    {0x61C, 0x61C},    // Arabic letter mark
    {0x180E, 0x180E},  // Mongolian vowel separator
    {0x200B, 0x200F},  // of no width, and the marks of direction
    {0x2028, 0x202E},  // line and paragraph separator, embeddings and overrides
    {0x2060, 0x2069},  // word joiner … isolates
    {0xFEFF, 0xFEFF},  // byte order mark
    {0xFFF9, 0xFFFB},  // interlinear annotation
    {0xE0000, 0xE007F},
};

bool is_unsafe(std::uint32_t value) {
  return std::any_of(std::begin(unsafe_ranges), std::end(unsafe_ranges),
                     [&](const Range& range) { return value >= range.first && value <= range.last; });
}

bool is_plain(char c) { return c >= 0x20 && c < 0x7F; }

void append_hexadecimal(std::string& out, std::uint32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 0xF];
}

// Takes the longest beginning of which each character `is_plain` and not one of `special`.
std::string_view take_plain(std::string_view& text, std::string_view special = {}) {
  const auto end = std::find_if_not(text.begin(), text.end(),
                                    [&](char c) { return is_plain(c) && special.find(c) == std::string_view::npos; });
  const std::string_view taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

}  // namespace

CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first >= 0xF5 || text.size() < length) return {first, 1, false};
  std::uint32_t value = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {first, 1, false};
    value = (value << 6) | (byte(i) & 0x3FU);
  }
  const std::uint32_t least = length == 2 ? 0x80 : length == 3 ? 0x800 : 0x10000;
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {first, 1, false};
  return {value, length, true};
}

void append_escaped(std::string& out, std::string_view text, std::string_view kept) {
  while (true) {
    out += take_plain(text);
    if (text.empty()) return;
    const CodePoint point = first_code_point(text);
    if (!point.valid || (is_unsafe(point.value) && point.value < 0x100)) {
      if (point.valid && point.value < 0x80 && kept.find(text.front()) != std::string_view::npos) {
        out += text.front();
      } else {
        out += point.valid && point.value >= 0x80 ? "\\u00" : "\\x";
        append_hexadecimal(out, point.value, 2);
      }
    } else if (is_unsafe(point.value)) {
      out += point.value > 0xFFFF ? "\\U000" : "\\u";
      append_hexadecimal(out, point.value, point.value > 0xFFFF ? 5 : 4);
    } else {
      out += text.substr(0, point.length);
    }
    text.remove_prefix(point.length);
  }
}

std::string escaped(std::string_view text, std::string_view kept) {
  std::string out;
  out.reserve(text.size());
  append_escaped(out, text, kept);
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  const auto escape = [&](std::uint32_t unit) {
    out += "\\u";
    append_hexadecimal(out, unit, 4);
  };
  out += '"';
  while (true) {
    out += take_plain(text, "\"\\");
    if (text.empty()) break;
    const CodePoint point = first_code_point(text);
    if (!point.valid) {
      escape(0xFFFD);
    } else if (point.value == '"' || point.value == '\\') {
      out += '\\';
      out += text.front();
    } else if (!is_unsafe(point.value)) {
      out += text.substr(0, point.length);
    } else if (point.value > 0xFFFF) {
      escape(0xD800 + ((point.value - 0x10000) >> 10));
      escape(0xDC00 + ((point.value - 0x10000) & 0x3FF));
    } else {
      escape(point.value);
    }
    text.remove_prefix(point.length);
  }
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_string(out, text);
  return out;
}

}  // namespace vmms
