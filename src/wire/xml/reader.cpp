#include "wire/xml/reader.hpp"

#include "wire/xml/characters.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <vector>

namespace vmms::wire::xml {

namespace {

constexpr std::string_view xml_uri = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view xmlns_uri = "http://www.w3.org/2000/xmlns/";

struct Name {
  std::string_view prefix;
  std::string_view local;
};

Name split(std::string_view qualified) {
  const std::size_t colon = qualified.find(':');
  if (colon == std::string_view::npos) return {{}, qualified};
  return {qualified.substr(0, colon), qualified.substr(colon + 1)};
}

bool is_well_formed(std::string_view qualified) {
  const Name name = split(qualified);
  const bool has_colon = name.local.size() != qualified.size();
  return !name.local.empty() && name.local.find(':') == std::string_view::npos && !(has_colon && name.prefix.empty());
}

bool is_declaration(std::string_view attribute_name) {
  return attribute_name == "xmlns" || attribute_name.starts_with("xmlns:");
}

// The prefix that a declaration binds; empty for the default namespace.
std::string_view declared_prefix(std::string_view attribute_name) {
  return attribute_name == "xmlns" ? std::string_view{} : split(attribute_name).local;
}

// Checks names and prefixes of a whole document (Namespaces in XML 1.0), with the declarations in scope on a stack.
class NamespaceWalk {
 public:
  NamespaceWalk(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  // Recursion is bounded: scan() has checked the depth.
  Status visit(pugi::xml_node element) {
    const std::size_t outer = scope_.size();
    if (auto status = declare(element); !status) return status;
    if (auto status = check(element); !status) return status;
    for (const pugi::xml_node child : element.children())
      if (child.type() == pugi::node_element)
        if (auto status = visit(child); !status) return status;
    scope_.resize(outer);
    return {};
  }

 private:
  struct Binding {
    std::string_view prefix;
    std::string_view uri;
  };

  Error fail(pugi::xml_node element, std::string_view message) const {
    return error_at(text_, static_cast<std::size_t>(element.offset_debug()), message);
  }

  Status declare(pugi::xml_node element) {
    for (const pugi::xml_attribute attribute : element.attributes()) {
      if (!is_declaration(attribute.name())) continue;
      const std::string_view prefix = declared_prefix(attribute.name());
      const std::string_view uri = attribute.value();
      if ((prefix == "xml") != (uri == xml_uri) || prefix == "xmlns" || uri == xmlns_uri)
        return fail(element, "a reserved namespace is declared");
      if (!prefix.empty() && uri.empty()) return fail(element, "a prefix is declared without a namespace");
      if (scope_.size() == limits_.namespaces)
        return fail(element, fmt::format("more than {} namespace declarations in scope", limits_.namespaces));
      scope_.push_back({prefix, uri});
    }
    return {};
  }

  Status check(pugi::xml_node element) {
    if (!is_well_formed(element.name()) || !find(split(element.name()).prefix))
      return fail(element, fmt::format("element {:.100}: its prefix is not declared", element.name()));
    std::vector<Binding> seen;  // namespace and local name
    for (const pugi::xml_attribute attribute : element.attributes()) {
      const std::string_view qualified = attribute.name();
      const Name name = split(qualified);
      std::optional<std::string_view> uri;
      if (is_well_formed(qualified)) {
        if (is_declaration(qualified))
          uri = xmlns_uri;
        else
          uri = name.prefix.empty() ? std::string_view{} : find(name.prefix);
      }
      if (!uri) return fail(element, fmt::format("attribute {:.100}: its prefix is not declared", qualified));
      for (const Binding& other : seen)
        if (other.prefix == *uri && other.uri == name.local)
          return fail(element, fmt::format("attribute {:.100} is given twice", qualified));
      seen.push_back({*uri, name.local});
    }
    return {};
  }

  std::optional<std::string_view> find(std::string_view prefix) const {
    if (prefix == "xml") return xml_uri;
    for (auto binding = scope_.rbegin(); binding != scope_.rend(); ++binding)
      if (binding->prefix == prefix) return binding->uri;
    if (prefix.empty()) return std::string_view{};
    return {};
  }

  std::string_view text_;
  const Limits& limits_;
  std::vector<Binding> scope_;
};

// The namespace bound to a prefix at an element of a document that NamespaceWalk has passed.
std::string_view lookup(pugi::xml_node element, std::string_view prefix) {
  if (prefix == "xml") return xml_uri;
  for (; element.type() == pugi::node_element; element = element.parent())
    for (const pugi::xml_attribute attribute : element.attributes())
      if (is_declaration(attribute.name()) && declared_prefix(attribute.name()) == prefix) return attribute.value();
  return {};
}

}  // namespace

struct Document::State {
  std::string buffer;  ///< pugixml works inside it
  pugi::xml_document document;
};

Document::Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string text, const Limits& limits) {
  if (auto status = scan(text, limits); !status) return status.error();
  Document result;
  result.state_ = std::make_unique<State>();
  State& state = *result.state_;
  state.buffer = text;
  constexpr unsigned flags =
      pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol | pugi::parse_wconv_attribute | pugi::parse_ws_pcdata;
  const pugi::xml_parse_result parsed =
      state.document.load_buffer_inplace(state.buffer.data(), state.buffer.size(), flags, pugi::encoding_utf8);
  if (!parsed) return error_at(text, static_cast<std::size_t>(parsed.offset), parsed.description());
  if (auto status = NamespaceWalk(text, limits).visit(state.document.document_element()); !status)
    return status.error();
  return result;
}

Element Document::root() const {
  return state_ ? Element(state_->document.document_element().internal_object()) : Element();
}

std::string_view Element::name() const { return split(pugi::xml_node(node_).name()).local; }

std::string_view Element::namespace_uri() const {
  const pugi::xml_node node(node_);
  return lookup(node, split(node.name()).prefix);
}

bool Element::is(std::string_view uri, std::string_view local_name) const {
  return name() == local_name && namespace_uri() == uri;
}

std::string Element::text() const {
  std::string result;
  for (const pugi::xml_node child : pugi::xml_node(node_).children())
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) result += child.value();
  return result;
}

std::optional<std::string_view> Element::attribute(std::string_view uri, std::string_view local_name) const {
  const pugi::xml_node node(node_);
  for (const pugi::xml_attribute attribute : node.attributes()) {
    const Name name = split(attribute.name());
    if (name.local != local_name || is_declaration(attribute.name())) continue;
    if (name.prefix.empty() ? uri.empty() : lookup(node, name.prefix) == uri) return attribute.value();
  }
  return {};
}

namespace {

pugi::xml_node element_from(pugi::xml_node node) {
  while (node && node.type() != pugi::node_element) node = node.next_sibling();
  return node;
}

}  // namespace

Element Element::first_child() const {
  return Element(element_from(pugi::xml_node(node_).first_child()).internal_object());
}

Element Element::next_sibling() const {
  return Element(element_from(pugi::xml_node(node_).next_sibling()).internal_object());
}

Element Element::child(std::string_view uri, std::string_view local_name) const {
  for (const Element element : children())
    if (element.is(uri, local_name)) return element;
  return {};
}

Element::Range Element::children() const { return {first_child()}; }

}  // namespace vmms::wire::xml
