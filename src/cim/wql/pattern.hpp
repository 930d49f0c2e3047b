// WQL's LIKE: `%` any text, `_` one character, `[a-f]` or `[^a-f]` one of (not) these; without case.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::cim::wql {

/// A pattern made ready: looking at a text costs at most the product of both lengths, however the pattern is written
/// (and the logarithm of its longest set).
class Pattern {
 public:
  explicit Pattern(std::string_view pattern);
  bool matches(std::string_view text) const;

 private:
  /// Code points without case.
  struct Set {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;  ///< first and last, ascending, apart
    bool negated = false;

    bool contains(std::uint32_t code_point) const;
  };
  class Place;

  static Set read_set(std::string_view inside);
  bool take(std::uint32_t element, Place& place) const;

  /// A folded code point each, or one of these.
  static constexpr std::uint32_t any = 0x0100'0000;
  static constexpr std::uint32_t rest = 0x0100'0001;
  static constexpr std::uint32_t first_set = 0x0200'0000;  ///< the first of `sets_`
  std::vector<std::uint32_t> elements_;
  std::vector<Set> sets_;
};

}  // namespace vmms::cim::wql
