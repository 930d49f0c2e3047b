#include "wire/cimxml/operation.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace vmms::wire::cimxml {

namespace {

struct Intrinsic {
  std::string_view name;
  OrError<OperationTask> (*prepare)(const Operation&);  ///< null: not supported
};

constexpr Intrinsic intrinsics[] = {
    {"GetClass", get_class},
    {"EnumerateClasses", enumerate_classes},
    {"EnumerateClassNames", enumerate_class_names},
    {"GetQualifier", get_qualifier},
    {"EnumerateQualifiers", enumerate_qualifiers},
    {"GetInstance", get_instance},
    {"CreateInstance", create_instance},
    {"ModifyInstance", modify_instance},
    {"DeleteInstance", delete_instance},
    {"GetProperty", get_property},
    {"SetProperty", set_property},
    {"EnumerateInstances", enumerate_instances},
    {"EnumerateInstanceNames", enumerate_instance_names},
    {"Associators", associators},
    {"AssociatorNames", associator_names},
    {"References", references},
    {"ReferenceNames", reference_names},
    {"ExecQuery", execute_query},
    {"OpenEnumerateInstances", open_enumerate_instances},
    {"OpenEnumerateInstancePaths", open_enumerate_instance_paths},
    {"OpenAssociatorInstances", open_associator_instances},
    {"OpenAssociatorInstancePaths", open_associator_instance_paths},
    {"OpenReferenceInstances", open_reference_instances},
    {"OpenReferenceInstancePaths", open_reference_instance_paths},
    {"OpenQueryInstances", open_query_instances},
    {"PullInstancesWithPath", pull_instances_with_path},
    {"PullInstancePaths", pull_instance_paths},
    {"PullInstances", pull_instances},
    {"CloseEnumeration", close_enumeration},
    // Classes come from the schema that vmmsd is built with.
    {"CreateClass", nullptr},
    {"ModifyClass", nullptr},
    {"DeleteClass", nullptr},
    {"SetQualifier", nullptr},
    {"DeleteQualifier", nullptr},
    {"EnumerationCount", nullptr},
};

}  // namespace

OrError<const cim::Class*> find_class(const Operation& operation, std::string_view class_name, Code missing) {
  const auto found = operation.manager.get_class(operation.context, operation.schema.namespace_name, class_name);
  if (found) return *found;
  CimError error = to_cim_error(found.error());
  if (error.code == Code::not_found) error.code = missing;
  return error;
}

OrError<OperationTask> prepare_intrinsic(const Operation& operation) {
  for (const Intrinsic& each : intrinsics) {
    if (!equals_no_case(each.name, operation.call.name)) continue;
    if (each.prepare) return each.prepare(operation);
    return cim_error(Code::not_supported, fmt::format("{} is not supported here", each.name));
  }
  return cim_error(Code::not_supported, fmt::format("there is no operation {:.100}", operation.call.name));
}

}  // namespace vmms::wire::cimxml
