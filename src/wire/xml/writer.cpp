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
  std::size_t offset = 0;
  std::size_t plain = 0;  // where the text not written yet begins
  const auto flush = [&](std::string_view instead, std::size_t length) {
    out.append(text, plain, offset - plain);
    out += instead;
    offset += length;
    plain = offset;
  };
  while (offset < text.size()) {
    const char c = text[offset];
    if (const std::string_view escaped = escape(c, attribute); !escaped.empty()) {
      flush(escaped, 1);
    } else if (c >= 0x20 && c < 0x7F) {
      ++offset;
    } else {
      const Decoded decoded = decode_utf8(text, offset);
      if (decoded.length == 0 || !is_character(decoded.character))
        flush(replacement, decoded.length == 0 ? 1 : decoded.length);
      else
        offset += decoded.length;
    }
  }
  out.append(text, plain, offset - plain);
}

}  // namespace

void append_text(std::string& out, std::string_view text) { append(out, text, false); }
void append_attribute_value(std::string& out, std::string_view text) { append(out, text, true); }

void Writer::close_start_tag() {
  if (in_start_tag_) out_ += '>';
  in_start_tag_ = false;
}

Writer& Writer::start(std::string_view prefix, std::string_view local_name) {
  close_start_tag();
  out_ += '<';
  const std::size_t offset = out_.size();
  if (!prefix.empty()) {
    out_ += prefix;
    out_ += ':';
  }
  out_ += local_name;
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

Writer& Writer::text(std::string_view value) {
  close_start_tag();
  append_text(out_, value);
  return *this;
}

Writer& Writer::raw(std::string_view markup) {
  close_start_tag();
  out_ += markup;
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

Writer& Writer::element(std::string_view prefix, std::string_view local_name, std::string_view value) {
  return start(prefix, local_name).text(value).end();
}

Writer& Writer::element(std::string_view qualified_name, std::string_view value) {
  return element({}, qualified_name, value);
}

}  // namespace vmms::wire::xml
