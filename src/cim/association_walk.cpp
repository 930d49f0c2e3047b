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

AssociationWalk::AssociationWalk(ObjectManager& manager, Namespace& space, AssociationQuery query,
                                 std::vector<Step> steps)
    : manager_(manager),
      space_(space),
      query_(std::move(query)),
      steps_(steps.begin(), steps.end()),
      several_(steps.size() > 1) {
  const Class* source_class = space.schema.find(query_.source.class_name);
  waits_ =
      (source_class && space.waits(*source_class)) || std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
        return space.waits(step.far_class ? *step.far_class : step.provider->cim_class());
      });
}

void AssociationWalk::fetch(const Context& context, std::size_t most, std::vector<Error>& failures) {
  if (steps_.empty()) {
    // Nothing found: that there is no such object must not look like an object that has no associations.
    checked_ = true;
    if (const auto exists = manager_.get_within(context, query_.source); !exists) failures.push_back(exists.error());
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

void AssociationWalk::start(const Context& context, std::vector<Error>& failures) {
  const Step& step = steps_.front();
  started_ = true;
  if (step.far_class) {
    auto others = step.provider->others(context, step.role, query_.source, step.far_role, *step.far_class);
    if (!others) {
      checked_ = true;  // the failure says it
      failures.push_back(others.error());
      return end_step();
    }
    others_ = std::move(*others);
    if (others_) return;
  }
  auto associations = step.provider->from(context, step.role, query_.source);
  if (!associations) {
    checked_ = true;
    failures.push_back(associations.error());
    return end_step();
  }
  for (Instance& association : *associations) {
    if (!step.far_class) {
      add(std::move(association));
      continue;
    }
    const auto* far = association[step.far_role].get_if<ObjectPathPtr>();
    if (!far || !*far) continue;
    const Class* far_class = space_.schema.find((*far)->class_name);
    if (!far_class || !far_class->is_a(*step.far_class)) continue;
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
  checked_ = true;
  const std::string& required = query_.references ? query_.required_association_qualifier : query_.required_qualifier;
  if (!required.empty() && !has_qualifier(instance.cim_class().qualifiers, required)) return;
  if (several_ && !found_.insert(std::hash<std::string>()(to_lower(instance.path().to_string()))).second) return;
  page_.push_back(std::move(instance));
}

}  // namespace vmms::cim
