#include "cim/directory.hpp"

#include "base/text.hpp"
#include "cim/namespace.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cim {

namespace {

// WMI writes namespaces with either slash and any case.
std::string namespace_key(std::string_view name) {
  std::string key = to_lower(name);
  std::replace(key.begin(), key.end(), '\\', '/');
  return key;
}

}  // namespace

Directory::Directory(Authorizer authorizer, std::string server_name)
    : authorizer_(std::move(authorizer)), server_name_(std::move(server_name)) {}
Directory::~Directory() = default;

void Directory::add(std::unique_ptr<Namespace> space) {
  namespaces_[namespace_key(space->schema.namespace_name)] = std::move(space);
}

void Directory::add(std::string_view namespace_name, std::unique_ptr<Provider> provider) {
  (*find_namespace(namespace_name))->add(std::move(provider));
}

void Directory::add(std::string_view namespace_name, std::unique_ptr<AssociationProvider> provider) {
  (*find_namespace(namespace_name))->add(std::move(provider));
}

Result<Namespace*> Directory::find_namespace(std::string_view namespace_name) const {
  auto found = namespaces_.find(namespace_name);  // mostly spelled as ours
  if (found == namespaces_.end()) found = namespaces_.find(namespace_key(namespace_name));
  if (found == namespaces_.end())
    return error(Failure::not_found, fmt::format("there is no namespace {}", namespace_name.substr(0, 200)));
  return found->second.get();
}

const Schema* Directory::find_schema(std::string_view namespace_name) const {
  const auto space = find_namespace(namespace_name);
  return space ? &(*space)->schema : nullptr;
}

Result<const Class*> Directory::find_class(std::string_view namespace_name, std::string_view class_name) const {
  const auto space = find_namespace(namespace_name);
  if (!space) return space.error();
  if (const Class* found = (*space)->schema.find(class_name)) return found;
  return error(Failure::not_found,
               fmt::format("there is no class {} in {}", class_name.substr(0, 200), (*space)->schema.namespace_name));
}

bool Directory::waits(std::string_view namespace_name, const Class& cim_class, const Method* method) const {
  const auto space = find_namespace(namespace_name);
  if (!space) return false;
  if (!method) return (*space)->waits(cim_class);
  const std::vector<Provider*>& concrete = (*space)->concrete(cim_class);
  if (concrete.size() > 1 && (*space)->waits(cim_class)) return true;  // the instance is looked for in several places
  // The method of the instance's own class is called. One that is not implemented still checks that the instance
  // exists.
  return std::any_of(concrete.begin(), concrete.end(), [&](const Provider* provider) {
    const Class& own_class = provider->cim_class();
    const Method* own = &own_class == &cim_class ? method : own_class.method(method->name);
    return own && (own->waits || (own->implemented ? own->takes_references() : own_class.waits));
  });
}

Status Directory::authorize(const Context& context, OperationKind kind, const Class& cim_class,
                            const Method* method) const {
  return authorizer_(*context.principal, kind, cim_class, method);
}

// Without waiting, of a path with all keys.
std::optional<std::string> Directory::other_class(const Namespace& space, const ObjectPath& path) const {
  if (!path.namespace_name.empty() && find_schema(path.namespace_name) != &space.schema) return std::nullopt;
  const Class* named = space.schema.find(path.class_name);
  const auto provider = named ? space.providers.find(named) : space.providers.end();
  if (provider == space.providers.end()) return std::nullopt;
  ObjectPath own = path;
  if (!complete_keys(own.keys, *named) || !has_all_keys(*named, own)) return std::nullopt;
  return provider->second->other_class(own);
}

Result<const Class*> Directory::get_class(const Context& context, std::string_view namespace_name,
                                          std::string_view class_name) const {
  const auto cim_class = find_class(namespace_name, class_name);
  if (!cim_class) return cim_class;
  if (const Status allowed = authorize(context, OperationKind::read, **cim_class, nullptr); !allowed)
    return allowed.error();
  return cim_class;
}

Result<std::vector<const Class*>> Directory::classes(const Context& context, std::string_view namespace_name,
                                                     std::string_view base, bool deep) const {
  const auto space = find_namespace(namespace_name);
  if (!space) return space.error();
  const Class* ancestor = nullptr;
  if (!base.empty()) {
    const auto found = find_class(namespace_name, base);
    if (!found) return found.error();
    ancestor = *found;
  }
  std::vector<const Class*> result;
  for (const Class* each : (*space)->schema.classes) {
    const bool below = deep ? each != ancestor && (!ancestor || each->is_a(*ancestor)) : each->superclass == ancestor;
    if (below && authorize(context, OperationKind::read, *each, nullptr)) result.push_back(each);
  }
  return result;
}

std::vector<std::string_view> Directory::namespaces() const {
  std::vector<std::string_view> names;
  for (const auto& [key, space] : namespaces_) names.push_back(space->schema.namespace_name);
  return names;
}

}  // namespace vmms::cim
