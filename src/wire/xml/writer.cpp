#include "wire/xml/writer.hpp"

#include "wire/xml/characters.hpp"

namespace vmms::wire::xml {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

// What a character is written as; empty when it stands for itself.
std::string_view escape(char c, bool attribute) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\r':
      return "&#xD;";  // a reader would turn it into a line feed
    case '\n':
      return attribute ? "&#xA;" : std::string_view{};
    case '\t':
      return attribute ? "&#x9;" : std::string_view{};
    default:
      return {};
  }
}

void append(std::string& out, std::string_view text, bool attribute) {
  std::size_t plain = 0;  // where the text not written yet begins
  for (std::size_t offset = 0;;) {
    while (offset < text.size() && plain_characters[static_cast<unsigned char>(text[offset])]) ++offset;
    if (offset == text.size()) break;
    std::string_view instead = escape(text[offset], attribute);
    std::size_t length = 1;
    if (instead.empty()) {
      const Decoded decoded = decode_utf8(text, offset);
      if (decoded.length != 0) length = decoded.length;
      if (decoded.length == 0 || !is_character(decoded.character)) instead = replacement;
    }
    if (!instead.empty()) {
      out.append(text, plain, offset - plain);
      out += instead;
      plain = offset + length;
    }
    offset += length;
  }
  out.append(text, plain);
}

}  // namespace

bool can_carry(std::string_view text) {
  for (std::size_t offset = 0;;) {
    while (offset < text.size() && plain_characters[static_cast<unsigned char>(text[offset])]) ++offset;
    if (offset == text.size()) return true;
    const Decoded decoded = decode_utf8(text, offset);
    if (decoded.length == 0 || !is_character(decoded.character)) return false;
    offset += decoded.length;
  }
}

void append_text(std::string& out, std::string_view text) { append(out, text, false); }
void append_attribute_value(std::string& out, std::string_view text) { append(out, text, true); }

void Writer::name(std::string_view prefix, std::string_view local_name) {
  if (!prefix.empty()) {
    out_ += prefix;
    out_ += ':';
  }
  out_ += local_name;
}

Writer& Writer::start(std::string_view prefix, std::string_view local_name) {
  close_start_tag();
  out_ += '<';
  const std::size_t offset = out_.size();
  name(prefix, local_name);
  open_.push_back({offset, out_.size() - offset});
  in_start_tag_ = true;
  return *this;
}

Writer& Writer::start(std::string_view qualified_name) { return start({}, qualified_name); }

Writer& Writer::attribute(std::string_view qualified_name, std::string_view value) {
  out_ += ' ';
  out_ += qualified_name;
  out_ += "=\"";
  append_attribute_value(out_, value);
  out_ += '"';
  return *this;
}

Writer& Writer::constant(std::string_view qualified_name, std::string_view value) {
  out_ += ' ';
  out_ += qualified_name;
  out_ += "=\"";
  out_ += value;
  out_ += '"';
  return *this;
}

Writer& Writer::text(std::string_view value) {
  close_start_tag();
  append_text(out_, value);
  return *this;
}

Writer& Writer::end() {
  const Name name = open_.back();
  open_.pop_back();
  if (in_start_tag_) {
    out_ += "/>";
    in_start_tag_ = false;
    return *this;
  }
  out_ += "</";
  out_.append(out_, name.offset, name.length);
  out_ += '>';
  return *this;
}

Writer& Writer::open(std::string_view prefix, std::string_view local_name) {
  close_start_tag();
  out_ += '<';
  name(prefix, local_name);
  out_ += '>';
  return *this;
}

Writer& Writer::close(std::string_view prefix, std::string_view local_name) {
  out_ += "</";
  name(prefix, local_name);
  out_ += '>';
  return *this;
}

Writer& Writer::element(std::string_view prefix, std::string_view local_name, std::string_view value) {
  return open(prefix, local_name).text(value).close(prefix, local_name);
}

Writer& Writer::element(std::string_view qualified_name, std::string_view value) {
  return element({}, qualified_name, value);
}

}  // namespace vmms::wire::xml
