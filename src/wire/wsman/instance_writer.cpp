#include "wire/wsman/instance_writer.hpp"

#include "wire/cimxml/embedded_instance.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/block.hpp"

namespace vmms::wire::wsman {

namespace {

// Which prefixes elements get: those of a class, or none in a fragment.
enum class Prefixes { qualified, none };

// The text of a scalar, straight into the answer.
void write_text(xml::Block& block, const cim::Value& value) {
  if (const auto* text = value.get_if<std::string>()) {
    block.text(*text);
  } else if (const auto* date = value.get_if<cim::DateTime>()) {
    cim::DateTime::Buffer buffer;
    block.raw(date->to_iso8601(buffer));
  } else if (const auto* natural = value.get_if<std::uint64_t>()) {
    block.number(*natural);
  } else {
    block.text(text_of(value));
  }
}

void write_element(xml::Block& block, Prefixes prefixes, std::string_view name, const cim::Value& value,
                   const Spelling& spelling) {
  const bool qualified = prefixes == Prefixes::qualified;
  const std::string_view start = qualified ? "<p:" : "<";
  const std::string_view end = qualified ? "</p:" : "</";
  block.raw(start).raw(name);
  if (value.is_null()) return (void)block.raw(" xsi:nil=\"true\"/>");
  if (const auto* path = value.get_if<cim::ObjectPathPtr>(); path && *path) {
    xml::Writer writer(block.content());
    declare_reference(writer);
    writer.raw(">");
    write_reference(writer, **path, spelling);
  } else if (const auto* date = value.get_if<cim::DateTime>()) {
    const std::string_view inner = date->is_interval() ? "Interval>" : "Datetime>";
    block.raw(qualified ? "><cim:" : "><").raw(inner);
    write_text(block, value);
    block.raw(qualified ? "</cim:" : "</").raw(inner);
  } else {
    block.raw(">");
    write_text(block, value);
  }
  block.raw(end).raw(name).raw(">");
}

void write_elements(xml::Block& block, Prefixes prefixes, std::string_view name, bool is_array, const cim::Value& value,
                    const Spelling& spelling) {
  const auto* array = value.get_if<cim::Array>();
  if (is_array && !array) return;
  if (!array) return write_element(block, prefixes, name, value, spelling);
  for (const cim::Value& item : *array) write_element(block, prefixes, name, item, spelling);
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
  xml::Block block(writer.content());
  write_elements(block, Prefixes::qualified, name, is_array, value, spelling);
}

void FragmentWriter::look_up(const cim::Class& cim_class) {
  class_ = &cim_class;
  columns_.clear();
  for (const std::string& name : names_) {
    Column column;
    column.name = name;
    column.property = cim_class.property_index(name);
    if (column.property)
      column.name = cim_class.properties[*column.property].name;
    else if (column.system = cim::wql::find_system_property(name); !column.system)
      continue;
    column.start = xml::Markup::of([&](xml::Writer& writer) { writer.open({}, column.name); });
    column.end = xml::Markup::of([&](xml::Writer& writer) { writer.close({}, column.name); });
    column.null =
        xml::Markup::of([&](xml::Writer& writer) { writer.start(column.name).constant("xsi:nil", "true").end(); });
    columns_.push_back(std::move(column));
  }
}

void FragmentWriter::write(xml::Block& block, const Column& column, const cim::Value& value, const Spelling& spelling) {
  if (value.is_null()) {
    block.raw(column.null);
  } else if (const auto* date = value.get_if<cim::DateTime>()) {
    block.raw(column.start).raw(date->is_interval() ? "<Interval>" : "<Datetime>");
    write_text(block, value);
    block.raw(date->is_interval() ? "</Interval>" : "</Datetime>").raw(column.end);
  } else if (value.get_if<cim::ObjectPathPtr>()) {
    write_element(block, Prefixes::none, column.name, value, spelling);
  } else {
    block.raw(column.start);
    write_text(block, value);
    block.raw(column.end);
  }
}

void FragmentWriter::write(xml::Writer& writer, const cim::Instance& instance, const Spelling& spelling) {
  if (class_ != &instance.cim_class()) look_up(instance.cim_class());
  static const xml::Markup start("<w:XmlFragment xmlns:xsi=\"" + std::string(names::xsi) + "\">");
  xml::Block block(writer.content());
  block.raw(start);
  for (const Column& column : columns_) {
    if (column.system) {
      const cim::Value value = cim::wql::system_value(*column.system, instance, origin_);
      write_elements(block, Prefixes::none, column.name, value.get_if<cim::Array>() != nullptr, value, spelling);
      continue;
    }
    const cim::Value& value = instance.values[*column.property];
    if (const auto* array = value.get_if<cim::Array>()) {
      for (const cim::Value& item : *array) write(block, column, item, spelling);
    } else if (!class_->properties[*column.property].is_array) {  // an array that is NULL is nothing
      write(block, column, value, spelling);
    }
  }
  block.raw("</w:XmlFragment>");
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
      .constant("xmlns:xsi", names::xsi)
      .constant("xmlns:p", class_uri(spelling.family, spelling.namespace_name, cim_class.name))
      .constant("xmlns:cim", names::cim_common)
      .constant("xsi:type", type);
  const bool whole = &cim_class == &instance.cim_class();
  xml::Block block(writer.content());
  for (std::size_t i = 0; i < cim_class.properties.size(); ++i) {
    const cim::Property& property = cim_class.properties[i];
    const cim::Value& value = whole ? instance.values[i] : instance[property.name];
    if (!spelling.without_nil || !value.is_null())
      write_elements(block, Prefixes::qualified, property.name, property.is_array, value, spelling);
  }
  block.flush();
  writer.end();
}

void write_endpoint_reference(xml::Writer& writer, const cim::ObjectPath& path, const Spelling& spelling) {
  writer.start("a:EndpointReference");
  declare_reference(writer);
  write_reference(writer, path, spelling);
  writer.end();
}

}  // namespace vmms::wire::wsman
