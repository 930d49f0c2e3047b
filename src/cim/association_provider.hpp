// What an association offers to the object manager: one direction from each end, never an enumeration of both.
#pragma once

#include "cim/provider.hpp"

namespace vmms::cim {

class AssociationProvider {
 public:
  virtual ~AssociationProvider() = default;
  virtual const Class& cim_class() const = 0;
  /// The association's instances in which `end` stands in the reference property `role` (a name of cim_class()).
  virtual Result<std::vector<Instance>> from(const Context& context, std::string_view role, const ObjectPath& end) = 0;
};

}  // namespace vmms::cim
