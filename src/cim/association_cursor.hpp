// The enumeration of associations: walks the instances of one end and asks from each, never both ends.
#pragma once

#include "cim/namespace.hpp"
#include "cim/object_manager.hpp"

namespace vmms::cim {

class AssociationCursor : public BufferedEnumeration {
 public:
  /// A key that is a reference restricts the result to the associations of that object.
  AssociationCursor(ObjectManager& manager, Namespace& space, const Class& cim_class, std::vector<KeyBinding> keys,
                    Subclasses subclasses, NoObject no_object);
  bool waits() const override { return waits_; }

 protected:
  bool exhausted() const override { return present_ == providers_.size(); }
  Enumeration* source() const override { return ends_.get(); }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  const Class* end_class(const Class& association, std::string_view role) const;
  bool find_ends(const Context& context, std::vector<Error>& failures);
  bool fits(const Instance& association) const;

  ObjectManager& manager_;
  Namespace& space_;
  std::vector<AssociationProvider*> providers_;
  std::size_t present_ = 0;
  std::vector<KeyBinding> keys_;
  std::vector<const Class*> end_classes_;  ///< parallel to `keys_`: the class that each may refer to
  NoObject no_object_;
  bool ends_found_ = false;            ///< `keys_` hold the own paths of the objects that they name
  std::unique_ptr<Enumeration> ends_;  ///< of the current provider's driver role
  bool waits_;
};

}  // namespace vmms::cim
