// What a mistyped word may have meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmms {

/// The candidate closest to the mistyped word; empty: none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace vmms
