#include "cli/schema.hpp"

#include "base/text.hpp"
#include "cim/naming.hpp"
#include "schema/cimv2/classes.hpp"
#include "schema/classes.hpp"
#include "schema/interop/classes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

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

Status complete_keys(cim::ObjectPath& path) {
  const std::string_view space =
      path.namespace_name.empty() ? known_schemas().front()->namespace_name : std::string_view(path.namespace_name);
  const cim::Class* known = known_class(space, path.class_name);
  if (known && !known->keys.empty())
    if (Status complete = cim::complete_keys(path.keys, *known); !complete) return complete;
  for (cim::KeyBinding& key : path.keys) {
    if (key.name.empty())
      return error(Failure::invalid_argument,
                   fmt::format("{} is not known here, so its key must be named: {}.KEY=\"{:.200}\"", path.class_name,
                               path.class_name, key.value));
    if (!key.reference) continue;
    cim::ObjectPath inside = *key.reference;
    if (Status complete = complete_keys(inside); !complete) return complete;
    key.reference = std::make_shared<const cim::ObjectPath>(std::move(inside));
  }
  return {};
}

std::string_view value_name(std::span<const cim::ValueName> values, std::string_view value) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const cim::ValueName& name) { return name.value == value; });
  return found == values.end() ? std::string_view{} : found->name;
}

}  // namespace vmms::cli
