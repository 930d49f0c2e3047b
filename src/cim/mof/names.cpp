#include "cim/mof/names.hpp"

#include "base/encoding.hpp"

#include <cstddef>

namespace vmms::cim::mof {

std::string name_key(std::string_view name) {
  std::string key;
  key.reserve(name.size());
  for (std::size_t at = 0; at < name.size();) {
    const Character character = character_at(name, at);
    at += character.length;
    const FoldedCharacter folded = fold_case(character.code_point);
    for (std::size_t part = 0; part < folded.size; ++part)
      append_utf8(key, static_cast<char32_t>(folded.code_points[part]));
  }
  return key;
}

}  // namespace vmms::cim::mof
