// Names as DSP0004 compares them: without case in every alphabet, since those of MOF may hold any letters.
#pragma once

#include "base/case_folding.hpp"

#include <string>
#include <string_view>

namespace vmms::cim::mof {

inline bool same_name(std::string_view left, std::string_view right) { return equals_folded(left, right); }

struct LessName {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const { return compare_folded(left, right) < 0; }
};

/// The same text for all spellings of a name: of ASCII, its lower case.
std::string name_key(std::string_view name);

}  // namespace vmms::cim::mof
