// What is asked of associations: by ASSOCIATORS OF and REFERENCES OF, by WS-Management's association filters, by
// CIM-XML's Associators and References.
#pragma once

#include "cim/object_path.hpp"

#include <string>

namespace vmms::cim {

/// Empty names leave it open.
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

}  // namespace vmms::cim
