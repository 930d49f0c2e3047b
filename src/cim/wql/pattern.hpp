// Patterns of LIKE, without case. WQL's: `%` any text, `_` one character, `[a-f]` or `[^a-f]` one of (not) these. CQL's
// basic regular expressions (DSP0202 C.1): `.` one character, `*` any number of the character before it.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::cim::wql {

/// A compiled pattern: matching a text costs at most the product of both lengths, however the pattern is written
/// (and the logarithm of its longest set).
class Pattern {
 public:
  explicit Pattern(std::string_view pattern);
  /// Patterns with a `*` after anything but `.` are followed in all their positions at once.
  static constexpr std::size_t longest_expression = 1024;
  /// CQL's; a backslash stands before `.`, `*` and `\` that mean themselves. Errors (invalid_argument): `*` without a
  /// character, a backslash before another one, one that is too long.
  static Result<Pattern> read_expression(std::string_view text);
  bool matches(std::string_view text) const;

 private:
  /// Code points without case.
  struct Set {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;  ///< first and last, ascending, apart
    bool negated = false;

    bool contains(std::uint32_t code_point) const;
  };
  class Place;

  Pattern() = default;
  static Set read_set(std::string_view inside);
  void add(std::uint32_t code_point);
  void repeat_last(std::size_t begin, std::uint32_t code_point);
  bool matches_repeats(std::string_view text) const;
  bool take(std::uint32_t element, Place& place) const;

  /// A folded code point each, or one of these.
  static constexpr std::uint32_t any = 0x0100'0000;
  static constexpr std::uint32_t rest = 0x0100'0001;
  static constexpr std::uint32_t first_set = 0x0200'0000;  ///< the first of `sets_`
  std::vector<std::uint32_t> elements_;
  std::vector<bool> repeated_;  ///< parallel to `elements_`: any number of them; empty where none is
  std::vector<Set> sets_;
};

}  // namespace vmms::cim::wql
