// What an association offers to the object manager: one direction from each end, never an enumeration of both.
#pragma once

#include "cim/enumeration.hpp"
#include "cim/provider.hpp"

#include <memory>

namespace vmms::cim {

class AssociationProvider {
 public:
  virtual ~AssociationProvider() = default;
  virtual const Class& cim_class() const = 0;
  /// The association's instances in which `end` stands in the reference property `role` (a name of cim_class()). `end`
  /// is the own path of an instance that was found, whatever path the client used: its own class and all its keys,
  /// spelled as in the instance.
  virtual Result<std::vector<Instance>> from(const Context& context, std::string_view role, const ObjectPath& end) = 0;
  /// The objects that stand in `far_role` opposite `end`, those of the class `wanted`, where there is a better way than
  /// to read each one that from() names; null where there is none.
  virtual Result<std::unique_ptr<Enumeration>> others(const Context&, std::string_view /*role*/,
                                                      const ObjectPath& /*end*/, std::string_view /*far_role*/,
                                                      const Class& /*wanted*/) {
    return std::unique_ptr<Enumeration>();
  }
};

}  // namespace vmms::cim
