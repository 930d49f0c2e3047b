#include "wire/cimxml/instance_writer.hpp"

#include "wire/cimxml/class_writer.hpp"

#include <fmt/format.h>

#include <cmath>

namespace vmms::wire::cimxml {

namespace {

// A real number has a point (DSP0201, "real values").
std::string real_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-INF" : "INF";
  std::string text = fmt::format("{}", value);
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");
  return text;
}

// A char16 is the character itself.
std::string character_text(std::uint64_t code) {
  std::string text;
  if (code < 0x80) {
    text += static_cast<char>(code);
  } else if (code < 0x800) {
    text += static_cast<char>(0xC0 | (code >> 6));
    text += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    text += static_cast<char>(0xE0 | ((code >> 12) & 0x0F));
    text += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    text += static_cast<char>(0x80 | (code & 0x3F));
  }
  return text;  // what is no character becomes U+FFFD in the writer
}

std::string value_text(const cim::Value& value, cim::Type type, const Place& place) {
  if (const bool* boolean = value.get_if<bool>()) return *boolean ? "TRUE" : "FALSE";
  if (const double* real = value.get_if<double>()) return real_text(*real);
  if (const auto* code = value.get_if<std::uint64_t>(); code && type == cim::Type::char16) return character_text(*code);
  if (const auto* instance = value.get_if<cim::InstancePtr>()) {
    std::string text;
    xml::Writer writer(text);
    if (*instance) write_instance(writer, **instance, {}, place);
    return text;
  }
  return cim::to_text(value);
}

void write_scalar(xml::Writer& writer, const cim::Value& value, cim::Type type, const Place& place) {
  if (value.is_null()) {
    writer.start("VALUE.NULL").end();
  } else if (const auto* path = value.get_if<cim::ObjectPathPtr>(); path && *path) {
    writer.start("VALUE.REFERENCE");
    write_instance_path(writer, **path, place);
    writer.end();
  } else {
    writer.element("VALUE", value_text(value, type, place));
  }
}

void write_property(xml::Writer& writer, const cim::Property& property, const cim::Value& value,
                    const InstanceForm& form, const Place& place) {
  const bool reference = property.type == cim::Type::reference;
  writer.start(reference ? "PROPERTY.REFERENCE" : property.is_array ? "PROPERTY.ARRAY" : "PROPERTY");
  writer.attribute("NAME", property.name);
  // wbemcli knows no EmbeddedObject on arrays; one without a value needs none.
  if (property.is_array && value.is_null())
    writer.attribute("TYPE", cim::type_name(property.type));
  else if (!reference)
    write_type(writer, "TYPE", property.type, property.object_class);
  else if (!property.object_class.empty())
    writer.attribute("REFERENCECLASS", property.object_class);
  if (form.include_class_origin && !property.origin.empty()) writer.attribute("CLASSORIGIN", property.origin);
  writer.text({});
  write_value(writer, value, property.type, place);
  writer.end();
}

std::string_view namespace_of(const cim::ObjectPath& path, const Place& place) {
  return path.namespace_name.empty() ? place.schema.namespace_name : std::string_view(path.namespace_name);
}

void write_namespace_path(xml::Writer& writer, std::string_view namespace_name, const Place& place) {
  writer.start("NAMESPACEPATH").element("HOST", place.host);
  write_local_namespace_path(writer, namespace_name);
  writer.end();
}

void write_key_value(xml::Writer& writer, const cim::KeyBinding& key, const cim::Class* cim_class) {
  const cim::Property* property = cim_class ? cim_class->property(key.name) : nullptr;
  const cim::Type type = property ? property->type : cim::Type::string;
  const bool boolean = type == cim::Type::boolean;
  const bool text = type == cim::Type::string || type == cim::Type::datetime || type == cim::Type::char16;
  writer.start("KEYVALUE")
      .attribute("VALUETYPE", boolean ? "boolean"
                              : text  ? "string"
                                      : "numeric")
      .attribute("TYPE", cim::type_name(type))
      .text(boolean ? (key.value == "true" ? "TRUE" : "FALSE") : key.value)
      .end();
}

}  // namespace

void write_type(xml::Writer& writer, std::string_view attribute, cim::Type type, std::string_view object_class) {
  writer.attribute(attribute, cim::type_name(type));
  if (type == cim::Type::instance) writer.attribute("EmbeddedObject", object_class.empty() ? "object" : "instance");
}

void write_value(xml::Writer& writer, const cim::Value& value, cim::Type type, const Place& place) {
  if (value.is_null()) return;
  const auto* array = value.get_if<cim::Array>();
  if (!array) return write_scalar(writer, value, type, place);
  writer.start(type == cim::Type::reference ? "VALUE.REFARRAY" : "VALUE.ARRAY");
  for (const cim::Value& item : *array) write_scalar(writer, item, type, place);
  writer.end();
}

void write_instance(xml::Writer& writer, const cim::Instance& instance, const InstanceForm& form, const Place& place) {
  const cim::Class& cim_class = instance.cim_class();
  writer.start("INSTANCE").attribute("CLASSNAME", cim_class.name);
  for (std::size_t i = 0; i < cim_class.properties.size(); ++i) {
    const cim::Property& property = cim_class.properties[i];
    if (form.properties_of && !form.properties_of->property(property.name)) continue;
    if (lists(form.property_list, property.name)) write_property(writer, property, instance.values[i], form, place);
  }
  // Columns of a query may be system properties, which no class declares.
  for (const std::string& name : form.property_list.value_or(std::vector<std::string>())) {
    const auto system = cim_class.property(name) ? std::nullopt : cim::wql::find_system_property(name);
    if (!system) continue;
    const auto value =
        cim::wql::system_value(*system, instance, {std::string(place.host), std::string(place.schema.namespace_name)});
    write_property(writer, {.name = name}, value, {}, place);
  }
  writer.end();
}

void write_instance_name(xml::Writer& writer, const cim::ObjectPath& path, const Place& place) {
  const cim::Class* cim_class = place.schema.find(path.class_name);
  writer.start("INSTANCENAME").attribute("CLASSNAME", path.class_name);
  for (const cim::KeyBinding& key : path.keys) {
    writer.start("KEYBINDING").attribute("NAME", key.name);
    if (key.reference) {
      writer.start("VALUE.REFERENCE");
      write_instance_path(writer, *key.reference, place);
      writer.end();
    } else {
      write_key_value(writer, key, cim_class);
    }
    writer.end();
  }
  writer.end();
}

void write_instance_path(xml::Writer& writer, const cim::ObjectPath& path, const Place& place) {
  writer.start("INSTANCEPATH");
  write_namespace_path(writer, namespace_of(path, place), place);
  write_instance_name(writer, path, place);
  writer.end();
}

void write_class_path(xml::Writer& writer, const cim::Class& cim_class, const Place& place) {
  writer.start("CLASSPATH");
  write_namespace_path(writer, place.schema.namespace_name, place);
  writer.start("CLASSNAME").attribute("NAME", cim_class.name).end();
  writer.end();
}

void write_local_namespace_path(xml::Writer& writer, std::string_view namespace_name) {
  writer.start("LOCALNAMESPACEPATH");
  while (!namespace_name.empty()) {
    const std::string_view part = namespace_name.substr(0, namespace_name.find_first_of("/\\"));
    if (!part.empty()) writer.start("NAMESPACE").attribute("NAME", part).end();
    namespace_name.remove_prefix(std::min(namespace_name.size(), part.size() + 1));
  }
  writer.end();
}

}  // namespace vmms::wire::cimxml
