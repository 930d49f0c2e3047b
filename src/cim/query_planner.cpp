#include "cim/query_planner.hpp"

#include "base/text.hpp"
#include "cim/association_cursor.hpp"
#include "cim/association_walk.hpp"
#include "cim/class_definitions.hpp"
#include "cim/cursor.hpp"
#include "cim/filter_cursor.hpp"
#include "cim/namespace.hpp"
#include "cim/wql/parser.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cim {

namespace {

// Each may have to be looked for.
constexpr std::size_t most_open_paths = 256;

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

// Whether the keys name each object: all are given but those with a fixed value, so there is one of each class at most.
bool name_objects(const std::vector<Provider*>& providers, const std::vector<KeyBinding>& keys) {
  return std::all_of(providers.begin(), providers.end(), [&](const Provider* provider) {
    const Class& cim_class = provider->cim_class();
    return std::all_of(cim_class.keys.begin(), cim_class.keys.end(), [&](std::uint16_t index) {
      const Property& property = cim_class.properties[index];
      return !property.default_value.empty() || std::any_of(keys.begin(), keys.end(), [&](const KeyBinding& key) {
        return equals_no_case(key.name, property.name);
      });
    });
  });
}

}  // namespace

Result<QueryResult> QueryPlanner::query(const Context& context, std::string_view namespace_name, std::string_view text,
                                        bool keys_only, wql::Language language) {
  const auto space = manager_.find_namespace(namespace_name);
  if (!space) return space.error();
  const auto statement = wql::parse(text, language);
  if (!statement) return statement.error();
  if (const auto* select_statement = std::get_if<wql::Select>(&*statement))
    return select(context, **space, *select_statement, keys_only);
  AssociationQuery walk = std::get<AssociationQuery>(*statement);
  walk.keys_only = walk.keys_only || keys_only;
  return associations(context, namespace_name, walk);
}

Result<QueryResult> QueryPlanner::select(const Context& context, Namespace& space, const wql::Select& statement,
                                         bool keys_only) {
  const std::string_view name = space.schema.namespace_name;
  if (equals_no_case(statement.class_name, "meta_class")) return select_classes(context, space, statement);
  const auto cim_class = manager_.find_class(name, statement.class_name);
  if (!cim_class) return cim_class.error();
  QueryResult result;
  result.origin = {std::string(manager_.server_name()), std::string(name), &space.schema, context.called_server};
  auto columns = find_columns(**cim_class, statement.columns);
  if (!columns) return columns.error();
  result.columns = std::move(*columns);

  std::vector<KeyBinding> keys;
  std::vector<std::string> wanted = result.columns;
  if (keys_only) wanted.assign({std::string((*cim_class)->name)});  // no property has this name: keys alone
  const Class* enumerated = *cim_class;
  std::optional<wql::Filter> filter;
  if (statement.where) {
    auto compiled = wql::Filter::compile(*statement.where, **cim_class, result.origin,
                                         [&](const ObjectPath& path) { return manager_.other_class(space, path); });
    if (!compiled) return compiled.error();
    filter = std::move(*compiled);
    if (filter->open_paths() > most_open_paths)
      return error(Failure::invalid_argument,
                   fmt::format("query: {} paths lack keys; up to {} may, since each has to be "
                               "looked for",
                               filter->open_paths(), most_open_paths));
    keys = filter->keys();
    if (!wanted.empty()) wanted.insert(wanted.end(), filter->properties().begin(), filter->properties().end());
    for (const std::string* fixed : {&filter->class_name(), &filter->path_class_name()}) {
      if (fixed->empty()) continue;
      const Class* named = space.schema.find(*fixed);
      enumerated = named ? narrower(enumerated, named) : nullptr;
      if (!enumerated) {
        result.instances = std::make_unique<Cursor>();
        return result;
      }
    }
    std::erase_if(keys, [&](const KeyBinding& key) {
      const Property* property = enumerated->property(key.name);
      return !property || !property->is_key;
    });
  }
  // A path that names nothing fits nothing, wherever in the condition it stands.
  auto instances = manager_.enumerate_within(context, name, enumerated->name, keys, wanted, Subclasses::include,
                                             NoObject::fits_nothing);
  if (!instances) return instances.error();
  result.about.class_name = enumerated->name;
  result.about.keys = std::move(keys);
  result.instances = std::move(*instances);
  if (!filter) return result;
  const bool few = name_objects(space.concrete(*enumerated), result.about.keys);
  const auto find = [&manager = manager_, &space](const Context& caller, const ObjectPath& path, const Class* within) {
    return manager.find_object(caller, space.schema, path, within);
  };
  result.instances = std::make_unique<FilterCursor>(std::move(result.instances), std::move(*filter), few, find);
  return result;
}

// The classes themselves, of which conditions and columns see the system properties alone ("Querying for schema data").
Result<QueryResult> QueryPlanner::select_classes(const Context& context, Namespace& space,
                                                 const wql::Select& statement) {
  static constexpr Class meta_class{.name = "meta_class", .properties = {}, .keys = {}, .methods = {}};
  QueryResult result;
  result.origin = {std::string(manager_.server_name()), std::string(space.schema.namespace_name), &space.schema};
  auto columns = find_columns(meta_class, statement.columns);
  if (!columns) return columns.error();
  result.columns = std::move(*columns);
  const auto found = manager_.classes(context, space.schema.namespace_name, {}, true);
  if (!found) return found.error();
  result.instances = std::make_unique<ClassDefinitions>(*found);
  if (!statement.where) return result;
  auto filter = wql::Filter::compile(*statement.where, meta_class, result.origin);
  if (!filter) return filter.error();
  result.instances = std::make_unique<FilterCursor>(std::move(result.instances), std::move(*filter));
  return result;
}

Result<QueryPlanner::AssociationClasses> QueryPlanner::find_classes(const Context& context, const Schema& schema,
                                                                    const AssociationQuery& query) const {
  const std::string& space = query.source.namespace_name;
  if (!space.empty() && manager_.find_schema(space) != &schema)
    return error(Failure::invalid_argument,
                 fmt::format("query: the object is in {:.200}, the query in {}", space, schema.namespace_name));
  AssociationClasses classes;
  const auto source = manager_.get_class(context, schema.namespace_name, query.source.class_name);
  if (!source) return source.error();
  classes.source = *source;
  for (const auto& [text, found] :
       {std::pair(&query.association_class, &classes.association), std::pair(&query.result_class, &classes.result)}) {
    if (text->empty()) continue;
    const auto cim_class = manager_.find_class(schema.namespace_name, *text);
    if (!cim_class) return cim_class.error();
    *found = *cim_class;
  }
  if (classes.association && !classes.association->is_association)
    return error(Failure::invalid_argument, fmt::format("query: {} is no association", classes.association->name));
  return classes;
}

Result<QueryResult> QueryPlanner::associations(const Context& context, std::string_view namespace_name,
                                               const AssociationQuery& query) {
  const auto space = manager_.find_namespace(namespace_name);
  if (!space) return space.error();
  const Schema& schema = (*space)->schema;
  const auto classes = find_classes(context, schema, query);
  if (!classes) return classes.error();
  QueryResult result;
  result.origin = {std::string(manager_.server_name()), std::string(schema.namespace_name), &schema};
  result.about = query.source;
  result.about.namespace_name = schema.namespace_name;
  if (query.classes) {
    const auto found = associated_classes(context, namespace_name, query);
    if (!found) return found.error();
    result.instances = std::make_unique<ClassDefinitions>(*found);
    return result;
  }
  // Keys that do not fit the class are reported by the walk.
  if (auto keys = result.about.keys; complete_keys(keys, *classes->source)) result.about.keys = std::move(keys);

  std::vector<AssociationProvider*> allowed;
  for (const auto& [association, provider] : (*space)->associations) {
    if (classes->association && !association->is_a(*classes->association)) continue;
    if (manager_.authorize(context, OperationKind::read, *association, nullptr)) allowed.push_back(provider.get());
  }
  result.instances = std::make_unique<AssociationWalk>(manager_, **space, query, *classes->source, classes->result,
                                                       std::move(allowed));
  if (query.class_definitions) result.instances = std::make_unique<ClassDefinitions>(std::move(result.instances));
  return result;
}

Result<std::vector<const Class*>> QueryPlanner::associated_classes(const Context& context,
                                                                   std::string_view namespace_name,
                                                                   const AssociationQuery& query) {
  const auto space = manager_.find_namespace(namespace_name);
  if (!space) return space.error();
  const Schema& schema = (*space)->schema;
  const auto classes = find_classes(context, schema, query);
  if (!classes) return classes.error();
  std::vector<const Class*> found;
  const auto add = [&](const Class* each) {
    const bool known = std::find(found.begin(), found.end(), each) != found.end();
    if (!known && manager_.authorize(context, OperationKind::read, *each, nullptr)) found.push_back(each);
  };
  for (const Class* association : schema.classes) {
    if (!association->is_association || (classes->association && !association->is_a(*classes->association))) continue;
    for (const AssociationWay& way : association_ways(query, schema, *classes->source, *association, classes->result)) {
      if (!way.far)
        add(association);
      else if (query.required_qualifier.empty() || has_qualifier(way.far_class->qualifiers, query.required_qualifier))
        add(way.far_class);
    }
  }
  return found;
}

}  // namespace vmms::cim
