// Text of clients and guests in lines that people and programs read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmms {

/// One character of UTF-8 text, or one byte that belongs to none.
struct CodePoint {
  std::uint32_t value = 0;
  std::size_t length = 1;
  bool valid = false;
};

/// The first one of a text that is not empty.
CodePoint first_code_point(std::string_view text);

/// Appends the text. What ends a line, commands a terminal, or hides or reorders other text (C0, DEL, C1, U+2028 and
/// U+2029, bidirectional controls, tags), and bytes that are not UTF-8, become escapes: `\x0a`, `\u202e`. The
/// characters of `kept` stay.
void append_escaped(std::string& out, std::string_view text, std::string_view kept = {});
std::string escaped(std::string_view text, std::string_view kept = {});

/// Appends the text as a JSON string (RFC 8259 7) in quotation marks, the same characters escaped in JSON's way. Bytes
/// that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

}  // namespace vmms
