#include "cim/association_cursor.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vmms::cim {

AssociationCursor::AssociationCursor(ObjectManager& manager, Namespace& space, const Class& cim_class,
                                     std::vector<KeyBinding> keys, Subclasses subclasses, NoObject no_object)
    : manager_(manager),
      space_(space),
      providers_(space.concrete_associations(cim_class)),
      keys_(std::move(keys)),
      no_object_(no_object),
      waits_(space.waits(cim_class)) {
  for (const KeyBinding& key : keys_) {
    const Class* end = end_class(cim_class, key.name);
    end_classes_.push_back(end);
    if (end && space.waits(*end)) waits_ = true;
  }
  if (subclasses == Subclasses::exclude)
    std::erase_if(providers_,
                  [&](const AssociationProvider* provider) { return &provider->cim_class() != &cim_class; });
}

const Class* AssociationCursor::end_class(const Class& association, std::string_view role) const {
  const Property* property = association.property(role);
  return property ? space_.schema.find(property->object_class) : nullptr;
}

// The paths of the ends that were named, once for all association classes.
bool AssociationCursor::find_ends(const Context& context, std::vector<Error>& failures) {
  if (ends_found_) return true;
  ends_found_ = true;
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    KeyBinding& key = keys_[i];
    if (!key.reference) continue;
    const Class* named = space_.schema.find(key.reference->class_name);
    if (named && end_classes_[i] && !narrower(named, end_classes_[i])) {
      present_ = providers_.size();  // no association here can have such an end
      return false;
    }
    const auto end = manager_.find_object(context, space_.schema, *key.reference, end_classes_[i]);
    if (!end) {
      const Failure kind = end.error().kind;
      const bool is_none = kind == Failure::not_found || kind == Failure::invalid_argument;
      if (!is_none || no_object_ == NoObject::fails) failures.push_back(end.error());
      present_ = providers_.size();
      return false;
    }
    key.reference = std::make_shared<const ObjectPath>(end->path(space_.schema.namespace_name));
  }
  return true;
}

bool AssociationCursor::fits(const Instance& association) const {
  const ObjectPath path = association.path();
  return std::all_of(keys_.begin(), keys_.end(), [&](const KeyBinding& wanted) {
    const KeyBinding* key = path.find(wanted.name);
    return key && key->reference && wanted.reference &&
           names_object(*wanted.reference, *key->reference, manager_.home(space_.schema));
  });
}

// Adds the associations of one more end, or goes on to the next association class.
void AssociationCursor::fetch(const Context& context, std::size_t, std::vector<Error>& failures) {
  if (!find_ends(context, failures)) return;
  AssociationProvider& provider = *providers_[present_];
  const auto add = [&](std::string_view role, const ObjectPath& end) {
    auto found = provider.from(context, role, end);
    if (!found) {
      failures.push_back(found.error());
      return;
    }
    for (Instance& association : *found)
      if (fits(association)) page_.push_back(std::move(association));
  };
  if (!keys_.empty()) {
    if (keys_.front().reference) add(keys_.front().name, *keys_.front().reference);
    ++present_;
    return;
  }
  const std::string_view role = space_.driver_role(provider.cim_class());
  if (!ends_) {
    const Property* property = provider.cim_class().property(role);
    // Only the keys of an end are needed; asking for one property says so.
    auto ends = property ? manager_.enumerate_within(context, space_.schema.namespace_name, property->object_class, {},
                                                     {"Name"})
                         : Result<std::unique_ptr<Enumeration>>(error(Failure::internal, "association without ends"));
    if (!ends) {
      failures.push_back(ends.error());
      ++present_;
      return;
    }
    ends_ = std::move(*ends);
  }
  Batch end = ends_->next(context, 1);
  std::move(end.failures.begin(), end.failures.end(), std::back_inserter(failures));
  for (const Instance& instance : end.items) add(role, instance.path(space_.schema.namespace_name));
  if (end.done) {
    ends_.reset();
    ++present_;
  }
}

}  // namespace vmms::cim
