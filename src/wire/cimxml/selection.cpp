#include "wire/cimxml/selection.hpp"

#include "base/shortened.hpp"
#include "base/text.hpp"
#include "cim/filter_cursor.hpp"
#include "cim/wql/parser.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::wire::cimxml {

namespace {

bool has_like(const cim::wql::Condition& condition) {
  return condition.operation == cim::wql::Operator::like ||
         std::any_of(condition.parts.begin(), condition.parts.end(), has_like);
}

/// Whether a filter looks into arrays: `ANY P = 1`, `EVERY P = 1`, `P[0] = 1`.
bool has_arrays(std::string_view filter) {
  std::string word;
  for (std::size_t i = 0; i < filter.size(); ++i) {
    const char c = filter[i];
    if (c == '\'' || c == '"') {
      while (++i < filter.size() && filter[i] != c)
        if (filter[i] == '\\') ++i;
      word.clear();
      continue;
    }
    if (c == '[') return true;
    const bool is_blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (is_blank && (equals_no_case(word, "ANY") || equals_no_case(word, "EVERY"))) return true;
    if (is_blank || c == '(' || c == ')')
      word.clear();
    else
      word += c;
  }
  return false;
}

/// FQL's comparisons, AND, OR and NOT are WQL's; its LIKE and its arrays are not.
OrError<cim::wql::Condition> read_filter(std::string_view class_name, const std::string& filter) {
  const std::string before = fmt::format("SELECT * FROM {} WHERE ", class_name);
  auto statement = cim::wql::parse(before + filter, cim::wql::Language::wql, before.size());
  if (!statement && has_arrays(filter))
    return cim_error(Code::query_feature_not_supported, "FilterQuery: arrays (ANY, EVERY, [n]) are not supported");
  if (!statement) return cim_error(Code::invalid_query, "FilterQuery: " + statement.error().message);
  auto* select = std::get_if<cim::wql::Select>(&*statement);
  if (!select || !select->where) return cim_error(Code::invalid_query, "FilterQuery: this is no condition");
  if (has_like(*select->where))
    return cim_error(Code::query_feature_not_supported, "FilterQuery: LIKE is not supported");
  return std::move(*select->where);
}

std::vector<std::string> wanted_of(const cim::Class& cim_class, const ItemForm& form) {
  const auto& list = form.instance.property_list;
  if (!is_path(form.kind) && (!list || !list->empty())) return list.value_or(std::vector<std::string>());
  std::vector<std::string> wanted;
  for (const std::uint16_t key : cim_class.keys) wanted.emplace_back(cim_class.properties[key].name);
  return wanted;
}

/// "CIM:CQL" is the name of a draft, which clients use.
std::optional<cim::wql::Language> language_of(std::string_view name) {
  if (equals_no_case(name, "WQL")) return cim::wql::Language::wql;
  if (equals_no_case(name, "DMTF:CQL") || equals_no_case(name, "CIM:CQL")) return cim::wql::Language::cql;
  return std::nullopt;
}

CimError query_error(const Error& error) {
  CimError result = to_cim_error(error);
  // Also for a class that does not exist: a query has no other code for what it says (DSP0200 5.3.2.13).
  if (error.kind == Failure::invalid_argument || error.kind == Failure::not_found) result.code = Code::invalid_query;
  return result;
}

}  // namespace

bool is_path(ItemKind kind) {
  return kind == ItemKind::instance_name || kind == ItemKind::object_path || kind == ItemKind::instance_path;
}

void ItemWriter::write(xml::Writer& writer, const cim::Instance& instance) {
  switch (kind_) {
    case ItemKind::named_instance:
      writer.start("VALUE.NAMEDINSTANCE");
      instances_.write_name(writer, instance);
      instances_.write(writer, instance);
      writer.end();
      break;
    case ItemKind::instance_name:
      instances_.write_name(writer, instance);
      break;
    case ItemKind::object_with_path:
    case ItemKind::instance_with_path:
      writer.start(kind_ == ItemKind::object_with_path ? "VALUE.OBJECTWITHPATH" : "VALUE.INSTANCEWITHPATH");
      instances_.write_path(writer, instance);
      instances_.write(writer, instance);
      writer.end();
      break;
    case ItemKind::object_path:
      writer.start("OBJECTPATH");
      instances_.write_path(writer, instance);
      writer.end();
      break;
    case ItemKind::instance_path:
      instances_.write_path(writer, instance);
      break;
    case ItemKind::instance:
      instances_.write(writer, instance);
      break;
  }
}

representation::Place place_of(const Operation& operation) {
  return {operation.schema, operation.manager.server_name()};
}

OrError<Selection> select_instances(const Operation& operation, std::string_view class_name, bool deep, ItemForm form,
                                    const Filter& filter) {
  const auto cim_class = find_class(operation, class_name);
  if (!cim_class) return cim_class.error();
  if (!deep) form.instance.properties_of = *cim_class;
  Selection selection;
  cim::ObjectPath about;
  about.namespace_name = operation.schema.namespace_name;
  about.class_name = (*cim_class)->name;
  selection.what = (*cim_class)->name;
  if (filter) {
    const auto condition = read_filter((*cim_class)->name, *filter);
    if (!condition) return condition.error();
    auto result = operation.manager.query(operation.context, operation.schema.namespace_name,
                                          fmt::format("SELECT * FROM {} WHERE {}", (*cim_class)->name, *filter),
                                          is_path(form.kind));
    if (!result) return query_error(result.error());
    selection.cursor = std::move(result->instances);
    about = std::move(result->about);
  } else {
    auto cursor = operation.manager.enumerate(operation.context, operation.schema.namespace_name, (*cim_class)->name,
                                              {}, wanted_of(**cim_class, form));
    if (!cursor) return to_cim_error(cursor.error());
    selection.cursor = std::move(*cursor);
  }
  selection.key = operation.machine_of(about);
  selection.form = std::move(form);
  return selection;
}

OrError<Selection> select_associated(const Operation& operation, cim::AssociationQuery query, ItemForm form,
                                     const Filter& filter) {
  if (auto source = find_class(operation, query.source.class_name, Code::invalid_parameter); !source)
    return source.error();
  const cim::Class* filtered = nullptr;
  for (const auto& [parameter, name] :
       {std::pair(query.references ? "ResultClass" : "AssocClass", &query.association_class),
        std::pair("ResultClass", &query.result_class)}) {
    if (name->empty()) continue;
    const cim::Class* found = operation.schema.find(*name);
    if (!found)
      return cim_error(Code::invalid_parameter, fmt::format("{}: there is no class {:.100}", parameter, *name));
    if (parameter == std::string_view("ResultClass")) filtered = found;
  }
  query.keys_only = is_path(form.kind) && !filter;
  Selection selection;
  selection.what = one_line((query.references ? "references of " : "associators of ") + query.source.to_string());
  selection.key = operation.machine_of(query.source);
  auto result = operation.manager.associations(operation.context, operation.schema.namespace_name, query);
  if (!result) return to_cim_error(result.error());
  selection.cursor = std::move(result->instances);
  selection.source = std::move(query.source);
  if (filter) {
    if (!filtered)
      return cim_error(Code::filtered_enumeration_not_supported,
                       "a FilterQuery needs a ResultClass here, whose properties it can name");
    const auto condition = read_filter(filtered->name, *filter);
    if (!condition) return condition.error();
    auto compiled = cim::wql::Filter::compile(*condition, *filtered, result->origin);
    if (!compiled) return query_error(compiled.error());
    selection.cursor = std::make_unique<cim::FilterCursor>(std::move(selection.cursor), std::move(*compiled));
  }
  selection.form = std::move(form);
  return selection;
}

OrError<Selection> select_query(const Operation& operation, std::string_view language, const std::string& text,
                                ItemKind kind) {
  const auto known = language_of(language);
  if (!known)
    return cim_error(Code::query_language_not_supported,
                     fmt::format("{:.100} is not known here; WQL and DMTF:CQL are", language));
  auto result = operation.manager.query(operation.context, operation.schema.namespace_name, text, false, *known);
  if (!result) return query_error(result.error());
  Selection selection;
  selection.cursor = std::move(result->instances);
  selection.form.kind = kind;
  if (!result->columns.empty()) selection.form.instance.property_list = std::move(result->columns);
  selection.what = one_line(text);
  selection.key = operation.machine_of(result->about);
  if (const auto statement = cim::wql::parse(text, *known);
      statement && std::holds_alternative<cim::wql::Select>(*statement))
    selection.query_class = operation.schema.find(result->about.class_name);
  return selection;
}

}  // namespace vmms::wire::cimxml
