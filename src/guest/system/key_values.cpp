#include "guest/system/key_values.hpp"

#include "guest/agent/printable.hpp"

#include <map>

namespace vmms::guest {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 't')
      out += '\t';
    else if (next == 'n')
      out += '\n';
    else if (next == '\\')
      out += '\\';
    else
      (out += '\\') += next;  // not an escape: kept as it is
  }
  return out;
}

}  // namespace

std::string write_key_values(const KeyValues& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    append_escaped(text, name);
    text += '\t';
    append_escaped(text, value);
    text += '\n';
  }
  return text;
}

KeyValues read_key_values(std::string_view text) {
  text = text.substr(0, key_values_bytes);
  std::map<std::string, std::string> found;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos) continue;
    std::string name = printable(unescaped(line.substr(0, tab)), key_value_characters);
    if (name.empty() || (found.size() >= key_values_count && found.count(name) == 0)) continue;
    found[std::move(name)] = printable(unescaped(line.substr(tab + 1)), key_value_characters);
  }
  return {found.begin(), found.end()};
}

}  // namespace vmms::guest
