#include "wire/representation/instance_writer.hpp"

#include "wire/representation/class_writer.hpp"
#include "wire/xml/block.hpp"

#include <fmt/format.h>

#include <cmath>

namespace vmms::wire::representation {

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

// What stands inside a VALUE.
void write_value_text(xml::Block& block, const cim::Value& value, cim::Type type, const Place& place) {
  if (const auto* text = value.get_if<std::string>()) {
    block.text(*text);
  } else if (const bool* boolean = value.get_if<bool>()) {
    block.raw(*boolean ? "TRUE" : "FALSE");
  } else if (const auto* code = value.get_if<std::uint64_t>(); code && type == cim::Type::char16) {
    block.text(character_text(*code));
  } else if (code) {
    block.number(*code);
  } else if (const auto* date = value.get_if<cim::DateTime>()) {
    cim::DateTime::Buffer buffer;
    block.raw(date->to_cim(buffer));
  } else if (const double* real = value.get_if<double>()) {
    block.raw(real_text(*real));
  } else if (const auto* instance = value.get_if<cim::InstancePtr>()) {
    std::string embedded;
    xml::Writer inner(embedded);
    if (*instance) write_instance(inner, **instance, {}, place);
    block.text(embedded);
  } else {
    block.text(cim::to_text(value));
  }
}

const xml::Markup value_start("<VALUE>"), value_end("</VALUE>"), instance_end("</INSTANCE>");

void write_scalar(xml::Block& block, const cim::Value& value, cim::Type type, const Place& place) {
  if (value.is_null()) {
    block.raw("<VALUE.NULL/>");
  } else if (const auto* path = value.get_if<cim::ObjectPathPtr>(); path && *path) {
    xml::Writer writer(block.content());
    writer.start("VALUE.REFERENCE");
    write_instance_path(writer, **path, place);
    writer.end();
  } else {
    block.raw(value_start);
    write_value_text(block, value, type, place);
    block.raw(value_end);
  }
}

void write_value(xml::Block& block, const cim::Value& value, cim::Type type, const Place& place) {
  if (value.is_null()) return;
  const auto* array = value.get_if<cim::Array>();
  if (!array) return write_scalar(block, value, type, place);
  const std::string_view element = type == cim::Type::reference ? "VALUE.REFARRAY" : "VALUE.ARRAY";
  if (array->empty()) return (void)block.raw("<").raw(element).raw("/>");
  block.raw("<").raw(element).raw(">");
  for (const cim::Value& item : *array) write_scalar(block, item, type, place);
  block.raw("</").raw(element).raw(">");
}

std::string_view property_element(const cim::Property& property) {
  if (property.type == cim::Type::reference) return "PROPERTY.REFERENCE";
  return property.is_array ? "PROPERTY.ARRAY" : "PROPERTY";
}

std::string property_start(const cim::Property& property, bool is_null, bool include_class_origin) {
  std::string tag;
  xml::Writer writer(tag);
  writer.start(property_element(property)).attribute("NAME", property.name);
  // wbemcli knows no EmbeddedObject on arrays; one without a value needs none.
  if (property.is_array && is_null)
    writer.constant("TYPE", cim::type_name(property.type));
  else if (property.type != cim::Type::reference)
    write_type(writer, "TYPE", property.type, property.object_class);
  else if (!property.object_class.empty())
    writer.attribute("REFERENCECLASS", property.object_class);
  if (include_class_origin && !property.origin.empty()) writer.attribute("CLASSORIGIN", property.origin);
  writer.text({});
  return tag;
}

std::string_view namespace_of(const cim::ObjectPath& path, const Place& place) {
  return path.namespace_name.empty() ? place.schema.namespace_name : std::string_view(path.namespace_name);
}

void write_namespace_path(xml::Writer& writer, std::string_view namespace_name, const Place& place) {
  writer.start("NAMESPACEPATH").element("HOST", place.host);
  write_local_namespace_path(writer, namespace_name);
  writer.end();
}

void start_key_value(xml::Writer& writer, cim::Type type) {
  const bool boolean = type == cim::Type::boolean;
  const bool text = type == cim::Type::string || type == cim::Type::datetime || type == cim::Type::char16;
  writer.start("KEYVALUE")
      .constant("VALUETYPE", boolean ? "boolean"
                             : text  ? "string"
                                     : "numeric")
      .constant("TYPE", cim::type_name(type));
}

void write_key_value(xml::Writer& writer, const cim::KeyBinding& key, const cim::Class* cim_class) {
  const cim::Property* property = cim_class ? cim_class->property(key.name) : nullptr;
  const cim::Type type = property ? property->type : cim::Type::string;
  start_key_value(writer, type);
  writer.text(type == cim::Type::boolean ? (key.value == "true" ? "TRUE" : "FALSE") : key.value).end();
}

}  // namespace

void write_type(xml::Writer& writer, std::string_view attribute, cim::Type type, std::string_view object_class) {
  writer.attribute(attribute, cim::type_name(type));
  if (type == cim::Type::instance) writer.attribute("EmbeddedObject", object_class.empty() ? "object" : "instance");
}

void write_value(xml::Writer& writer, const cim::Value& value, cim::Type type, const Place& place) {
  __attribute__((uninitialized)) xml::Block block(writer.content());
  write_value(block, value, type, place);
}

struct InstanceWriter::OfClass {
  OfClass(const cim::Class& of, const InstanceForm& form, const Place& place);

  struct Column {
    std::size_t index;       ///< of the property
    xml::Markup start;       ///< its start tag
    xml::Markup start_null;  ///< its start tag where it is NULL
    xml::Markup end;
  };
  struct Key {
    std::size_t index;
    xml::Markup start;  ///< what stands before its text
  };

  const cim::Class& cim_class;
  xml::Markup start;
  std::vector<Column> columns;
  /// Columns of a query that are no property of the class.
  std::vector<std::pair<std::string, cim::wql::SystemProperty>> system_columns;
  xml::Markup path_start;  ///< up to INSTANCENAME
  xml::Markup name_start;  ///< up to the keys
  std::vector<Key> keys;   ///< empty where one is a reference
};

InstanceWriter::OfClass::OfClass(const cim::Class& of, const InstanceForm& form, const Place& place) : cim_class(of) {
  start = xml::Markup::of([&](xml::Writer& writer) { writer.start("INSTANCE").attribute("CLASSNAME", of.name); });
  for (std::size_t i = 0; i < of.properties.size(); ++i) {
    const cim::Property& property = of.properties[i];
    if (form.properties_of && !form.properties_of->property(property.name)) continue;
    if (!lists(form.property_list, property.name)) continue;
    columns.push_back({i, xml::Markup(property_start(property, false, form.include_class_origin)),
                       xml::Markup(property_start(property, true, form.include_class_origin)),
                       xml::Markup::of([&](xml::Writer& writer) { writer.close({}, property_element(property)); })});
  }
  for (const std::string& name : form.property_list.value_or(std::vector<std::string>()))
    if (const auto system = of.property(name) ? std::nullopt : cim::wql::find_system_property(name))
      system_columns.emplace_back(name, *system);

  path_start = xml::Markup::of([&](xml::Writer& writer) {
    writer.start("INSTANCEPATH");
    write_namespace_path(writer, place.schema.namespace_name, place);
  });
  name_start = xml::Markup::of(
      [&](xml::Writer& writer) { writer.start("INSTANCENAME").attribute("CLASSNAME", of.name).text({}); });
  for (const std::uint16_t index : of.keys) {
    const cim::Property& property = of.properties[index];
    if (property.type == cim::Type::reference || property.type == cim::Type::char16) {
      keys.clear();
      return;
    }
    keys.push_back({index, xml::Markup::of([&](xml::Writer& writer) {
                      writer.start("KEYBINDING").attribute("NAME", property.name);
                      start_key_value(writer, property.type);
                      writer.text({});
                    })});
  }
}

InstanceWriter::InstanceWriter(InstanceForm form, const Place& place)
    : form_(std::move(form)),
      place_(place),
      origin_{std::string(place.host), std::string(place.schema.namespace_name)} {}

InstanceWriter::~InstanceWriter() = default;

const InstanceWriter::OfClass& InstanceWriter::of_class(const cim::Class& cim_class) {
  if (!present_ || &present_->cim_class != &cim_class) present_ = std::make_unique<OfClass>(cim_class, form_, place_);
  return *present_;
}

void InstanceWriter::write(xml::Writer& writer, const cim::Instance& instance) {
  const OfClass& known = of_class(instance.cim_class());
  __attribute__((uninitialized)) xml::Block block(writer.content());
  block.raw(known.start);
  if (known.columns.empty() && known.system_columns.empty()) return (void)block.raw("/>");
  block.raw(">");
  for (const OfClass::Column& column : known.columns) {
    const cim::Value& value = instance.values[column.index];
    block.raw(value.is_null() ? column.start_null : column.start);
    write_value(block, value, known.cim_class.properties[column.index].type, place_);
    block.raw(column.end);
  }
  for (const auto& [name, system] : known.system_columns) {
    const auto value = cim::wql::system_value(system, instance, origin_);
    const cim::Property property{.name = name};
    block.raw(property_start(property, value.is_null(), false));
    write_value(block, value, property.type, place_);
    block.raw("</").raw(property_element(property)).raw(">");
  }
  block.raw(instance_end);
}

void InstanceWriter::write_name(xml::Writer& writer, const cim::Instance& instance) {
  const OfClass& known = of_class(instance.cim_class());
  if (known.keys.empty()) return write_instance_name(writer, instance.path(place_.schema.namespace_name), place_);
  __attribute__((uninitialized)) xml::Block block(writer.content());
  block.raw(known.name_start);
  for (const OfClass::Key& key : known.keys) {
    block.raw(key.start);
    write_value_text(block, instance.values[key.index], known.cim_class.properties[key.index].type, place_);
    block.raw("</KEYVALUE></KEYBINDING>");
  }
  block.raw("</INSTANCENAME>");
}

void InstanceWriter::write_path(xml::Writer& writer, const cim::Instance& instance) {
  writer.raw(of_class(instance.cim_class()).path_start.text());
  write_name(writer, instance);
  writer.raw("</INSTANCEPATH>");
}

void write_instance(xml::Writer& writer, const cim::Instance& instance, const InstanceForm& form, const Place& place) {
  InstanceWriter(form, place).write(writer, instance);
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

}  // namespace vmms::wire::representation
