// Strict reading of XML 1.0 with namespaces, for both WS-Management and CIM-XML.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::wire::xml {

/// Bounds on one document.
struct Limits {
  std::size_t depth = 64;
  std::size_t elements = 65536;
  std::size_t attributes = 16384;  ///< in the whole document
  std::size_t attributes_per_element = 64;
  std::size_t namespaces = 64;               ///< declarations in scope at one place
  std::size_t texts = std::size_t{1} << 20;  ///< pieces of character data, which children and comments part
};

/// Whether a document may take so many bytes of memory; called again each time that it grows. The errors are those of
/// the account.
using Afford = std::function<Status(std::size_t bytes)>;

/// Whether the encoding that a document declares counts, or is void because the text was converted since (RFC 7303
/// section 3.2) or came inside another one.
enum class EncodingName : std::uint8_t { counts, is_void };

/// What a document consists of; see tree.hpp.
struct Tree;

/// One element of a Document. A light handle: copy it freely, use it while the Document lives. A default-constructed
/// one is not an element: it has no name, text or children, and is false.
class Element {
 public:
  Element() = default;
  Element(const Tree& tree, std::uint32_t index) : tree_(index == 0 ? nullptr : &tree), index_(index) {}
  explicit operator bool() const { return tree_ != nullptr; }

  std::string_view name() const;           ///< without prefix
  std::string_view namespace_uri() const;  ///< empty for none
  bool is(std::string_view uri, std::string_view local_name) const;

  /// All character data directly inside, entities resolved, comments and child elements left out.
  std::string text() const;

  /// An attribute; `uri` is empty for those without prefix.
  std::optional<std::string_view> attribute(std::string_view uri, std::string_view local_name) const;

  Element first_child() const;
  Element next_sibling() const;
  Element child(std::string_view uri, std::string_view local_name) const;  ///< the first of that name

  /// For `for (const Element child : element.children())`.
  struct Iterator;
  struct Range;
  Range children() const;

 private:
  const Tree* tree_ = nullptr;
  std::uint32_t index_ = 0;
};

struct Element::Iterator {
  Element element;
  Element operator*() const { return element; }
  Iterator& operator++() {
    element = element.next_sibling();
    return *this;
  }
  bool operator!=(const Iterator& other) const { return element.index_ != other.element.index_; }
};

struct Element::Range {
  Element first;
  Iterator begin() const { return {first}; }
  Iterator end() const { return {}; }
};

class Document {
 public:
  Document();
  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  /// Refuses everything that is not well-formed by XML 1.0 (fifth edition) and Namespaces in XML 1.0 (third edition),
  /// document type declarations, and whatever exceeds the limits. Errors: invalid_argument with line and column,
  /// not_supported for a character encoding other than UTF-8, those of `afford`, whose document may be of any size
  /// without.
  static Result<Document> parse(std::string text, const Limits& limits = {},
                                EncodingName encoding_name = EncodingName::counts, const Afford& afford = {});

  Element root() const;
  std::size_t footprint() const;  ///< bytes of memory

 private:
  std::unique_ptr<Tree> tree_;
};

}  // namespace vmms::wire::xml
