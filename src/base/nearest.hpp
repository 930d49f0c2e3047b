// What somebody who mistyped a word may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmms {

/// The candidate that a typing mistake may have meant; empty: none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace vmms
