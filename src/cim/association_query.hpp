// Queries over associations: ASSOCIATORS OF and REFERENCES OF, WS-Management's association filters, CIM-XML's
// Associators and References.
#pragma once

#include "cim/class.hpp"
#include "cim/object_path.hpp"

#include <string>
#include <vector>

namespace vmms::cim {

/// An empty name restricts nothing.
struct AssociationQuery {
  bool references = false;              ///< the associations themselves, not the objects at their other ends
  ObjectPath source;                    ///< without keys: a class, see ObjectManager::associated_classes
  std::string association_class = {};   ///< AssocClass; of REFERENCES OF ResultClass
  std::string result_class = {};        ///< of ASSOCIATORS OF
  std::string result_role = {};         ///< the role of what is found
  std::string role = {};                ///< the role of the source
  std::string required_qualifier = {};  ///< a boolean qualifier that the class of what is found has
  std::string required_association_qualifier = {};  ///< one that the association has
  bool keys_only = false;                           ///< nothing but the keys of what is found will be read
  bool class_definitions = false;                   ///< of what is found, the classes (ClassDefsOnly)
  bool classes = false;                             ///< the source is a class, and so is what is found (SchemaOnly)
};

/// A way from the source over an association class.
struct AssociationWay {
  const Property* near = nullptr;    ///< where the source stands
  const Property* far = nullptr;     ///< where what is wanted stands; null for the association itself
  const Class* far_class = nullptr;  ///< what is wanted: of the class that `far` declares and of the one asked for
};
/// Those of objects of the class `source`, as far as roles and qualifiers of the query allow. `result` is the class of
/// what is wanted, null for any.
std::vector<AssociationWay> association_ways(const AssociationQuery& query, const Schema& schema, const Class& source,
                                             const Class& association, const Class* result);

/// The narrower of two classes, where null is any class; null when no object can be of both.
const Class* narrower(const Class* left, const Class* right);

}  // namespace vmms::cim
