// Values and instances in the body of a request (DSP0230). Elements are matched by local name, whatever their
// namespace: clients differ.
#pragma once

#include "cim/instance.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/xml/reader.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace vmms::wire::wsman {

/// The schema and namespace for reading values.
struct ReadContext {
  const cim::Schema& schema;
  std::string_view default_namespace;  ///< of references that name none
};

bool is_nil(const xml::Element& element);

/// A value from the elements of one name: one for a scalar, one for each item of an array. Embedded instances must be
/// CIM-XML text. Faults: invalid_argument, schema_validation (an embedded instance as elements).
OrFault<cim::Value> read_value(std::span<const xml::Element> elements, cim::Type type, bool is_array,
                               const ReadContext& context);

/// The elements that `parent` holds of each name of `names`, by index; names compare without case. The error is the
/// first child that has none of the names.
using Grouped = std::vector<std::vector<xml::Element>>;
boost::system::result<Grouped, xml::Element> group_children(const xml::Element& parent,
                                                            std::span<const std::string_view> names);

/// An instance of `cim_class`, or of the subclass that the element is named after; properties that are absent or nil
/// stay NULL. Faults: invalid_representation.
OrFault<cim::Instance> read_instance(const xml::Element& element, const cim::Class& cim_class,
                                     const ReadContext& context);

}  // namespace vmms::wire::wsman
