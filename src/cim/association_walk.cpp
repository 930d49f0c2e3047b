#include "cim/association_walk.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace vmms::cim {

namespace {

/// An instance with nothing but its keys; nullopt when they do not fit the class.
std::optional<Instance> with_keys_alone(const Class& cim_class, const ObjectPath& path) {
  Instance instance(cim_class);
  for (const std::uint16_t key : cim_class.keys) {
    const Property& property = cim_class.properties[key];
    const auto value = typed::key_value(path, property);
    if (!value) return std::nullopt;
    instance.values[key] = *value;
  }
  return instance;
}

}  // namespace

AssociationWalk::AssociationWalk(ObjectManager& manager, Namespace& space, AssociationQuery query, const Class& named,
                                 const Class* result, std::vector<AssociationProvider*> associations)
    : manager_(manager),
      space_(space),
      query_(std::move(query)),
      result_(result),
      associations_(std::move(associations)),
      waits_(space.waits(named)) {
  // The source may turn out to be of any of these.
  std::vector<const Class*> sources{&named};
  for (const Provider* provider : space.concrete(named)) sources.push_back(&provider->cim_class());
  const auto may_wait = [&](const AssociationProvider* association) {
    return std::any_of(sources.begin(), sources.end(), [&](const Class* source) {
      const auto ways = association_ways(query_, space_.schema, *source, association->cim_class(), result_);
      return std::any_of(ways.begin(), ways.end(), [&](const AssociationWay& way) {
        return space_.waits(way.far_class ? *way.far_class : association->cim_class());
      });
    });
  };
  waits_ = waits_ || std::any_of(associations_.begin(), associations_.end(), may_wait);
}

void AssociationWalk::fetch(const Context& context, std::size_t most, std::vector<Error>& failures) {
  if (!source_found_) {
    find_source(context, failures);
  } else if (!started_) {
    start(context, failures);
  } else if (others_) {
    auto batch = others_->next(context, most);
    for (Instance& instance : batch.items) add(std::move(instance));
    std::move(batch.failures.begin(), batch.failures.end(), std::back_inserter(failures));
    if (batch.done) end_step();
  } else if (!to_read_.empty()) {
    read_one(context, failures);
  } else {
    end_step();
  }
}

// That there is no such object must not look like an object that has no associations.
void AssociationWalk::find_source(const Context& context, std::vector<Error>& failures) {
  const auto source = manager_.find_object(context, space_.schema, query_.source);
  source_found_ = true;
  if (!source) return failures.push_back(source.error());
  query_.source = source->path(space_.schema.namespace_name);
  for (AssociationProvider* association : associations_)
    for (const AssociationWay& way :
         association_ways(query_, space_.schema, source->cim_class(), association->cim_class(), result_))
      steps_.push_back({association, way});
  several_ = steps_.size() > 1;
}

void AssociationWalk::start(const Context& context, std::vector<Error>& failures) {
  const auto& [provider, way] = steps_.front();
  started_ = true;
  if (way.far) {
    auto others = provider->others(context, way.near->name, query_.source, way.far->name, *way.far_class);
    if (!others) {
      failures.push_back(others.error());
      return end_step();
    }
    others_ = std::move(*others);
    if (others_) return;
  }
  auto associations = provider->from(context, way.near->name, query_.source);
  if (!associations) {
    failures.push_back(associations.error());
    return end_step();
  }
  for (Instance& association : *associations) {
    if (!way.far) {
      add(std::move(association));
      continue;
    }
    const auto* far = association[way.far->name].get_if<ObjectPathPtr>();
    if (!far || !*far) continue;
    const Class* far_class = space_.schema.find((*far)->class_name);
    if (!far_class || !far_class->is_a(*way.far_class)) continue;
    to_read_.push_back(**far);
    to_read_.back().namespace_name = space_.schema.namespace_name;
  }
}

void AssociationWalk::read_one(const Context& context, std::vector<Error>& failures) {
  const ObjectPath path = std::move(to_read_.front());
  to_read_.pop_front();
  if (query_.keys_only) {
    auto keys = with_keys_alone(*space_.schema.find(path.class_name), path);
    if (keys) return add(std::move(*keys));
  }
  auto instance = manager_.get_within(context, path);
  if (instance)
    add(std::move(*instance));
  else if (instance.error().kind != Failure::not_found)  // gone since a moment ago
    failures.push_back(instance.error());
}

void AssociationWalk::end_step() {
  steps_.pop_front();
  started_ = false;
  others_.reset();
}

void AssociationWalk::add(Instance instance) {
  const std::string& required = query_.references ? query_.required_association_qualifier : query_.required_qualifier;
  if (!required.empty() && !has_qualifier(instance.cim_class().qualifiers, required)) return;
  if (several_ && !found_.insert(std::hash<std::string>()(to_lower(instance.path().to_string()))).second) return;
  page_.push_back(std::move(instance));
}

}  // namespace vmms::cim
