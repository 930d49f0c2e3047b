#include "wire/xml/parser.hpp"

#include "base/text.hpp"
#include "wire/xml/characters.hpp"
#include "wire/xml/declaration.hpp"
#include "wire/xml/tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace vmms::wire::xml {

namespace {

constexpr std::string_view xml_uri = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view xmlns_uri = "http://www.w3.org/2000/xmlns/";

// What of a name is ASCII.
constexpr auto plain_in_names = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:-."))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();
constexpr bool is_plain_in_name(char c) { return plain_in_names[static_cast<unsigned char>(c)]; }

// Neither markup, nor a quote, nor white space that becomes a space.
constexpr auto plain_in_values = [] {
  std::array<bool, 256> table{};
  for (unsigned i = 0x20; i < 256; ++i) table[i] = i != '"' && i != '\'' && i != '<' && i != '&';
  return table;
}();
constexpr bool is_plain_in_value(char c) { return plain_in_values[static_cast<unsigned char>(c)]; }

struct Name {
  std::string_view prefix;
  std::string_view local;
  bool well_formed;
};

Name split(std::string_view qualified) {
  const std::size_t colon = qualified.find(':');
  if (colon == std::string_view::npos) return {{}, qualified, true};
  const std::string_view prefix = qualified.substr(0, colon);
  const std::string_view local = qualified.substr(colon + 1);
  return {prefix, local,
          !prefix.empty() && !local.empty() && local.find(':') == std::string_view::npos &&
              is_name_start(decode_utf8(local, 0).character)};
}

bool is_declaration(const Name& name) {
  return name.prefix == "xmlns" || (name.prefix.empty() && name.local == "xmlns");
}

Error error_at(std::string_view text, std::size_t offset, std::string_view message) {
  const std::string_view before = text.substr(0, std::min(offset, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? before.size() + 1 : before.size() - newline;
  return error(Failure::invalid_argument, fmt::format("line {}, column {}: {}", line, column, message));
}

// Functions that return a bool have set `failure_` when it is false.
class Parser {
 public:
  Parser(Tree& tree, const Limits& limits, EncodingName encoding_name, const Afford& afford)
      : tree_(tree),
        text_(tree.text),
        limits_(limits),
        encoding_name_(encoding_name),
        afford_(afford),
        bytes_(tree.text.size()) {}

  Status run() {
    // Room for a small request, in pieces that malloc has at hand; entry 0 of each table is none.
    tree_.nodes.reserve(16);
    tree_.texts.reserve(16);
    tree_.attributes.reserve(16);
    tree_.nodes.emplace_back();
    tree_.texts.emplace_back();
    tree_.attributes.emplace_back();
    open_.reserve(16);
    scope_.reserve(16);
    if (!document()) return std::move(*failure_);
    for (const Raw& raw : raw_texts_)
      tree_.texts[raw.index].value = resolve(tree_.texts[raw.index].value, raw.references, false);
    return {};
  }

 private:
  struct Open {
    std::uint32_t node;
    std::uint32_t last_child;
    std::uint32_t last_text;
    std::size_t scope;  ///< what was in scope around it
    std::string_view qualified;
  };
  struct Binding {
    std::string_view prefix;
    std::string_view uri;  ///< equal ones are the same text, see is_same()
  };
  /// Character data with unresolved references.
  struct Raw {
    std::uint32_t index;
    bool references;
  };

  bool fail(std::string_view message) { return fail_at(position_, message); }
  bool fail_at(std::size_t offset, std::string_view message) {
    failure_ = error_at(text_, offset, message);
    return false;
  }
  bool unsupported(std::string_view name) {
    failure_ =
        error(Failure::not_supported, fmt::format("the character encoding {} is not supported, only UTF-8", name));
    return false;
  }

  /// For one entry more.
  template <class T>
  bool make_room(std::vector<T>& table) {
    if (table.size() < table.capacity() || table.empty()) return true;
    bytes_ += table.capacity() * sizeof(T);
    if (afford_) {
      if (const Status paid = afford_(bytes_); !paid) {
        failure_ = paid.error();
        return false;
      }
    }
    table.reserve(2 * table.capacity());
    return true;
  }

  bool at_end() const { return position_ >= text_.size(); }
  bool at(std::string_view what) const { return text_.substr(position_).starts_with(what); }

  bool document() {
    if (!encoding() || !characters()) return false;
    while (!at_end())
      if (!(text_[position_] == '<' ? markup() : content())) return false;
    if (!open_.empty()) return fail("the document ends inside an element");
    if (!root_seen_) return fail("the document has no element");
    return true;
  }

  bool encoding() {
    using namespace std::string_view_literals;
    if (text_.starts_with("\xEF\xBB\xBF"sv)) start_ = position_ = 3;
    // Without a mark, a document's first character is `<`, so zeros around it give the wider encodings away.
    if (text_.starts_with("\xFF\xFE"sv) || text_.starts_with("\xFE\xFF"sv) || text_.starts_with("<\0"sv) ||
        text_.starts_with("\0<"sv) || text_.starts_with("\0\0"sv))
      return unsupported("UTF-16 or UTF-32");
    return true;
  }

  bool characters() {
    std::size_t offset = position_;
    while (offset < text_.size()) {
      if (is_ascii(offset)) {
        offset += sizeof(std::uint64_t);
        continue;
      }
      const Decoded decoded = decode_utf8(text_, offset);
      if (decoded.length == 0) return fail_at(offset, "the text is not UTF-8");
      if (!is_character(decoded.character)) return fail_at(offset, "a control character that XML does not allow");
      offset += decoded.length;
    }
    return true;
  }

  // Whether the next eight bytes are ASCII and no control characters.
  bool is_ascii(std::size_t offset) const {
    constexpr std::uint64_t high = 0x8080808080808080;
    constexpr std::uint64_t space = 0x2020202020202020;
    if (text_.size() - offset < sizeof(std::uint64_t)) return false;
    std::uint64_t bytes;
    std::memcpy(&bytes, text_.data() + offset, sizeof bytes);
    return ((bytes | (bytes - space)) & high) == 0;
  }

  // Character data up to the next markup.
  bool content() {
    const std::size_t start = position_;
    const std::string_view piece = text_.substr(start, text_.find('<', start) - start);
    if (open_.empty()) {
      for (; position_ < start + piece.size(); ++position_)
        if (!is_space(text_[position_])) return fail("text outside of the document's element");
      return true;
    }
    bool raw = false;
    for (const char c : piece) raw |= c == '&' || c == '\r' || c == ']';
    if (raw)
      for (; position_ < start + piece.size(); ++position_) {
        if (text_[position_] == '&' && !reference()) return false;
        if (text_[position_] == ']' && at("]]>")) return fail("\"]]>\" outside of a CDATA section");
      }
    position_ = start + piece.size();
    return add_text(piece, raw, true);
  }

  bool add_text(std::string_view piece, bool raw, bool references) {
    const auto index = static_cast<std::uint32_t>(tree_.texts.size());
    if (index > limits_.texts) return fail(fmt::format("more than {} pieces of text", limits_.texts));
    if (!make_room(tree_.texts)) return false;
    tree_.texts.push_back({piece});
    if (raw && !make_room(raw_texts_)) return false;
    if (raw) raw_texts_.push_back({index, references});
    Open& element = open_.back();
    (element.last_text == 0 ? tree_.nodes[element.node].first_text : tree_.texts[element.last_text].next) = index;
    element.last_text = index;
    return true;
  }

  bool markup() {
    switch (position_ + 1 < text_.size() ? text_[position_ + 1] : '\0') {
      case '/':
        return end_tag();
      case '?':
        return processing_instruction();
      case '!':
        if (at("<!--")) return comment();
        if (at("<![CDATA[")) return character_data();
        return fail("document type declarations are not accepted");
      default:
        return start_tag();
    }
  }

  bool character_data() {
    if (open_.empty()) return fail("text outside of the document's element");
    constexpr std::string_view begin = "<![CDATA[";
    constexpr std::string_view end = "]]>";
    const std::size_t start = position_ + begin.size();
    if (!skip_to(end, begin.size(), "a CDATA section is not closed")) return false;
    const std::string_view piece = text_.substr(start, position_ - end.size() - start);
    return add_text(piece, piece.find('\r') != std::string_view::npos, false);
  }

  bool skip_to(std::string_view end, std::size_t from, std::string_view message) {
    const std::size_t found = text_.find(end, position_ + from);
    if (found == std::string_view::npos) return fail(message);
    position_ = found + end.size();
    return true;
  }

  bool comment() {
    if (!skip_to("--", 4, "a comment is not closed")) return false;
    if (at_end() || text_[position_] != '>') return fail("\"--\" inside a comment");
    ++position_;
    return true;
  }

  bool processing_instruction() {
    const std::size_t start = position_;
    position_ += 2;
    if (!name()) return false;
    const std::string_view target = text_.substr(start + 2, position_ - start - 2);
    if (!at_end() && !is_space(text_[position_]) && !at("?>")) return fail("a processing instruction's name is wrong");
    if (!skip_to("?>", 0, "a processing instruction is not closed")) return false;
    if (target == "xml" && start == start_) return declaration(text_.substr(start, position_ - start));
    if (equals_no_case(target, "xml")) return fail_at(start, "an XML declaration that is not at the document's start");
    if (target.find(':') != std::string_view::npos) return fail_at(start, "a processing instruction's name is wrong");
    return true;
  }

  bool declaration(std::string_view text) {
    const auto declared = read_declaration(text);
    if (!declared) return fail_at(start_, "the XML declaration is not well-formed, or not of version 1.0");
    const std::string_view name = declared->encoding;
    if (encoding_name_ == EncodingName::is_void || name.empty()) return true;
    if (equals_no_case(name, "utf-8") || equals_no_case(name, "utf8")) return true;
    if (!equals_no_case(name, "us-ascii")) return unsupported(name.substr(0, 40));
    const auto beyond =
        std::find_if(text_.begin(), text_.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    return beyond == text_.end() ||
           fail_at(static_cast<std::size_t>(beyond - text_.begin()), "a character that is not of us-ascii");
  }

  bool end_tag() {
    if (open_.empty()) return fail("an end tag without its element");
    const std::string_view qualified = open_.back().qualified;
    std::size_t end = position_ + 2;
    if (text_.compare(end, qualified.size(), qualified) != 0)
      return fail(fmt::format("an end tag that is not of the element {:.100}", qualified));
    end += qualified.size();
    while (end < text_.size() && is_space(text_[end])) ++end;
    if (end >= text_.size() || text_[end] != '>')
      return fail(fmt::format("an end tag that is not of the element {:.100}, or is not closed", qualified));
    position_ = end + 1;
    close_element();
    return true;
  }

  void close_element() {
    scope_.resize(open_.back().scope);
    open_.pop_back();
  }

  bool start_tag() {
    if (open_.empty() && root_seen_) return fail("a second element after the document's element");
    if (tree_.nodes.size() > limits_.elements) return fail(fmt::format("more than {} elements", limits_.elements));
    if (open_.size() == limits_.depth) return fail(fmt::format("elements nested more than {} deep", limits_.depth));
    root_seen_ = true;
    const std::size_t start = ++position_;
    if (!name()) return false;
    const std::string_view qualified = text_.substr(start, position_ - start);
    const auto first = static_cast<std::uint32_t>(tree_.attributes.size());
    for (;;) {
      const bool space = skip_space();
      if (at_end()) return fail("a tag is not closed");
      const char c = text_[position_];
      if (c == '>' || c == '/') break;
      if (!space) return fail("white space is missing before an attribute");
      const std::size_t attributes = tree_.attributes.size();
      if (attributes - first == limits_.attributes_per_element)
        return fail(fmt::format("more than {} attributes in one element", limits_.attributes_per_element));
      if (attributes > limits_.attributes) return fail(fmt::format("more than {} attributes", limits_.attributes));
      if (!attribute()) return false;
    }
    const bool empty = text_[position_] == '/';
    if (empty && !at("/>")) return fail("a tag is not closed");
    position_ += empty ? 2 : 1;
    if (!add_element(qualified, first, start)) return false;
    if (empty) close_element();
    return true;
  }

  // Links the element with its parent and finds its namespaces, which its own attributes may declare.
  bool add_element(std::string_view qualified, std::uint32_t first_attribute, std::size_t offset) {
    const std::size_t outer = scope_.size();
    if (!declare(first_attribute, offset)) return false;
    const Name name = split(qualified);
    const std::optional<std::string_view> uri = name.well_formed ? find(name.prefix) : std::nullopt;
    if (!uri) return fail_at(offset, fmt::format("element {:.100}: its prefix is not declared", qualified));
    if (!find_namespaces(first_attribute, offset)) return false;

    const auto index = static_cast<std::uint32_t>(tree_.nodes.size());
    const auto attributes = static_cast<std::uint32_t>(tree_.attributes.size()) - first_attribute;
    if (!make_room(tree_.nodes)) return false;
    tree_.nodes.push_back(
        {.name = name.local, .uri = *uri, .first_attribute = first_attribute, .attributes = attributes});
    if (!open_.empty()) {
      Open& parent = open_.back();
      (parent.last_child == 0 ? tree_.nodes[parent.node].first_child : tree_.nodes[parent.last_child].next_sibling) =
          index;
      parent.last_child = index;
    }
    open_.push_back({index, 0, 0, outer, qualified});
    return true;
  }

  bool declare(std::uint32_t first_attribute, std::size_t offset) {
    for (std::size_t i = first_attribute; i < tree_.attributes.size(); ++i) {
      const Tree::Attribute& attribute = tree_.attributes[i];
      if (attribute.uri != xmlns_uri) continue;
      const std::string_view prefix = attribute.prefix.empty() ? std::string_view() : attribute.name;
      const std::string_view uri = attribute.value;
      if ((prefix == "xml") != (uri == xml_uri) || prefix == "xmlns" || uri == xmlns_uri)
        return fail_at(offset, "a reserved namespace is declared");
      if (!prefix.empty() && uri.empty()) return fail_at(offset, "a prefix is declared without a namespace");
      if (scope_.size() == limits_.namespaces)
        return fail_at(offset, fmt::format("more than {} namespace declarations in scope", limits_.namespaces));
      const auto same =
          std::find_if(scope_.begin(), scope_.end(), [&](const Binding& each) { return each.uri == uri; });
      scope_.push_back({prefix, same == scope_.end() ? uri : same->uri});
    }
    return true;
  }

  bool find_namespaces(std::uint32_t first_attribute, std::size_t offset) {
    for (std::size_t i = first_attribute; i < tree_.attributes.size(); ++i) {
      Tree::Attribute& attribute = tree_.attributes[i];
      if (!attribute.prefix.empty() && attribute.uri.empty()) {
        const auto uri = find(attribute.prefix);
        if (!uri)
          return fail_at(offset, fmt::format("attribute {:.100}: its prefix is not declared", attribute.prefix));
        attribute.uri = *uri;
      }
      for (std::size_t other = first_attribute; other < i; ++other)
        if (tree_.attributes[other].name == attribute.name && is_same(tree_.attributes[other].uri, attribute.uri))
          return fail_at(offset, fmt::format("attribute {:.100} is given twice", attribute.name));
    }
    return true;
  }

  /// Of two namespaces in scope. They may be long and differ only at their ends, and each pair of attributes asks.
  static bool is_same(std::string_view left, std::string_view right) {
    return left.data() == right.data() && left.size() == right.size();
  }

  std::optional<std::string_view> find(std::string_view prefix) const {
    if (prefix == "xml") return xml_uri;
    for (auto binding = scope_.rbegin(); binding != scope_.rend(); ++binding)
      if (binding->prefix == prefix) return binding->uri;
    if (prefix.empty()) return std::string_view{};
    return {};
  }

  bool skip_space() {
    const std::size_t start = position_;
    while (!at_end() && is_space(text_[position_])) ++position_;
    return position_ != start;
  }

  bool name() {
    const std::size_t start = position_;
    for (; !at_end(); ++position_) {
      if (is_plain_in_name(text_[position_])) continue;
      if (static_cast<unsigned char>(text_[position_]) < 0x80) break;
      const Decoded decoded = decode_utf8(text_, position_);
      if (!is_name(decoded.character)) return fail("a character that cannot stand in a name");
      position_ += decoded.length - 1;
    }
    if (position_ == start || !is_name_start(decode_utf8(text_, start).character))
      return fail_at(start, "a name is expected");
    return true;
  }

  bool attribute() {
    const std::size_t start = position_;
    if (!name()) return false;
    const std::string_view qualified = text_.substr(start, position_ - start);
    const Name name = split(qualified);
    if (!name.well_formed)
      return fail_at(start, fmt::format("attribute {:.100}: its prefix is not declared", qualified));
    skip_space();
    if (at_end() || text_[position_] != '=') return fail("an attribute has no value");
    ++position_;
    skip_space();
    if (at_end() || (text_[position_] != '"' && text_[position_] != '\''))
      return fail("an attribute's value is not quoted");
    const char quote = text_[position_++];
    const std::size_t value = position_;
    bool raw = false;
    for (; !at_end(); ++position_) {
      const char c = text_[position_];
      if (is_plain_in_value(c)) continue;
      if (c == quote) break;
      if (c == '<') return fail("\"<\" in an attribute's value");
      raw |= c != '"' && c != '\'';
      if (c == '&' && !reference()) return false;
    }
    if (at_end()) return fail("an attribute's value is not closed");
    const std::string_view text = text_.substr(value, position_ - value);
    if (!make_room(tree_.attributes)) return false;
    tree_.attributes.push_back({name.prefix, name.local, is_declaration(name) ? xmlns_uri : std::string_view(),
                                raw ? resolve(text, true, true) : text});
    ++position_;
    return true;
  }

  struct Entity {
    std::string_view name;
    char character;
  };
  // Without a document type only five entities exist (XML 1.0 section 4.6).
  static constexpr Entity entities[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};

  // What `&…;` means, without the marks; nothing for what is no reference, or to no character of XML.
  static std::optional<char32_t> meaning(std::string_view inside) {
    if (!inside.starts_with('#')) {
      for (const Entity& entity : entities)
        if (entity.name == inside) return static_cast<char32_t>(entity.character);
      return {};
    }
    const bool hexadecimal = inside.starts_with("#x");
    const std::string_view digits = inside.substr(hexadecimal ? 2 : 1);
    std::uint32_t code = 0;
    const char* const last = digits.data() + digits.size();
    const auto [stop, problem] = std::from_chars(digits.data(), last, code, hexadecimal ? 16 : 10);
    if (problem != std::errc() || stop != last || !is_character(code)) return {};
    return code;
  }

  // Checks a reference and leaves the position on its semicolon.
  bool reference() {
    std::size_t end = 1;
    while (position_ + end < text_.size() &&
           (text_[position_ + end] == '#' || is_plain_in_name(text_[position_ + end])))
      ++end;
    if (position_ + end == text_.size() || text_[position_ + end] != ';') return fail("\"&\" that begins no reference");
    const std::string_view inside = text_.substr(position_ + 1, end - 1);
    if (!meaning(inside))
      return fail(inside.starts_with('#') ? "a reference to a character that XML does not allow"
                                          : "a reference to an entity that is not defined");
    position_ += end;
    return true;
  }

  // Replaces references, line ends (XML 1.0 section 2.11) and white space in attributes (3.3.3) by what they mean, in
  // place: it never gets longer.
  std::string_view resolve(std::string_view raw, bool references, bool attribute) {
    char* const begin = tree_.text.data() + (raw.data() - tree_.text.data());
    char* out = begin;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      char c = raw[i];
      if (references && c == '&') {
        const std::size_t end = raw.find(';', i);
        out = encode_utf8(*meaning(raw.substr(i + 1, end - i - 1)), out);
        i = end;
        continue;
      }
      if (c == '\r') {
        if (i + 1 < raw.size() && raw[i + 1] == '\n') ++i;
        c = '\n';
      }
      *out++ = attribute && is_space(c) ? ' ' : c;
    }
    return {begin, static_cast<std::size_t>(out - begin)};
  }

  Tree& tree_;
  const std::string_view text_;
  const Limits& limits_;
  const EncodingName encoding_name_;
  const Afford& afford_;
  std::size_t bytes_;      ///< of the text, and of tables beyond their first entries
  std::size_t start_ = 0;  ///< behind the mark
  std::size_t position_ = 0;
  bool root_seen_ = false;
  std::vector<Open> open_;
  std::vector<Binding> scope_;
  std::vector<Raw> raw_texts_;
  std::optional<Error> failure_;
};

}  // namespace

Status parse(Tree& tree, const Limits& limits, EncodingName encoding_name, const Afford& afford) {
  return Parser(tree, limits, encoding_name, afford).run();
}

}  // namespace vmms::wire::xml
