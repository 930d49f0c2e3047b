// The XML declaration that a document may begin with (XML 1.0, productions 23 to 26, 32, 80 and 81).
#pragma once

#include <optional>
#include <string_view>

namespace vmms::wire::xml {

struct Declaration {
  std::string_view encoding;  ///< empty when it names none
};

/// Reads `<?xml … ?>`, the marks included. Versions are 1.0 and what a processor of 1.0 takes for it (1.1 …; fifth
/// edition, section 2.8). Nothing: it is not well-formed, or has another version.
std::optional<Declaration> read_declaration(std::string_view text);

}  // namespace vmms::wire::xml
