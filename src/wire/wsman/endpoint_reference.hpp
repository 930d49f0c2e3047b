// Endpoint references: how WS-Management names an instance (DSP0226 5.1.2, WS-Addressing 2004/08).
#pragma once

#include "cim/object_path.hpp"
#include "wire/wsman/resource.hpp"
#include "wire/xml/reader.hpp"
#include "wire/xml/writer.hpp"

#include <vector>

namespace vmms::wire::wsman {

/// How names are written in answers to one request.
struct Spelling {
  UriFamily family = UriFamily::microsoft;
  std::string_view namespace_name;  ///< of what is written; references may name another
  bool without_nil = false;         ///< properties that are NULL are left out (DSP0227, wsmb:ExcludeNilProperties)
};

/// More selectors in one SelectorSet are refused.
inline constexpr std::size_t most_selectors = cim::ObjectPath::most_keys;

/// The selectors inside a SelectorSet; values may be endpoint references, as deep as ObjectPath allows. Quotes that a
/// client put around a value are removed. `default_namespace` is meant where a reference names none. Errors:
/// invalid_argument.
Result<std::vector<cim::KeyBinding>> read_selectors(const xml::Element& selector_set,
                                                    std::string_view default_namespace);

/// Moves a `__cimnamespace` selector into the resource. Errors (invalid_argument): it contradicts the resource URI.
Status take_namespace(Resource& resource, std::vector<cim::KeyBinding>& selectors, std::string_view default_namespace);

/// Reads a reference: Address and ReferenceParameters directly inside `element`, or in an EndpointReference inside it.
/// Errors: invalid_argument.
Result<cim::ObjectPath> read_reference(const xml::Element& element, std::string_view default_namespace);

/// Appends what stands inside a reference. The element that holds it must declare its namespaces with
/// declare_reference(): clients copy such elements out of their documents.
void write_reference(xml::Writer& writer, const cim::ObjectPath& path, const Spelling& spelling);
void declare_reference(xml::Writer& writer);

}  // namespace vmms::wire::wsman
