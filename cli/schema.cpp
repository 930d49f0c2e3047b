#include "cli/schema.hpp"

#include "base/text.hpp"
#include "schema/classes.hpp"

#include <algorithm>

namespace vmms::cli {

const cim::Class* known_class(std::string_view namespace_name, std::string_view class_name) {
  const cim::Schema& known = schema::root_virtualization_v2;
  return equals_no_case(namespace_name, known.namespace_name) ? known.find(class_name) : nullptr;
}

std::string_view value_name(std::span<const cim::ValueName> values, std::string_view value) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const cim::ValueName& name) { return name.value == value; });
  return found == values.end() ? std::string_view{} : found->name;
}

}  // namespace vmms::cli
