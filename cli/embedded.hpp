// Instances inside values, as methods take and return them.
#pragma once

#include "cim/instance.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cli {

struct EmbeddedProperty {
  std::string_view name;
  std::string_view type;  ///< of CIM-XML: "string", "uint16" …
  std::string value;
};

/// CIM-XML with only these properties: the others stay as they are.
std::string write_embedded(std::string_view class_name, const std::vector<EmbeddedProperty>& properties);

/// An instance of a class of root/virtualization/v2; nothing when the text is not one.
std::optional<cim::Instance> read_embedded(std::string_view text);

/// A property of it as text; empty for NULL.
std::string text_of(const cim::Instance& instance, const char* property);
std::uint64_t number_of(const cim::Instance& instance, const char* property);

}  // namespace vmms::cli
