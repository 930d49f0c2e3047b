#include "wire/wsman/instance_writer.hpp"

#include "wire/representation/embedded_instance.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/block.hpp"

#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

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
    return representation::write_embedded_instance(**instance);
  return cim::to_text(value);
}

void write_value(xml::Writer& writer, std::string_view name, bool is_array, const cim::Value& value,
                 const Spelling& spelling) {
  __attribute__((uninitialized)) xml::Block block(writer.content());
  write_elements(block, Prefixes::qualified, name, is_array, value, spelling);
}

void FragmentWriter::look_up(const cim::Class& cim_class) {
  class_ = &cim_class;
  columns_.clear();
  std::string end_of_last;
  for (const std::string& name : names_) {
    Column column;
    column.name = name;
    column.property = cim_class.property_index(name);
    if (column.property) {
      column.name = cim_class.properties[*column.property].name;
      column.is_array = cim_class.properties[*column.property].is_array;
    } else if (column.system = cim::wql::find_system_property(name); !column.system) {
      continue;
    }
    const auto start = [&](const std::string& before) {
      return Column::Start{xml::Markup::of([&](xml::Writer& writer) { writer.raw(before).open({}, column.name); }),
                           xml::Markup::of([&](xml::Writer& writer) {
                             writer.raw(before).start(column.name).constant("xsi:nil", "true").end();
                           })};
    };
    column.alone = start({});
    column.after_value = start(end_of_last);
    column.end = xml::Markup::of([&](xml::Writer& writer) { writer.close({}, column.name); });
    end_of_last = column.end.text();
    columns_.push_back(std::move(column));
  }
}

// A value that is neither NULL nor simple text or a number.
void FragmentWriter::write_other(xml::Block& block, const Column& column, const cim::Value& value,
                                 const Spelling& spelling) {
  if (const auto* array = value.get_if<cim::Array>()) {
    for (const cim::Value& item : *array) write_other(block, column, item, spelling);
  } else if (value.is_null()) {
    block.raw(column.alone.null);
  } else if (const auto* date = value.get_if<cim::DateTime>()) {
    static const xml::Markup starts[] = {xml::Markup("<Datetime>"), xml::Markup("<Interval>")};
    static const xml::Markup ends[] = {xml::Markup("</Datetime>"), xml::Markup("</Interval>")};
    block.raw(column.alone.start).raw(starts[date->is_interval()]);
    write_text(block, value);
    block.raw(ends[date->is_interval()]).raw(column.end);
  } else if (value.get_if<cim::ObjectPathPtr>()) {
    write_element(block, Prefixes::none, column.name, value, spelling);
  } else {
    block.raw(column.alone.start);
    write_text(block, value);
    block.raw(column.end);
  }
}

void FragmentWriter::write(xml::Writer& writer, const cim::Instance& instance, const Spelling& spelling) {
  if (class_ != &instance.cim_class()) look_up(instance.cim_class());
  static const xml::Markup start("<w:XmlFragment xmlns:xsi=\"" + std::string(names::xsi) + "\">");
  static const xml::Markup end("</w:XmlFragment>");
  __attribute__((uninitialized)) xml::Block block(writer.content());
  block.raw(start);
  const Column* open = nullptr;  // the column before, while its end tag is missing
  const auto close = [&] {
    if (const Column* column = std::exchange(open, nullptr)) block.raw(column->end);
  };
  for (const Column& column : columns_) {
    if (column.system) {
      close();
      const cim::Value value = cim::wql::system_value(*column.system, instance, origin_);
      write_elements(block, Prefixes::none, column.name, value.get_if<cim::Array>() != nullptr, value, spelling);
      continue;
    }
    const cim::Value& value = instance.values[*column.property];
    const Column::Start& tags = open ? column.after_value : column.alone;
    if (const auto* text = value.get_if<std::string>()) {
      block.raw(tags.start).text(*text);
      open = &column;
    } else if (const auto* natural = value.get_if<std::uint64_t>()) {
      block.raw(tags.start).number(*natural);
      open = &column;
    } else if (!value.is_null()) {
      close();
      write_other(block, column, value, spelling);
    } else if (column.is_array) {  // an array that is NULL is nothing
      close();
    } else {
      block.raw(tags.null);
      open = nullptr;
    }
  }
  close();
  block.raw(end);
}

namespace {

/// The tags of a property with the prefix p, and the whole element where there is no value.
struct PropertyMarkup {
  xml::Markup start;
  xml::Markup end;
  xml::Markup null;
};

// Of the class's properties; made when it is needed first, and kept.
const std::vector<PropertyMarkup>& markup_of(const cim::Class& cim_class) {
  static std::mutex mutex;
  static std::unordered_map<const cim::Class*, const std::vector<PropertyMarkup>> known;
  // Mostly one class is written again and again, without a lock then.
  thread_local const cim::Class* last_class = nullptr;
  thread_local const std::vector<PropertyMarkup>* last = nullptr;
  if (last_class == &cim_class) return *last;
  const std::lock_guard lock(mutex);
  auto found = known.find(&cim_class);
  if (found == known.end()) {
    std::vector<PropertyMarkup> markup;
    for (const cim::Property& property : cim_class.properties)
      markup.push_back({xml::Markup::of([&](xml::Writer& writer) { writer.open("p", property.name); }),
                        xml::Markup::of([&](xml::Writer& writer) { writer.close("p", property.name); }),
                        xml::Markup::of([&](xml::Writer& writer) {
                          writer.start("p", property.name).constant("xsi:nil", "true").end();
                        })});
    found = known.emplace(&cim_class, std::move(markup)).first;
  }
  last_class = &cim_class;
  last = &found->second;  // nothing is ever taken out
  return *last;
}

}  // namespace

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
  const std::vector<PropertyMarkup>& markup = markup_of(cim_class);
  __attribute__((uninitialized)) xml::Block block(writer.content());
  for (std::size_t i = 0; i < cim_class.properties.size(); ++i) {
    const cim::Property& property = cim_class.properties[i];
    const cim::Value& value = whole ? instance.values[i] : instance[property.name];
    if (value.is_null()) {
      // An array that is NULL is nothing.
      if (!spelling.without_nil && !property.is_array) block.raw(markup[i].null);
    } else if (const auto* text = value.get_if<std::string>()) {
      block.raw(markup[i].start).text(*text).raw(markup[i].end);
    } else if (const auto* natural = value.get_if<std::uint64_t>()) {
      block.raw(markup[i].start).number(*natural).raw(markup[i].end);
    } else {
      write_elements(block, Prefixes::qualified, property.name, property.is_array, value, spelling);
    }
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
