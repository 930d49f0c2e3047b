// Append-only writing of XML 1.0: markup goes to the end of a string, nothing is built in between.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::wire::xml {

/// By its byte: whether a character is printable ASCII that never needs to be escaped.
inline constexpr auto plain_characters = [] {
  std::array<bool, 256> plain{};
  for (unsigned c = 0x20; c < 0x7F; ++c) plain[c] = c != '&' && c != '<' && c != '>' && c != '"';
  return plain;
}();

/// Whether `text` arrives unchanged: it is UTF-8 without the control characters that XML does not allow.
bool can_carry(std::string_view text);

/// Appends `text` as character data. What XML cannot carry (control characters, bytes that are not UTF-8) becomes
/// U+FFFD, so that no text of a guest or host can break a document.
void append_text(std::string& out, std::string_view text);

/// Appends `text` as the inside of a double-quoted attribute value.
void append_attribute_value(std::string& out, std::string_view text);

/// Names are written as given: they come from constants and schemas. Elements must be ended in order.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  Writer& start(std::string_view prefix, std::string_view local_name);  ///< `<prefix:name`; no prefix when empty
  Writer& start(std::string_view qualified_name);
  Writer& attribute(std::string_view qualified_name, std::string_view value);
  /// An attribute whose value needs no escaping: a namespace, a name from a schema.
  Writer& constant(std::string_view qualified_name, std::string_view value);
  Writer& text(std::string_view value);   ///< also when empty: `<a></a>` instead of `<a/>`
  Writer& raw(std::string_view markup) {  ///< well-formed content, as it is
    close_start_tag();
    out_ += markup;
    return *this;
  }
  Writer& end();
  /// Where the next thing goes, for code that writes much at once.
  std::string& content() {
    close_start_tag();
    return out_;
  }

  /// `<prefix:name>value</prefix:name>`
  Writer& element(std::string_view prefix, std::string_view local_name, std::string_view value);
  Writer& element(std::string_view qualified_name, std::string_view value);

  /// Start and end tag of an element without attributes, for code that knows its name at the end.
  Writer& open(std::string_view prefix, std::string_view local_name);
  Writer& close(std::string_view prefix, std::string_view local_name);

 private:
  struct Name {
    std::size_t offset;
    std::size_t length;
  };
  void close_start_tag() {
    if (in_start_tag_) out_ += '>';
    in_start_tag_ = false;
  }
  void name(std::string_view prefix, std::string_view local_name);

  std::string& out_;
  std::vector<Name> open_;  ///< where in `out_` the names of the open elements stand
  bool in_start_tag_ = false;
};

}  // namespace vmms::wire::xml
