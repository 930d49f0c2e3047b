// Fragment-level transfer (DSP0226 7.7): one property of an instance instead of the whole, named by an XPath.
#pragma once

#include "cim/instance.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/wsman/request.hpp"
#include "wire/wsman/value_reader.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace vmms::wire::wsman {

/// What an expression names: `Property`, `p:CLASS/p:Property`, `Property[2]`, `Property/text()`. That is what the
/// properties of a CIM instance leave of XPath's level 1 (DSP0226 annex D.1); prefixes are not looked at.
struct FragmentPath {
  const cim::Property* property = nullptr;
  std::optional<std::size_t> index = {};  ///< of an item of an array, from 1
  bool text = false;                      ///< the text inside the element alone
};

/// Faults: fragment_dialect, cannot_process_filter (the expression, or no such property).
OrFault<FragmentPath> read_fragment_path(const Fragment& fragment, const cim::Class& cim_class);

/// Appends `<w:XmlFragment>` with what the path names in the instance; xsi:nil when there is nothing. Faults:
/// cannot_process_filter (the text of what has none: references and embedded instances).
OrFault<void> write_fragment_of(std::string& text, const cim::Instance& instance, const FragmentPath& path,
                                const Spelling& spelling);

/// The change that a Put of `<w:XmlFragment>` asks for, as an instance with that one property set. `present` is what
/// the instance has now, for items of arrays. Faults: invalid_representation, cannot_process_filter.
OrFault<cim::Instance> read_fragment_change(const xml::Element& fragment, const FragmentPath& path,
                                            const cim::Instance& present, const ReadContext& context);

}  // namespace vmms::wire::wsman
