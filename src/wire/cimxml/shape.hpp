// Which elements of CIM-XML stand where (the DTD of DSP0201, annex A), as far as requests use them.
#pragma once

#include "base/result.hpp"
#include "wire/xml/reader.hpp"

namespace vmms::wire::cimxml {

/// Whether `root` is a CIM element with a message whose elements, and the attributes that they need, are where the DTD
/// has them. Attributes that it does not know are ignored. Errors (invalid_argument) name the element.
Status check_shape(const xml::Element& root);

}  // namespace vmms::wire::cimxml
