// The parts of HTTP fields (RFC 9110 section 5.6).
#pragma once

#include <algorithm>
#include <string_view>

namespace vmms::wire::http {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

constexpr bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

constexpr bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

/// No part of a line: line ends are found before.
constexpr bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace vmms::wire::http
