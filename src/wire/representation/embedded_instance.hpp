// Embedded instances: a whole instance as CIM-XML text inside a string value (DSP0201 5.2.5, WMI's text format).
#pragma once

#include "cim/instance.hpp"
#include "wire/xml/reader.hpp"

#include <string>
#include <string_view>

namespace vmms::wire::representation {

/// Instances in one value, including those inside them: a short text can make a large value.
inline constexpr std::size_t most_instances = 1024;

/// Reads `<INSTANCE CLASSNAME="…">…</INSTANCE>`, with or without an XML declaration or the wrappers of a CIM
/// declaration, in the spelling of WMI's DTD and of the DMTF's. Properties that are absent stay NULL; WMI's system
/// properties (`__PATH` …) and qualifiers are ignored.
/// `instances` is how many more may be read; what is read is taken from it.
/// Errors (invalid_argument): no such class or property, a TYPE other than the declared one, a value that does not fit.
Result<cim::Instance> read_embedded_instance(std::string_view text, const cim::Schema& schema, std::size_t& instances);
Result<cim::Instance> read_embedded_instance(std::string_view text, const cim::Schema& schema);

/// Reads an INSTANCE element, by the same rules. Errors: the same.
Result<cim::Instance> read_instance(const xml::Element& element, const cim::Schema& schema);

/// Reads VALUE, VALUE.ARRAY, VALUE.REFERENCE, VALUE.REFARRAY or an INSTANCE as a value of the type; no element is NULL.
/// Errors: invalid_argument.
Result<cim::Value> read_value(const xml::Element& element, cim::Type type, bool is_array, const cim::Schema& schema);

/// Writes an instance the way WMI does: every property in the class's order, those that are NULL without a value.
std::string write_embedded_instance(const cim::Instance& instance);

}  // namespace vmms::wire::representation
