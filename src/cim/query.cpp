// ObjectManager::query: WQL statements become cursors.
#include "base/text.hpp"
#include "cim/association_cursor.hpp"
#include "cim/association_walk.hpp"
#include "cim/cursor.hpp"
#include "cim/filter_cursor.hpp"
#include "cim/namespace.hpp"
#include "cim/object_manager.hpp"
#include "cim/wql/parser.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cim {

namespace {

Result<std::vector<std::string>> find_columns(const Class& cim_class, const std::vector<std::string>& names) {
  std::vector<std::string> columns;
  for (const std::string& name : names) {
    const Property* property = cim_class.property(name);
    if (!property && !wql::find_system_property(name))
      return error(Failure::invalid_argument,
                   fmt::format("query: {} has no property named {:.80}", cim_class.name, name));
    columns.push_back(property ? std::string(property->name) : to_upper(name));
  }
  std::sort(columns.begin(), columns.end(), LessNoCase());
  columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
  return columns;
}

// The narrower of two classes; null when no object can be of both.
const Class* narrower(const Class* left, const Class* right) {
  if (!left || !right) return left ? left : right;
  if (left->is_a(*right)) return left;
  return right->is_a(*left) ? right : nullptr;
}

}  // namespace

Result<QueryResult> ObjectManager::query(const Context& context, std::string_view namespace_name, std::string_view text,
                                         bool keys_only) {
  const auto space = find_namespace(namespace_name);
  if (!space) return space.error();
  const auto statement = wql::parse(text);
  if (!statement) return statement.error();
  if (const auto* select_statement = std::get_if<wql::Select>(&*statement))
    return select(context, **space, *select_statement, keys_only);
  return associations(context, **space, std::get<wql::Associations>(*statement));
}

Result<QueryResult> ObjectManager::select(const Context& context, Namespace& space, const wql::Select& statement,
                                          bool keys_only) {
  const std::string_view name = space.schema.namespace_name;
  const auto cim_class = find_class(name, statement.class_name);
  if (!cim_class) return cim_class.error();
  QueryResult result;
  result.origin = {server_name_, std::string(name)};
  auto columns = find_columns(**cim_class, statement.columns);
  if (!columns) return columns.error();
  result.columns = std::move(*columns);

  std::vector<KeyBinding> keys;
  std::vector<std::string> wanted = result.columns;
  if (keys_only) wanted.assign({std::string((*cim_class)->name)});  // no property has this name: keys alone
  const Class* enumerated = *cim_class;
  std::optional<wql::Filter> filter;
  if (statement.where) {
    auto compiled = wql::Filter::compile(*statement.where, **cim_class, result.origin);
    if (!compiled) return compiled.error();
    filter = std::move(*compiled);
    keys = filter->keys();
    if (!wanted.empty()) wanted.insert(wanted.end(), filter->properties().begin(), filter->properties().end());
    if (!filter->class_name().empty()) {
      const Class* named = space.schema.find(filter->class_name());
      if (!named || !named->is_a(**cim_class)) {
        result.instances = std::make_unique<Cursor>();
        return result;
      }
      enumerated = named;
    }
    std::erase_if(keys, [&](const KeyBinding& key) {
      const Property* property = enumerated->property(key.name);
      return !property || !property->is_key;
    });
  }
  auto instances = enumerate(context, name, enumerated->name, keys, wanted);
  if (!instances) return instances.error();
  result.about.class_name = enumerated->name;
  result.about.keys = std::move(keys);
  result.instances = std::move(*instances);
  if (filter) result.instances = std::make_unique<FilterCursor>(std::move(result.instances), std::move(*filter));
  return result;
}

Result<QueryResult> ObjectManager::associations(const Context& context, Namespace& space,
                                                const wql::Associations& statement) {
  const std::string_view name = space.schema.namespace_name;
  ObjectPath source = statement.source;
  if (!source.namespace_name.empty() && find_schema(source.namespace_name) != &space.schema)
    return error(Failure::invalid_argument,
                 fmt::format("query: the object is in {:.200}, the query in {}", source.namespace_name, name));
  source.namespace_name = name;
  const auto source_class = find_class(name, source.class_name);
  if (!source_class) return source_class.error();
  if (const Status allowed = authorize(context, OperationKind::read, **source_class, nullptr); !allowed)
    return allowed.error();
  const Class* association_class = nullptr;
  const Class* result_class = nullptr;
  for (const auto& [text, found] : {std::pair(&statement.association_class, &association_class),
                                    std::pair(&statement.result_class, &result_class)}) {
    if (text->empty()) continue;
    const auto cim_class = find_class(name, *text);
    if (!cim_class) return cim_class.error();
    *found = *cim_class;
  }
  if (association_class && !association_class->is_association)
    return error(Failure::invalid_argument, fmt::format("query: {} is no association", association_class->name));

  std::vector<AssociationWalk::Step> steps;
  for (const auto& [cim_class, provider] : space.associations) {
    if (association_class && !cim_class->is_a(*association_class)) continue;
    if (!authorize(context, OperationKind::read, *cim_class, nullptr)) continue;
    for (const Property& near : cim_class->properties) {
      if (near.type != Type::reference) continue;
      if (!statement.role.empty() && !equals_no_case(statement.role, near.name)) continue;
      const Class* near_class = space.schema.find(near.object_class);
      if (!near_class || !(*source_class)->is_a(*near_class)) continue;
      if (statement.references) {
        steps.push_back({provider.get(), near.name, {}, nullptr});
        continue;
      }
      for (const Property& far : cim_class->properties) {
        if (far.type != Type::reference || &far == &near) continue;
        if (!statement.result_role.empty() && !equals_no_case(statement.result_role, far.name)) continue;
        const Class* far_class = space.schema.find(far.object_class);
        if (far_class) far_class = narrower(far_class, result_class);
        if (far_class) steps.push_back({provider.get(), near.name, far.name, far_class});
      }
    }
  }
  QueryResult result;
  result.origin = {server_name_, std::string(name)};
  result.about = source;
  result.instances = std::make_unique<AssociationWalk>(*this, space, std::move(source), std::move(steps));
  return result;
}

}  // namespace vmms::cim
