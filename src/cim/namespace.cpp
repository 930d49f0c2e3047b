#include "cim/namespace.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vmms::cim {

namespace {

/// Adds a provider under its class and each superclass, so that no lookup has to search.
template <class P, class Owners, class Concrete>
void add_provider(std::unique_ptr<P> provider, Owners& owners, Concrete& concrete) {
  const Class& own = provider->cim_class();
  const auto before = owners.find(&own);
  for (const Class* base = &own; base; base = base->superclass) {
    std::vector<P*>& all = concrete[base];
    if (before != owners.end()) std::erase(all, before->second.get());
    const auto place = std::find_if(all.begin(), all.end(), [&](P* each) { return own.name < each->cim_class().name; });
    all.insert(place, provider.get());
  }
  owners[&own] = std::move(provider);
}

template <class Concrete>
const typename Concrete::mapped_type& find_concrete(const Concrete& concrete, const Class& base) {
  static const typename Concrete::mapped_type none;
  const auto found = concrete.find(&base);
  return found == concrete.end() ? none : found->second;
}

}  // namespace

void Namespace::add(std::unique_ptr<Provider> provider) { add_provider(std::move(provider), providers, concrete_); }

void Namespace::add(std::unique_ptr<AssociationProvider> provider) {
  add_provider(std::move(provider), associations, concrete_associations_);
}

const std::vector<Provider*>& Namespace::concrete(const Class& base) const { return find_concrete(concrete_, base); }

const std::vector<AssociationProvider*>& Namespace::concrete_associations(const Class& base) const {
  return find_concrete(concrete_associations_, base);
}

bool Namespace::waits(const Class& base) const {
  if (base.is_association) {
    for (const AssociationProvider* provider : concrete_associations(base))
      for (const Property& property : provider->cim_class().properties)
        if (const Class* end = property.type == Type::reference ? schema.find(property.object_class) : nullptr)
          if (waits(*end)) return true;
    return false;
  }
  const auto& found = concrete(base);
  return std::any_of(found.begin(), found.end(), [](const Provider* p) { return p->cim_class().waits; });
}

std::string_view Namespace::driver_role(const Class& association) const {
  const bool is_join = !association.join_left.empty();
  std::string_view role;
  std::size_t its_cost = 0;
  for (const Property& property : association.properties) {
    if (property.type != Type::reference) continue;
    const Class* end = schema.find(property.object_class);
    if (!end) continue;
    const std::size_t cost = concrete(*end).size() + (waits(*end) ? 1000 : 0);
    const bool is_better = is_join ? cost > its_cost : cost < its_cost;
    if (role.empty() || is_better) role = property.name, its_cost = cost;
  }
  return role;
}

Query make_query(const Class& cim_class, const std::vector<KeyBinding>& keys, const std::vector<std::string>& wanted) {
  Query query;
  query.keys.resize(cim_class.keys.size());
  for (std::size_t i = 0; i < cim_class.keys.size(); ++i)
    for (const KeyBinding& key : keys)
      if (equals_no_case(key.name, cim_class.properties[cim_class.keys[i]].name)) query.keys[i] = key.value;
  if (!wanted.empty()) {
    query.wanted.assign(cim_class.properties.size(), false);
    for (const std::uint16_t key : cim_class.keys) query.wanted[key] = true;
    for (const std::string& name : wanted)
      if (const auto index = cim_class.property_index(name)) query.wanted[*index] = true;
  }
  return query;
}

}  // namespace vmms::cim
