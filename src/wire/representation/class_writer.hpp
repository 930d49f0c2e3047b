// Classes and qualifier declarations as CIM-XML (DSP0201 5.2.3).
#pragma once

#include "cim/class.hpp"
#include "wire/xml/writer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vmms::wire::representation {

/// What of a class is written: the parameters of GetClass (DSP0200 5.3.2.1).
struct ClassForm {
  bool local_only = true;  ///< without what was inherited and not declared again
  bool include_qualifiers = true;
  bool include_class_origin = false;
  std::optional<std::vector<std::string>> property_list = {};  ///< without case; nullopt: all properties
};

/// Whether a PropertyList wants the property.
bool lists(const std::optional<std::vector<std::string>>& property_list, std::string_view name);

/// Writes a CLASS. Names in the list that the class does not have are ignored, as DSP0200 requires.
void write_class(xml::Writer& writer, const cim::Class& cim_class, const ClassForm& form);

/// Writes a QUALIFIER.DECLARATION.
void write_qualifier_declaration(xml::Writer& writer, const cim::QualifierType& qualifier);

}  // namespace vmms::wire::representation
