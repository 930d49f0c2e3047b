// Instances and values as real hosts write them (DSP0230, facts gathered from recordings).
#pragma once

#include "cim/instance.hpp"
#include "cim/wql/system_properties.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/xml/writer.hpp"

#include <string>
#include <vector>

namespace vmms::wire::wsman {

/// `<p:CLASS …>` with its properties in the class's order, in the namespace of the instance's own class.
void write_instance(xml::Writer& writer, const cim::Instance& instance, const Spelling& spelling);

/// The same as an instance of one of its superclasses.
void write_instance(xml::Writer& writer, const cim::Instance& instance, const cim::Class& cim_class,
                    const Spelling& spelling);

/// `<w:XmlFragment>` with some of the properties, their elements without prefix: a projection as real hosts send it.
void write_fragment(xml::Writer& writer, const cim::Instance& instance, const std::vector<std::string>& columns,
                    const cim::wql::Origin& origin, const Spelling& spelling);

/// The text inside the element of a value that is neither an array nor a reference.
std::string text_of(const cim::Value& value);

/// One property, parameter or return value as element(s) with the prefix p. NULL becomes xsi:nil, a NULL or empty
/// array nothing at all.
void write_value(xml::Writer& writer, std::string_view name, bool is_array, const cim::Value& value,
                 const Spelling& spelling);

/// `<a:EndpointReference>` of an instance.
void write_endpoint_reference(xml::Writer& writer, const cim::ObjectPath& path, const Spelling& spelling);

}  // namespace vmms::wire::wsman
