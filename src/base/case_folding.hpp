// Text without case over all of Unicode. For what people write; names of CIM are ASCII, see text.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vmms {

/// What a character is without case (full case folding, Unicode 3.13): often itself, "ss" for ß.
struct FoldedCharacter {
  std::array<std::uint32_t, 3> code_points{};
  std::size_t size = 1;
};
FoldedCharacter fold_case(std::uint32_t code_point);
/// A character without case where it must stay one code point: ß for ß and ẞ.
std::uint32_t fold_case_to_one(std::uint32_t code_point);

/// A character of a text. A byte that belongs to none is a separate character, which equals only that byte.
struct Character {
  std::uint32_t code_point = 0;
  std::size_t length = 1;  ///< in bytes
};
/// `offset` is less than the text's size.
Character character_at(std::string_view text, std::size_t offset);

/// Three-way comparison without case, in the order of the folded code points: negative, zero, positive. Nothing is
/// normalized: an é of two characters is not an é of one.
int compare_folded(std::string_view left, std::string_view right);
inline bool equals_folded(std::string_view left, std::string_view right) { return compare_folded(left, right) == 0; }

}  // namespace vmms
