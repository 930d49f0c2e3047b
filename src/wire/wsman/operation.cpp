#include "wire/wsman/operation.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace vmms::wire::wsman {

OrFault<const cim::Schema*> find_schema(const Operation& operation) {
  const Request& request = *operation.request;
  if (!request.resource) return fault(Condition::missing_header, "the request has no wsman:ResourceURI header");
  const cim::Schema* schema = operation.manager.find_schema(request.resource->namespace_name);
  if (schema) return schema;
  return fault(Condition::unknown_namespace,
               fmt::format("there is no namespace {:.200}", request.resource->namespace_name));
}

OrFault<const cim::Class*> find_schema_class(const Operation& operation, const cim::Schema& schema) {
  const cim::Class* found = nullptr;
  for (const cim::KeyBinding& selector : operation.request->selectors) {
    if (!equals_no_case(selector.name, "ClassName"))
      return fault(
          Condition::invalid_selectors,
          fmt::format("the schema has the selectors __cimnamespace and ClassName, not {:.100}", selector.name));
    const auto cim_class = operation.manager.get_class(operation.context, schema.namespace_name, selector.value);
    if (!cim_class)
      return cim_class.error().kind == Failure::not_found ? fault(Condition::unknown_class, cim_class.error().message)
                                                          : to_fault(cim_class.error());
    found = *cim_class;
  }
  return found;
}

OrFault<Target> find_target(const Operation& operation) {
  const auto found = find_schema(operation);
  if (!found) return found.error();
  const cim::Schema* schema = *found;
  const Request& request = *operation.request;
  const Resource& resource = *request.resource;
  if (resource.is_schema)
    return fault(Condition::action_not_supported,
                 fmt::format("the action {:.200} is not supported for classes; Get and Enumerate are", request.action));
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
