#include "wire/xml/reader.hpp"

#include "wire/xml/parser.hpp"
#include "wire/xml/tree.hpp"

namespace vmms::wire::xml {

Document::Document() = default;
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::parse(std::string text, const Limits& limits, EncodingName encoding_name,
                                 const Afford& afford) {
  Document result;
  result.tree_ = std::make_unique<Tree>();
  result.tree_->text = std::move(text);
  if (const Status parsed = xml::parse(*result.tree_, limits, encoding_name, afford); !parsed) return parsed.error();
  return result;
}

std::size_t Document::footprint() const {
  if (!tree_) return 0;
  return tree_->text.capacity() + tree_->nodes.capacity() * sizeof(Tree::Node) +
         tree_->texts.capacity() * sizeof(Tree::Text) + tree_->attributes.capacity() * sizeof(Tree::Attribute);
}

Element Document::root() const { return tree_ ? Element(*tree_, Tree::root) : Element(); }

std::string_view Element::name() const { return tree_ ? tree_->nodes[index_].name : std::string_view(); }

std::string_view Element::namespace_uri() const { return tree_ ? tree_->nodes[index_].uri : std::string_view(); }

bool Element::is(std::string_view uri, std::string_view local_name) const {
  return name() == local_name && namespace_uri() == uri;
}

std::string Element::text() const {
  std::string result;
  if (!tree_) return result;
  for (std::uint32_t at = tree_->nodes[index_].first_text; at != 0; at = tree_->texts[at].next)
    result += tree_->texts[at].value;
  return result;
}

std::optional<std::string_view> Element::attribute(std::string_view uri, std::string_view local_name) const {
  if (!tree_) return {};
  const Tree::Node& node = tree_->nodes[index_];
  for (std::uint32_t i = node.first_attribute; i < node.first_attribute + node.attributes; ++i) {
    const Tree::Attribute& each = tree_->attributes[i];
    if (each.name == local_name && each.uri == uri) return each.value;
  }
  return {};
}

Element Element::first_child() const { return tree_ ? Element(*tree_, tree_->nodes[index_].first_child) : Element(); }

Element Element::next_sibling() const { return tree_ ? Element(*tree_, tree_->nodes[index_].next_sibling) : Element(); }

Element Element::child(std::string_view uri, std::string_view local_name) const {
  for (const Element element : children())
    if (element.is(uri, local_name)) return element;
  return {};
}

Element::Range Element::children() const { return {first_child()}; }

}  // namespace vmms::wire::xml
