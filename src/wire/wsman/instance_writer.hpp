// Instances and values as real hosts write them (DSP0230, facts gathered from recordings).
#pragma once

#include "cim/instance.hpp"
#include "cim/wql/system_properties.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/xml/block.hpp"
#include "wire/xml/writer.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmms::wire::wsman {

/// `<p:CLASS …>` with its properties in the class's order, in the namespace of the instance's own class.
void write_instance(xml::Writer& writer, const cim::Instance& instance, const Spelling& spelling);

/// The same as an instance of one of its superclasses.
void write_instance(xml::Writer& writer, const cim::Instance& instance, const cim::Class& cim_class,
                    const Spelling& spelling);

/// `<w:XmlFragment>` with some of the properties, their elements without prefix: a projection as real hosts send it.
/// What is the same for all instances of a class is made once.
class FragmentWriter {
 public:
  FragmentWriter(std::vector<std::string> columns, cim::wql::Origin origin)
      : names_(std::move(columns)), origin_(std::move(origin)) {}
  void write(xml::Writer& writer, const cim::Instance& instance, const Spelling& spelling);

 private:
  struct Column {
    std::string_view name;
    std::optional<std::size_t> property;
    std::optional<cim::wql::SystemProperty> system;
    bool is_array = false;
    /// Its start tag, and the whole element where there is no value.
    struct Start {
      xml::Markup start;
      xml::Markup null;
    };
    Start alone;
    Start after_value;  ///< behind the end tag of the column before
    xml::Markup end;
  };
  void look_up(const cim::Class& cim_class);
  static void write_other(xml::Block& block, const Column& column, const cim::Value& value, const Spelling& spelling);

  std::vector<std::string> names_;
  cim::wql::Origin origin_;
  const cim::Class* class_ = nullptr;  ///< whose the columns are; instances come class by class
  std::vector<Column> columns_;
};

/// The text inside the element of a value that is neither an array nor a reference.
std::string text_of(const cim::Value& value);

/// One property, parameter or return value as element(s) with the prefix p. NULL becomes xsi:nil, a NULL or empty
/// array nothing at all.
void write_value(xml::Writer& writer, std::string_view name, bool is_array, const cim::Value& value,
                 const Spelling& spelling);

/// `<a:EndpointReference>` of an instance.
void write_endpoint_reference(xml::Writer& writer, const cim::ObjectPath& path, const Spelling& spelling);

}  // namespace vmms::wire::wsman
