// A document as it is kept: its text, and tables that point into it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::wire::xml {

/// Numbers are indexes into the tables; 0 means none, since the first entry of each table is unused.
struct Tree {
  struct Node {
    std::string_view name;  ///< without prefix
    std::string_view uri;
    std::uint32_t first_child = 0;
    std::uint32_t next_sibling = 0;
    std::uint32_t first_text = 0;
    std::uint32_t first_attribute = 0;
    std::uint32_t attributes = 0;
  };
  /// A piece of character data.
  struct Text {
    std::string_view value;
    std::uint32_t next = 0;
  };
  /// Declarations of namespaces have the prefix `xmlns` or that name, and the URI of those.
  struct Attribute {
    std::string_view prefix;
    std::string_view name;
    std::string_view uri;
    std::string_view value;
  };

  static constexpr std::uint32_t root = 1;

  std::string text;
  std::vector<Node> nodes;
  std::vector<Text> texts;
  std::vector<Attribute> attributes;
};

}  // namespace vmms::wire::xml
