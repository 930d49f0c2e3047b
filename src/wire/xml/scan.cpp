#include "wire/xml/scan.hpp"

#include "base/text.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmms::wire::xml {

namespace {

constexpr bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool is_name(char c) { return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.'; }

class Scanner {
 public:
  Scanner(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  Status run() {
    if (auto status = encoding(); !status) return status;
    if (auto status = characters(); !status) return status;
    while (position_ < text_.size()) {
      auto status = text_[position_] == '<' ? markup() : content();
      if (!status) return status;
    }
    if (depth_ != 0) return fail("the document ends inside an element");
    if (!root_seen_) return fail("the document has no element");
    return {};
  }

 private:
  Error fail(std::string_view message) const { return error_at(text_, position_, message); }

  static Status unsupported(std::string_view name) {
    return error(Failure::not_supported, fmt::format("the character encoding {} is not supported, only UTF-8", name));
  }

  Status encoding() {
    using namespace std::string_view_literals;
    if (text_.starts_with("\xEF\xBB\xBF"sv)) position_ = 3;
    // Without a mark, a document's first character is `<`, so zeros around it give the wider encodings away.
    if (text_.starts_with("\xFF\xFE"sv) || text_.starts_with("\xFE\xFF"sv) || text_.starts_with("<\0"sv) ||
        text_.starts_with("\0<"sv) || text_.starts_with("\0\0"sv))
      return unsupported("UTF-16 or UTF-32");
    return {};
  }

  Status characters() {
    std::size_t offset = position_;
    while (offset < text_.size()) {
      const char c = text_[offset];
      if (c >= 0x20 && c < 0x7F) {
        ++offset;
        continue;
      }
      const Decoded decoded = decode_utf8(text_, offset);
      if (decoded.length == 0) return error_at(text_, offset, "the text is not UTF-8");
      if (!is_character(decoded.character))
        return error_at(text_, offset, "a control character that XML does not allow");
      offset += decoded.length;
    }
    return {};
  }

  // Character data up to the next markup.
  Status content() {
    for (; position_ < text_.size() && text_[position_] != '<'; ++position_) {
      if (depth_ == 0 && !is_space(text_[position_])) return fail("text outside of the document's element");
      if (text_[position_] == '&')
        if (auto status = reference(); !status) return status;
    }
    return {};
  }

  Status markup() {
    const std::string_view rest = text_.substr(position_);
    if (rest.starts_with("<!--")) return skip_to("-->", 4, "a comment is not closed");
    if (rest.starts_with("<![CDATA[")) {
      if (depth_ == 0) return fail("text outside of the document's element");
      return skip_to("]]>", 9, "a CDATA section is not closed");
    }
    if (rest.starts_with("<!")) return fail("document type declarations are not accepted");
    if (rest.starts_with("<?")) return processing_instruction();
    if (rest.starts_with("</")) return end_tag();
    return start_tag();
  }

  Status skip_to(std::string_view end, std::size_t from, std::string_view message) {
    const std::size_t found = text_.find(end, position_ + from);
    if (found == std::string_view::npos) return fail(message);
    position_ = found + end.size();
    return {};
  }

  Status processing_instruction() {
    const std::size_t start = position_;
    if (auto status = skip_to("?>", 2, "a processing instruction is not closed"); !status) return status;
    const std::string_view instruction = text_.substr(start, position_ - start);
    if (!instruction.starts_with("<?xml") || is_name(instruction[5])) return {};
    if (root_seen_) return error_at(text_, start, "an XML declaration inside the document");
    return declared_encoding(instruction);
  }

  static Status declared_encoding(std::string_view declaration) {
    const std::size_t attribute = declaration.find("encoding");
    if (attribute == std::string_view::npos) return {};
    const std::size_t open = declaration.find_first_of("\"'", attribute);
    if (open == std::string_view::npos) return {};
    const std::size_t close = declaration.find(declaration[open], open + 1);
    const std::string_view name = declaration.substr(open + 1, close - open - 1);
    if (equals_no_case(name, "utf-8") || equals_no_case(name, "utf8") || equals_no_case(name, "us-ascii")) return {};
    return unsupported(name.substr(0, 40));
  }

  Status end_tag() {
    if (depth_ == 0) return fail("an end tag without its element");
    if (auto status = skip_to(">", 2, "an end tag is not closed"); !status) return status;
    --depth_;
    return {};
  }

  Status start_tag() {
    if (depth_ == 0 && root_seen_) return fail("a second element after the document's element");
    if (++elements_ > limits_.elements) return fail(fmt::format("more than {} elements", limits_.elements));
    if (depth_ == limits_.depth) return fail(fmt::format("elements nested more than {} deep", limits_.depth));
    root_seen_ = true;
    ++position_;
    if (auto status = name(); !status) return status;
    for (std::size_t attributes = 0;; ++attributes) {
      const bool space = skip_space();
      if (position_ >= text_.size()) return fail("a tag is not closed");
      if (text_[position_] == '>') {
        ++position_;
        ++depth_;
        return {};
      }
      if (text_.substr(position_).starts_with("/>")) {
        position_ += 2;
        return {};
      }
      if (!space) return fail("white space is missing before an attribute");
      if (attributes == limits_.attributes_per_element)
        return fail(fmt::format("more than {} attributes in one element", limits_.attributes_per_element));
      if (++attributes_ > limits_.attributes) return fail(fmt::format("more than {} attributes", limits_.attributes));
      if (auto status = attribute(); !status) return status;
    }
  }

  bool skip_space() {
    const std::size_t start = position_;
    while (position_ < text_.size() && is_space(text_[position_])) ++position_;
    return position_ != start;
  }

  Status name() {
    if (position_ >= text_.size() || !is_name_start(text_[position_])) return fail("a name is expected");
    while (position_ < text_.size() && is_name(text_[position_])) ++position_;
    return {};
  }

  Status attribute() {
    if (auto status = name(); !status) return status;
    skip_space();
    if (position_ >= text_.size() || text_[position_] != '=') return fail("an attribute has no value");
    ++position_;
    skip_space();
    if (position_ >= text_.size() || (text_[position_] != '"' && text_[position_] != '\''))
      return fail("an attribute's value is not quoted");
    const char quote = text_[position_++];
    for (; position_ < text_.size() && text_[position_] != quote; ++position_) {
      if (text_[position_] == '<') return fail("\"<\" in an attribute's value");
      if (text_[position_] == '&')
        if (auto status = reference(); !status) return status;
    }
    if (position_ >= text_.size()) return fail("an attribute's value is not closed");
    ++position_;
    return {};
  }

  // Without a document type only five entities exist (XML 1.0 section 4.6). Leaves the position on the semicolon.
  Status reference() {
    static constexpr std::size_t longest = 12;
    const std::size_t end = text_.substr(position_, longest).find(';');
    if (end == std::string_view::npos) return fail("\"&\" that begins no reference");
    const std::string_view inside = text_.substr(position_ + 1, end - 1);
    static constexpr std::string_view entities[] = {"amp", "lt", "gt", "quot", "apos"};
    if (inside.starts_with('#')) {
      const bool hexadecimal = inside.starts_with("#x");
      const std::string_view digits = inside.substr(hexadecimal ? 2 : 1);
      std::uint32_t code = 0;
      const char* const last = digits.data() + digits.size();
      const auto [stop, problem] = std::from_chars(digits.data(), last, code, hexadecimal ? 16 : 10);
      if (problem != std::errc() || stop != last || !is_character(code))
        return fail("a reference to a character that XML does not allow");
    } else if (std::find(std::begin(entities), std::end(entities), inside) == std::end(entities)) {
      return fail("a reference to an entity that is not defined");
    }
    position_ += end;
    return {};
  }

  std::string_view text_;
  const Limits& limits_;
  std::size_t position_ = 0;
  std::size_t depth_ = 0;
  std::size_t elements_ = 0;
  std::size_t attributes_ = 0;
  bool root_seen_ = false;
};

}  // namespace

Status scan(std::string_view text, const Limits& limits) { return Scanner(text, limits).run(); }

Error error_at(std::string_view text, std::size_t offset, std::string_view message) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
  return error(Failure::invalid_argument, fmt::format("line {}, column {}: {}", line, column, message));
}

}  // namespace vmms::wire::xml
