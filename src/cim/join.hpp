// An association whose ends belong together because a property of one equals a property of the other.
#pragma once

#include "cim/object_manager.hpp"

namespace vmms::cim {

/// Answers for a class with the qualifier Join. The end that is asked from is read (it must exist), the other end is
/// enumerated with the equal key, so that one VM's associations touch one VM.
class JoinProvider : public AssociationProvider {
 public:
  JoinProvider(ObjectManager& manager, const Schema& schema, const Class& cim_class);
  const Class& cim_class() const override { return class_; }
  Result<std::vector<Instance>> from(const Context& context, std::string_view role, const ObjectPath& end) override;
  Result<std::unique_ptr<Enumeration>> others(const Context& context, std::string_view role, const ObjectPath& end,
                                              std::string_view far_role, const Class& wanted) override;

 private:
  /// "Role.Property" of the qualifier, split.
  struct Side {
    std::string_view role;
    std::string_view property;
  };

  /// One end of an association as it is, and which objects belong to it: a class and the key that they must have.
  struct Ends {
    ObjectPath near;
    std::vector<KeyBinding> far_keys;
  };
  /// Null when no object of the class of `end` can stand in the role.
  Result<std::optional<Ends>> find_ends(const Context& context, const Side& near, const Side& far,
                                        const ObjectPath& end);

  ObjectManager& manager_;
  const Schema& schema_;
  const Class& class_;
  Side left_;
  Side right_;
};

}  // namespace vmms::cim
