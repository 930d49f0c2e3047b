#include "guest/agent/agent_json.hpp"

#include "base/encoding.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <iterator>

namespace vmms::guest {

namespace json = boost::json;

namespace {

constexpr std::size_t most_nested = 32;  // the parser's own bound

// Where the string that begins at `first` ends: its closing quote, or the end of the text.
std::size_t end_of_string(std::string_view text, std::size_t first) {
  for (std::size_t end = first;; ++end) {
    end = text.find('"', end);
    if (end == std::string_view::npos) return text.size();
    std::size_t escapes = 0;
    while (end - escapes > first && text[end - escapes - 1] == '\\') ++escapes;
    if (escapes % 2 == 0) return end;
  }
}

// Whether a text is within the bounds, before anything is made of it. Whether it is JSON is not looked at.
bool fits(std::string_view text) {
  std::array<std::size_t, most_nested + 1> members{};  // of the objects that are open
  std::size_t depth = 0;
  std::size_t values = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        i = end_of_string(text, i + 1);
        break;
      case '[':
      case '{':
        if (++depth > most_nested || ++values > most_agent_values) return false;
        members[depth] = 0;
        break;
      case ']':
      case '}':
        if (depth > 0) --depth;
        break;
      case ',':
        if (++values > most_agent_values) return false;
        break;
      case ':':
        if (++members[depth] > most_agent_members) return false;
        break;
      default:
        break;
    }
  }
  return true;
}

}  // namespace

Result<json::value> read_agent_json(std::string_view text) {
  if (!fits(text)) return error(Failure::failed, "it holds more values than any answer does");
  boost::system::error_code code;
  json::value value = json::parse(text, code);
  if (code) return error(Failure::failed, "it is no JSON object");
  return value;
}

std::string write_agent_json(const json::value& value) {
  std::string text = json::serialize(value);
  const auto end_of_ascii = [&text](std::size_t from) {
    const auto beyond = [](char c) { return static_cast<unsigned char>(c) >= 0x80; };
    return static_cast<std::size_t>(std::find_if(text.begin() + static_cast<std::ptrdiff_t>(from), text.end(), beyond) -
                                    text.begin());
  };
  std::size_t at = end_of_ascii(0);
  if (at == text.size()) return text;  // nearly every command

  std::string ascii = text.substr(0, at);
  const auto escape = [&ascii](std::uint32_t unit) { fmt::format_to(std::back_inserter(ascii), "\\u{:04x}", unit); };
  while (at < text.size()) {
    const Decoded next = decode_utf8(text, at);
    const std::size_t after = at + next.length;
    if (next.length == 0) {  // no UTF-8
      ascii += text[at++];
    } else if (next.character < 0x80) {
      const std::size_t end = end_of_ascii(at);
      ascii.append(text, at, end - at);
      at = end;
    } else if (next.character < 0x10000) {
      escape(next.character);
      at = after;
    } else {
      escape(0xD800 + ((next.character - 0x10000) >> 10));
      escape(0xDC00 + ((next.character - 0x10000) & 0x3FF));
      at = after;
    }
  }
  return ascii;
}

}  // namespace vmms::guest
