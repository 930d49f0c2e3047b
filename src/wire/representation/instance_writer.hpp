// Instances, values and paths as CIM-XML (DSP0201 5.2.2 to 5.2.5), as answers to CIM-XML requests have them.
#pragma once

#include "cim/instance.hpp"
#include "cim/wql/system_properties.hpp"
#include "wire/xml/writer.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::wire::representation {

/// The schema and host of what is written.
struct Place {
  const cim::Schema& schema;  ///< its classes give the types of keys, its name is the namespace of paths without one
  std::string_view host;      ///< for HOST
};

/// What of an instance is written (DSP0200 5.3.2.2).
struct InstanceForm {
  const cim::Class* properties_of = nullptr;  ///< only this class has (DeepInheritance false); null: no such limit
  std::optional<std::vector<std::string>> property_list = {};  ///< without case; may name WQL's system properties
  bool include_class_origin = false;
};

/// Writes instances of one form. What is the same for all of a class is made once.
class InstanceWriter {
 public:
  InstanceWriter(InstanceForm form, const Place& place);
  ~InstanceWriter();

  /// INSTANCE: properties in the class's order, those that are NULL without a value.
  void write(xml::Writer& writer, const cim::Instance& instance);
  void write_name(xml::Writer& writer, const cim::Instance& instance);  ///< INSTANCENAME
  void write_path(xml::Writer& writer, const cim::Instance& instance);  ///< INSTANCEPATH

 private:
  struct OfClass;
  const OfClass& of_class(const cim::Class& cim_class);

  const InstanceForm form_;
  const Place place_;
  const cim::wql::Origin origin_;
  std::unique_ptr<OfClass> present_;  ///< instances come class by class
};

/// INSTANCE, as InstanceWriter writes it.
void write_instance(xml::Writer& writer, const cim::Instance& instance, const InstanceForm& form, const Place& place);

/// VALUE, VALUE.ARRAY, VALUE.REFERENCE or VALUE.REFARRAY; nothing for NULL.
void write_value(xml::Writer& writer, const cim::Value& value, cim::Type type, const Place& place);

/// The TYPE or PARAMTYPE, then EmbeddedObject where it belongs.
void write_type(xml::Writer& writer, std::string_view attribute, cim::Type type, std::string_view object_class);

/// INSTANCENAME. Keys have the VALUETYPE and TYPE that the class declares.
void write_instance_name(xml::Writer& writer, const cim::ObjectPath& path, const Place& place);
/// INSTANCEPATH.
void write_instance_path(xml::Writer& writer, const cim::ObjectPath& path, const Place& place);
/// CLASSPATH.
void write_class_path(xml::Writer& writer, const cim::Class& cim_class, const Place& place);
/// LOCALNAMESPACEPATH.
void write_local_namespace_path(xml::Writer& writer, std::string_view namespace_name);

}  // namespace vmms::wire::representation
