#include "cim/association_cursor.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vmms::cim {

AssociationCursor::AssociationCursor(ObjectManager& manager, Namespace& space, const Class& cim_class,
                                     std::vector<KeyBinding> keys, Subclasses subclasses)
    : manager_(manager),
      space_(space),
      providers_(space.concrete_associations(cim_class)),
      keys_(std::move(keys)),
      waits_(space.waits(cim_class)) {
  if (subclasses == Subclasses::exclude)
    std::erase_if(providers_,
                  [&](const AssociationProvider* provider) { return &provider->cim_class() != &cim_class; });
}

bool AssociationCursor::fits(const Instance& association) const {
  const ObjectPath path = association.path();
  return std::all_of(keys_.begin(), keys_.end(), [&](const KeyBinding& wanted) {
    const KeyBinding* key = path.find(wanted.name);
    return key && key->reference && wanted.reference && similar_object(*key->reference, *wanted.reference);
  });
}

// Adds the associations of one more end, or goes on to the next association class.
void AssociationCursor::fetch(const Context& context, std::size_t, std::vector<Error>& failures) {
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
