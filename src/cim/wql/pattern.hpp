// WQL's LIKE: `%` any text, `_` one character, `[a-f]` or `[^a-f]` one of (not) these; without case.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace vmms::cim::wql {

/// A pattern made ready: looking at a text costs at most the product of both lengths, however the pattern is written.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern);
  bool matches(std::string_view text) const;

 private:
  enum class Kind : std::uint8_t { character, any, rest, set };
  struct Element {
    Kind kind;
    char character = 0;     ///< in lower case
    std::uint32_t set = 0;  ///< its place in `sets_`
  };
  using Set = std::bitset<256>;  ///< of bytes, either case
  static Set read_set(std::string_view inside);
  bool fits(const Element& element, char c) const;

  std::vector<Element> elements_;
  std::vector<Set> sets_;
};

}  // namespace vmms::cim::wql
