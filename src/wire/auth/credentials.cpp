#include "wire/auth/credentials.hpp"

#include "base/text.hpp"
#include "wire/xml/characters.hpp"

#include <cstdint>

namespace vmms::wire::auth {
namespace {

constexpr std::string_view basic = "Basic";

int sextet(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

/// RFC 4648 section 4; the padding may be missing, as some clients leave it out.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 == 0 && text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int value = sextet(c);
    if (value < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>((bits >> count) & 0xff);
    }
  }
  return bytes;
}

}  // namespace

bool is_basic(std::string_view authorization) {
  return equals_no_case(authorization.substr(0, basic.size()), basic) &&
         (authorization.size() == basic.size() || authorization[basic.size()] == ' ');
}

std::optional<Credentials> decode_basic(std::string_view authorization) {
  if (!is_basic(authorization)) return std::nullopt;
  authorization.remove_prefix(basic.size());
  while (!authorization.empty() && authorization.front() == ' ') authorization.remove_prefix(1);
  const auto text = decode_base64(authorization);
  if (!text || !is_clean_text(*text)) return std::nullopt;
  const std::size_t colon = text->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{.user = text->substr(0, colon), .password = text->substr(colon + 1)};
}

bool is_clean_text(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x20 || c == 0x7f) return false;
    const std::size_t length = c < 0x80 ? 1 : xml::decode_utf8(text, at).length;
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace vmms::wire::auth
