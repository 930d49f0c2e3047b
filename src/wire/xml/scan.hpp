// What pugixml does not check: it accepts bad UTF-8, undefined entities, several roots and any number of anything.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string_view>

namespace vmms::wire::xml {

/// Bounds on one document, checked before anything is built from it.
struct Limits {
  std::size_t depth = 64;
  std::size_t elements = 65536;
  std::size_t attributes = 16384;  ///< in the whole document
  std::size_t attributes_per_element = 64;
  std::size_t namespaces = 64;  ///< declarations in scope at one place
};

/// Whether `text` is UTF-8 and its markup well-formed as far as pugixml does not look, without a document type
/// declaration, and within the limits. Errors: not_supported for another character encoding, else invalid_argument with
/// line and column.
Status scan(std::string_view text, const Limits& limits);

/// `message` with the line and column of a byte offset.
Error error_at(std::string_view text, std::size_t offset, std::string_view message);

}  // namespace vmms::wire::xml
