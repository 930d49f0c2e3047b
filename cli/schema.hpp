// What this program itself knows of classes: types for JSON, names for numbers. Servers may have other classes; then
// values stay the text of the wire.
#pragma once

#include "base/result.hpp"
#include "cim/class.hpp"
#include "cim/object_path.hpp"

#include <span>
#include <string_view>

namespace vmms::cli {

/// The namespaces that are compiled in, the main one first.
std::span<const cim::Schema* const> known_schemas();

/// nullptr for a class that is not in the schema this program was built with.
const cim::Class* known_class(std::string_view namespace_name, std::string_view class_name);

/// As cim::complete_keys, for the wire, where each key has a name. Errors (invalid_argument): a key without a name, of
/// a class that is not known here or does not have exactly one key.
Status complete_keys(cim::ObjectPath& path);

/// The documented name of a value ("Not supported" for 1), empty for none. Ranges such as "32768..65535" have no name.
std::string_view value_name(std::span<const cim::ValueName> values, std::string_view value);

}  // namespace vmms::cli
