// Values of the simple types of XML Schema (XML Schema part 2), with white space around them as elements may have it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vmms::wire::xml {

/// xs:boolean: true, false, 1 or 0.
std::optional<bool> read_boolean(std::string_view text);

/// xs:nonNegativeInteger, with a sign or without. What is larger than 64 bits can hold reads as the largest of them.
std::optional<std::uint64_t> read_unsigned(std::string_view text);

}  // namespace vmms::wire::xml
