// Text as CIM sees it: names compare without case, ASCII only.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace vmms {

constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// Three-way comparison without case (ASCII): negative, zero, positive.
constexpr int compare_no_case(std::string_view left, std::string_view right) {
  const std::size_t common = left.size() < right.size() ? left.size() : right.size();
  std::size_t i = 0;
  if (!std::is_constant_evaluated()) {
    // Most names have the same case as ours, and many begin alike.
    for (std::uint64_t l = 0, r = 0; i + sizeof l <= common; i += sizeof l) {
      std::memcpy(&l, left.data() + i, sizeof l);
      std::memcpy(&r, right.data() + i, sizeof r);
      if (l != r) break;
    }
  }
  for (; i < common; ++i) {
    const auto l = static_cast<unsigned char>(to_lower(left[i]));
    const auto r = static_cast<unsigned char>(to_lower(right[i]));
    if (l != r) return l < r ? -1 : 1;
  }
  return left.size() == right.size() ? 0 : (left.size() < right.size() ? -1 : 1);
}

constexpr bool equals_no_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && compare_no_case(left, right) == 0;
}

struct LessNoCase {
  using is_transparent = void;
  bool operator()(std::string_view left, std::string_view right) const { return compare_no_case(left, right) < 0; }
};

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);

/// A random GUID (version 4) in upper case, "A1576C71-F505-4D1B-9B78-2CFD971B0F31", from the system's random source.
std::string random_guid();

/// Whether the text has the form of a GUID, of either case.
bool is_guid(std::string_view text);

}  // namespace vmms
