#include "base/case_folding.hpp"

#include "base/escaped.hpp"
#include "base/text.hpp"

#include <utf8proc.h>

#include <algorithm>

namespace vmms {

namespace {

constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

// Gives a text's characters without case, one code point after the other.
class FoldedReader {
 public:
  explicit FoldedReader(std::string_view text) : text_(text) {}

  /// False at the end.
  bool next(std::uint32_t& code_point) {
    if (part_ == folded_.size) {
      if (offset_ == text_.size()) return false;
      const Character character = character_at(text_, offset_);
      offset_ += character.length;
      folded_ = fold_case(character.code_point);
      part_ = 0;
    }
    code_point = folded_.code_points[part_++];
    return true;
  }

 private:
  std::string_view text_;
  std::size_t offset_ = 0;
  FoldedCharacter folded_;
  std::size_t part_ = 1;
};

}  // namespace

FoldedCharacter fold_case(std::uint32_t code_point) {
  FoldedCharacter folded;
  if (code_point < 0x80) {
    folded.code_points[0] = static_cast<unsigned char>(to_lower(static_cast<char>(code_point)));
    return folded;
  }
  std::array<utf8proc_int32_t, 3> found{};
  int boundary = 0;
  const auto size = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(code_point), found.data(), found.size(),
                                            UTF8PROC_CASEFOLD, &boundary);
  if (size < 1 || size > static_cast<utf8proc_ssize_t>(found.size())) {
    folded.code_points[0] = code_point;
    return folded;
  }
  folded.size = static_cast<std::size_t>(size);
  std::transform(found.begin(), found.begin() + size, folded.code_points.begin(),
                 [](utf8proc_int32_t each) { return static_cast<std::uint32_t>(each); });
  return folded;
}

std::uint32_t fold_case_to_one(std::uint32_t code_point) {
  const FoldedCharacter folded = fold_case(code_point);
  if (folded.size == 1) return folded.code_points[0];
  return static_cast<std::uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code_point)));
}

Character character_at(std::string_view text, std::size_t offset) {
  constexpr std::uint32_t no_character = 0xDC00;  // a surrogate, which no text has
  if (is_ascii(text[offset])) return {static_cast<unsigned char>(text[offset]), 1};
  const CodePoint found = first_code_point(text.substr(offset));
  if (!found.valid) return {no_character | static_cast<unsigned char>(text[offset]), 1};
  return {found.value, found.length};
}

int compare_folded(std::string_view left, std::string_view right) {
  const std::size_t common = std::min(left.size(), right.size());
  std::size_t i = 0;
  for (; i < common && is_ascii(left[i]) && is_ascii(right[i]); ++i) {
    const char l = to_lower(left[i]);
    const char r = to_lower(right[i]);
    if (l != r) return l < r ? -1 : 1;
  }
  if (i == common && left.size() == right.size()) return 0;
  FoldedReader left_rest(left.substr(i));
  FoldedReader right_rest(right.substr(i));
  for (;;) {
    std::uint32_t l = 0;
    std::uint32_t r = 0;
    const bool more_left = left_rest.next(l);
    const bool more_right = right_rest.next(r);
    if (!more_left || !more_right) return static_cast<int>(more_left) - static_cast<int>(more_right);
    if (l != r) return l < r ? -1 : 1;
  }
}

}  // namespace vmms
