#include "cli/schema.hpp"

#include "base/text.hpp"
#include "schema/cimv2/classes.hpp"
#include "schema/classes.hpp"
#include "schema/interop/classes.hpp"

#include <algorithm>

namespace vmms::cli {

std::span<const cim::Schema* const> known_schemas() {
  static constexpr const cim::Schema* known[] = {&schema::root_virtualization_v2, &schema::cimv2::root_cimv2,
                                                 &schema::interop::root_interop};
  return known;
}

const cim::Class* known_class(std::string_view namespace_name, std::string_view class_name) {
  for (const cim::Schema* known : known_schemas())
    if (equals_no_case(namespace_name, known->namespace_name)) return known->find(class_name);
  return nullptr;
}

std::string_view value_name(std::span<const cim::ValueName> values, std::string_view value) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const cim::ValueName& name) { return name.value == value; });
  return found == values.end() ? std::string_view{} : found->name;
}

}  // namespace vmms::cli
