// An association whose ends belong together because a property of one equals a property of the other.
#pragma once

#include "base/text.hpp"
#include "cim/object_manager.hpp"

namespace vmms::cim {

/// The provider of a class with the qualifier Join, whose two properties are keys. The other end is enumerated with the
/// equal key, so that one VM's associations touch one VM.
class JoinProvider : public AssociationProvider {
 public:
  JoinProvider(ObjectManager& manager, const Schema& schema, const Class& cim_class);
  const Class& cim_class() const override { return class_; }
  Result<std::vector<Instance>> from(const Context& context, std::string_view role, const ObjectPath& end) override;
  Result<std::unique_ptr<Enumeration>> others(const Context& context, std::string_view role, const ObjectPath& end,
                                              std::string_view far_role, const Class& wanted) override;

 private:
  /// "Role.Property" of the qualifier, split in two.
  struct Side {
    std::string_view role;
    std::string_view property;
  };

  const Side& near_side(std::string_view role) const { return equals_no_case(role, left_.role) ? left_ : right_; }
  const Side& far_side(std::string_view role) const { return equals_no_case(role, left_.role) ? right_ : left_; }
  /// The key that the objects at the other end have; nothing when no object of the class of `end` can stand in the
  /// role.
  std::optional<std::vector<KeyBinding>> far_keys(std::string_view role, const ObjectPath& end) const;

  ObjectManager& manager_;
  const Schema& schema_;
  const Class& class_;
  Side left_;
  Side right_;
};

}  // namespace vmms::cim
