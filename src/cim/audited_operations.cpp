// ObjectManager's operations as the wire calls them: each is reported to the auditor when it has ended.
#include "cim/object_manager.hpp"
#include "cim/query_planner.hpp"

#include <fmt/format.h>

namespace vmms::cim {

Result<Instance> ObjectManager::get(const Context& context, const ObjectPath& path) {
  return audited_read(auditor_, {"get", context, path.namespace_name, path.class_name, &path},
                      [&] { return get_within(context, path); });
}

Result<std::unique_ptr<Enumeration>> ObjectManager::enumerate(const Context& context, std::string_view namespace_name,
                                                              std::string_view class_name,
                                                              const std::vector<KeyBinding>& keys,
                                                              const std::vector<std::string>& wanted,
                                                              Subclasses subclasses) {
  return audited_read(auditor_, {"enumerate", context, namespace_name, class_name},
                      [&] { return enumerate_within(context, namespace_name, class_name, keys, wanted, subclasses); });
}

Result<QueryResult> ObjectManager::query(const Context& context, std::string_view namespace_name, std::string_view text,
                                         bool keys_only, wql::Language language) {
  return audited_read(auditor_,
                      {.operation = "query", .context = context, .namespace_name = namespace_name, .query = text},
                      [&] { return QueryPlanner(*this).query(context, namespace_name, text, keys_only, language); });
}

Result<QueryResult> ObjectManager::associations(const Context& context, std::string_view namespace_name,
                                                const AssociationQuery& query) {
  const std::string_view operation = query.references ? "references" : "associators";
  return audited_read(auditor_, {operation, context, namespace_name, query.source.class_name, &query.source},
                      [&] { return QueryPlanner(*this).associations(context, namespace_name, query); });
}

Result<std::vector<const Class*>> ObjectManager::associated_classes(const Context& context,
                                                                    std::string_view namespace_name,
                                                                    const AssociationQuery& query) {
  return QueryPlanner(*this).associated_classes(context, namespace_name, query);
}

Result<MethodResult> ObjectManager::invoke(const Context& context, const ObjectPath& path, std::string_view method_name,
                                           const Arguments& inputs) {
  Audited audited(auditor_, {.operation = "invoke",
                             .context = context,
                             .namespace_name = path.namespace_name,
                             .class_name = path.class_name,
                             .object = &path,
                             .method_name = method_name,
                             .inputs = &inputs});
  const auto cim_class = find_class(path.namespace_name, path.class_name);
  if (!cim_class) return audited.ended(Result<MethodResult>(cim_class.error()));
  const Method* method = (*cim_class)->method(method_name);
  if (!method)
    return audited.ended(
        Result<MethodResult>(error(Failure::not_supported, fmt::format("{} has no method named {}", (*cim_class)->name,
                                                                       method_name.substr(0, 200)))));
  audited.found(method);
  return audited.ended(run_method(context, path, **cim_class, *method, inputs));
}

Status ObjectManager::modify(const Context& context, const ObjectPath& path, const Instance& changes) {
  Audited audited(auditor_, {.operation = "modify",
                             .context = context,
                             .namespace_name = path.namespace_name,
                             .class_name = path.class_name,
                             .object = &path,
                             .instance = &changes});
  return audited.ended(run_modify(context, path, changes));
}

Result<ObjectPath> ObjectManager::create(const Context& context, std::string_view namespace_name,
                                         const Instance& instance) {
  Audited audited(auditor_, {.operation = "create",
                             .context = context,
                             .namespace_name = namespace_name,
                             .class_name = instance.cim_class().name,
                             .instance = &instance});
  return audited.ended(run_create(context, namespace_name, instance));
}

Status ObjectManager::remove(const Context& context, const ObjectPath& path) {
  Audited audited(auditor_, {.operation = "delete",
                             .context = context,
                             .namespace_name = path.namespace_name,
                             .class_name = path.class_name,
                             .object = &path});
  return audited.ended(run_remove(context, path));
}

}  // namespace vmms::cim
