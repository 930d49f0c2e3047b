#include "wire/wsman/operation.hpp"

#include <fmt/format.h>

namespace vmms::wire::wsman {

OrFault<Target> find_target(const Operation& operation) {
  const Request& request = *operation.request;
  if (!request.resource) return fault(Condition::missing_header, "the request has no wsman:ResourceURI header");
  const Resource& resource = *request.resource;
  const cim::Schema* schema = operation.manager.find_schema(resource.namespace_name);
  if (!schema)
    return fault(Condition::unknown_namespace, fmt::format("there is no namespace {:.200}", resource.namespace_name));
  const cim::Class* cim_class = schema->find(resource.class_name);
  if (!cim_class)
    return fault(resource.is_all_classes() ? Condition::invalid_resource_uri : Condition::unknown_class,
                 resource.is_all_classes()
                     ? std::string("all classes (*) can be enumerated with a query only; name a class")
                     : fmt::format("there is no class {:.200} in {}", resource.class_name, schema->namespace_name));
  // An abstract class may declare no keys; then the instance's own class decides.
  for (const cim::KeyBinding& selector : request.selectors) {
    const cim::Property* property = cim_class->property(selector.name);
    if (!cim_class->keys.empty() && (!property || !property->is_key))
      return fault(Condition::invalid_selectors,
                   fmt::format("{} has no key named {:.100}", cim_class->name, selector.name));
  }
  Target target{schema, cim_class, {}};
  target.path.namespace_name = schema->namespace_name;
  target.path.class_name = cim_class->name;
  target.path.keys = request.selectors;
  return target;
}

}  // namespace vmms::wire::wsman
