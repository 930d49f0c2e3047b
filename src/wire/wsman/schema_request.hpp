// How a request wants classes: the options of the resource URI of the schema.
#pragma once

#include "wire/representation/class_writer.hpp"
#include "wire/wsman/request.hpp"

namespace vmms::wire::wsman {

/// Whole classes unless the options IncludeInheritedElements, IncludeQualifiers and IncludeClassOrigin say otherwise.
inline representation::ClassForm class_form(const Request& request) {
  representation::ClassForm form;
  form.local_only = !request.has_option("IncludeInheritedElements", true);
  form.include_qualifiers = request.has_option("IncludeQualifiers", true);
  form.include_class_origin = request.has_option("IncludeClassOrigin");
  return form;
}

}  // namespace vmms::wire::wsman
