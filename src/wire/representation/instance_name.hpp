// Object paths in CIM-XML (DSP0201 5.2.4): INSTANCENAME and what may stand around it.
#pragma once

#include "cim/object_path.hpp"
#include "wire/xml/reader.hpp"
#include "wire/xml/writer.hpp"

namespace vmms::wire::representation {

/// Reads an INSTANCENAME, LOCALINSTANCEPATH or INSTANCEPATH, in the bounds of ObjectPath. An only key may stand there
/// without its name; that one is named "". Errors: invalid_argument.
Result<cim::ObjectPath> read_instance_path(const xml::Element& element);

/// Writes a LOCALINSTANCEPATH, or an INSTANCENAME when the path has no namespace.
void write_instance_path(xml::Writer& writer, const cim::ObjectPath& path);

}  // namespace vmms::wire::representation
