#include "wire/wsman/instance_writer.hpp"

#include "wire/cimxml/embedded_instance.hpp"
#include "wire/wsman/names.hpp"

namespace vmms::wire::wsman {

namespace {

// Which prefixes elements get: those of a class, or none in a fragment.
enum class Prefixes { qualified, none };

void write_element(xml::Writer& writer, Prefixes prefixes, std::string_view name, const cim::Value& value,
                   const Spelling& spelling) {
  const bool qualified = prefixes == Prefixes::qualified;
  writer.start(qualified ? "p" : "", name);
  if (value.is_null()) {
    writer.attribute("xsi:nil", "true");
  } else if (const auto* path = value.get_if<cim::ObjectPathPtr>(); path && *path) {
    declare_reference(writer);
    write_reference(writer, **path, spelling);
  } else if (const auto* date = value.get_if<cim::DateTime>()) {
    const std::string_view element = date->is_interval() ? "cim:Interval" : "cim:Datetime";
    writer.element(qualified ? element : element.substr(4), date->to_iso8601());
  } else {
    writer.text(text_of(value));
  }
  writer.end();
}

void write_elements(xml::Writer& writer, Prefixes prefixes, std::string_view name, bool is_array,
                    const cim::Value& value, const Spelling& spelling) {
  const auto* array = value.get_if<cim::Array>();
  if (is_array && !array) return;
  if (!array) return write_element(writer, prefixes, name, value, spelling);
  for (const cim::Value& item : *array) write_element(writer, prefixes, name, item, spelling);
}

}  // namespace

std::string text_of(const cim::Value& value) {
  if (const auto* date = value.get_if<cim::DateTime>()) return date->to_iso8601();
  if (const auto* instance = value.get_if<cim::InstancePtr>(); instance && *instance)
    return cimxml::write_embedded_instance(**instance);
  return cim::to_text(value);
}

void write_value(xml::Writer& writer, std::string_view name, bool is_array, const cim::Value& value,
                 const Spelling& spelling) {
  write_elements(writer, Prefixes::qualified, name, is_array, value, spelling);
}

void write_fragment(xml::Writer& writer, const cim::Instance& instance, const std::vector<std::string>& columns,
                    const cim::wql::Origin& origin, const Spelling& spelling) {
  writer.start("w:XmlFragment").attribute("xmlns:xsi", names::xsi);
  for (const std::string& column : columns) {
    if (const auto index = instance.cim_class().property_index(column)) {
      const cim::Property& property = instance.cim_class().properties[*index];
      write_elements(writer, Prefixes::none, property.name, property.is_array, instance.values[*index], spelling);
    } else if (const auto system = cim::wql::find_system_property(column)) {
      const cim::Value value = cim::wql::system_value(*system, instance, origin);
      write_elements(writer, Prefixes::none, column, value.get_if<cim::Array>() != nullptr, value, spelling);
    }
  }
  writer.end();
}

void write_instance(xml::Writer& writer, const cim::Instance& instance, const Spelling& spelling) {
  write_instance(writer, instance, instance.cim_class(), spelling);
}

void write_instance(xml::Writer& writer, const cim::Instance& instance, const cim::Class& cim_class,
                    const Spelling& spelling) {
  std::string type = "p:";
  type += cim_class.name;
  type += "_Type";
  writer.start("p", cim_class.name)
      .attribute("xmlns:xsi", names::xsi)
      .attribute("xmlns:p", class_uri(spelling.family, spelling.namespace_name, cim_class.name))
      .attribute("xmlns:cim", names::cim_common)
      .attribute("xsi:type", type);
  const bool whole = &cim_class == &instance.cim_class();
  for (std::size_t i = 0; i < cim_class.properties.size(); ++i) {
    const cim::Property& property = cim_class.properties[i];
    const cim::Value& value = whole ? instance.values[i] : instance[property.name];
    if (!spelling.without_nil || !value.is_null())
      write_value(writer, property.name, property.is_array, value, spelling);
  }
  writer.end();
}

void write_endpoint_reference(xml::Writer& writer, const cim::ObjectPath& path, const Spelling& spelling) {
  writer.start("a:EndpointReference");
  declare_reference(writer);
  write_reference(writer, path, spelling);
  writer.end();
}

}  // namespace vmms::wire::wsman
