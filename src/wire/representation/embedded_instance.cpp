#include "wire/representation/embedded_instance.hpp"

#include "base/text.hpp"
#include "wire/representation/instance_name.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>

namespace vmms::wire::representation {

namespace {

// Instances inside instances: each level is escaped once more, so a real one is never deep.
constexpr int deepest = 8;

constexpr xml::Limits limits{.depth = 64,
                             .elements = 16384,
                             .attributes = 65536,
                             .attributes_per_element = 16,
                             .namespaces = 8,
                             .texts = 3 * 16384};

Error malformed(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

/// What all readers of one value share.
struct ReadContext {
  const cim::Schema& schema;
  std::size_t& instances;  ///< that may still be read
};

Result<cim::Instance> read_text(std::string_view text, const ReadContext& context, int depth);

class PropertyReader {
 public:
  PropertyReader(const ReadContext& context, int depth) : context_(context), depth_(depth) {}

  Result<cim::Instance> read(const xml::Element& element) {
    if (depth_ > deepest) return malformed(fmt::format("embedded instances nested more than {} deep", deepest));
    if (context_.instances == 0) return malformed(fmt::format("a value holds more than {} instances", most_instances));
    --context_.instances;
    const std::string_view class_name = element.attribute({}, "CLASSNAME").value_or(std::string_view{});
    const cim::Class* cim_class = context_.schema.find(class_name);
    const std::string_view what = depth_ > 0 ? "embedded instance: " : "";
    if (!cim_class)
      return malformed(class_name.empty() ? fmt::format("{}INSTANCE has no CLASSNAME", what)
                                          : fmt::format("{}there is no class {:.100}", what, class_name));
    cim::Instance instance(*cim_class);
    std::vector<bool> seen(cim_class->properties.size());
    for (const xml::Element child : element.children()) {
      if (child.name() == "QUALIFIER") continue;
      const std::string_view name = child.attribute({}, "NAME").value_or(std::string_view{});
      if (name.starts_with("__")) continue;
      const auto index = cim_class->property_index(name);
      if (!index) return malformed(fmt::format("{}{} has no property {:.100}", what, cim_class->name, name));
      const cim::Property& property = cim_class->properties[*index];
      if (seen[*index]) return malformed(fmt::format("{}.{} is given twice", cim_class->name, property.name));
      seen[*index] = true;
      auto value = read_property(child, property);
      if (!value)
        return error(value.error().kind,
                     fmt::format("{}.{}: {}", cim_class->name, property.name, value.error().message));
      instance.values[*index] = std::move(*value);
    }
    return instance;
  }

 private:
  Result<cim::Value> read_property(const xml::Element& element, const cim::Property& property) {
    const std::string_view kind = element.name();
    const bool object = kind == "PROPERTY.OBJECT" || kind == "PROPERTY.OBJECTARRAY";  // WMI's DTD
    const bool array = kind == "PROPERTY.ARRAY" || kind == "PROPERTY.OBJECTARRAY";
    const bool reference = kind == "PROPERTY.REFERENCE";
    if (!object && !array && !reference && kind != "PROPERTY")
      return malformed(fmt::format("unexpected element {:.100}", kind));
    if (array != property.is_array) return malformed(property.is_array ? "is an array" : "is not an array");
    if (!reference && !object)
      if (auto status = check_type(element, property); !status) return status.error();
    if (reference != (property.type == cim::Type::reference) || (object && property.type != cim::Type::instance))
      return malformed(fmt::format("is a {}, not a {:.40}", cim::type_name(property.type), kind));

    xml::Element value = element.first_child();
    while (value && value.name() == "QUALIFIER") value = value.next_sibling();
    return read(value, property);
  }

 public:
  Result<cim::Value> read(const xml::Element& value, const cim::Property& property) {
    if (!value) return cim::Value();
    if (!property.is_array) return read_value(value, property);
    const bool references = property.type == cim::Type::reference && value.name() == "VALUE.REFARRAY";
    if (value.name() != "VALUE.ARRAY" && value.name() != "VALUE.OBJECTARRAY" && !references)
      return malformed("VALUE.ARRAY is expected");
    cim::Array values;
    for (const xml::Element item : value.children()) {
      auto read = read_value(item, property);
      if (!read) return read.error();
      values.push_back(std::move(*read));
    }
    return cim::Value(std::move(values));
  }

 private:
  static Status check_type(const xml::Element& element, const cim::Property& property) {
    const auto type = element.attribute({}, "TYPE");
    if (!type) return malformed("has no TYPE");
    if (equals_no_case(*type, cim::type_name(property.type))) return {};
    return malformed(fmt::format("type mismatch: is a {}, not a {:.40}", cim::type_name(property.type), *type));
  }

  Result<cim::Value> read_value(const xml::Element& element, const cim::Property& property) {
    if (element.name() == "VALUE.NULL") return cim::Value();
    if (element.name() == "VALUE.REFERENCE") {
      if (property.type != cim::Type::reference) return malformed("is not a reference");
      auto path = read_instance_path(element.first_child());
      if (!path) return path.error();
      return cim::Value(std::make_shared<const cim::ObjectPath>(std::move(*path)));
    }
    if (element.name() == "VALUE.OBJECT") {
      if (property.type != cim::Type::instance) return malformed("is not an embedded instance");
      return instance(PropertyReader(context_, depth_ + 1).read(element.first_child()));
    }
    if (element.name() == "INSTANCE") {
      if (property.type != cim::Type::instance) return malformed("is not an embedded instance");
      return instance(PropertyReader(context_, depth_ + 1).read(element));
    }
    if (element.name() != "VALUE") return malformed(fmt::format("unexpected element {:.100}", element.name()));
    const std::string text = element.text();
    switch (property.type) {
      case cim::Type::string:
        return cim::Value(text);
      case cim::Type::reference:
        return malformed("VALUE.REFERENCE is expected");
      case cim::Type::instance:
        if (xml::trim(text).empty()) return cim::Value();
        return instance(read_text(text, context_, depth_ + 1));
      case cim::Type::char16:
        return read_character(text);
      default:
        return cim::from_text(property.type, xml::trim(text));
    }
  }

  // A char16 is the character itself; WMI writes its number.
  static Result<cim::Value> read_character(std::string_view text) {
    const xml::Decoded decoded = text.empty() ? xml::Decoded() : xml::decode_utf8(text, 0);
    if (decoded.length != text.size() || decoded.character > 0xFFFF) return cim::from_text(cim::Type::char16, text);
    return cim::Value(static_cast<std::uint64_t>(decoded.character));
  }

  static Result<cim::Value> instance(Result<cim::Instance> read) {
    if (!read) return read.error();
    return cim::Value(std::make_shared<const cim::Instance>(std::move(*read)));
  }

  const ReadContext& context_;
  int depth_;
};

// The INSTANCE inside the wrappers of a declaration (CIM, DECLARATION, DECLGROUP, VALUE.OBJECT …).
xml::Element find_instance(xml::Element element) {
  while (element && element.name() != "INSTANCE") {
    xml::Element inner = element.first_child();
    while (inner &&
           (inner.name() == "INSTANCENAME" || inner.name() == "INSTANCEPATH" || inner.name() == "LOCALINSTANCEPATH"))
      inner = inner.next_sibling();
    element = inner;
  }
  return element;
}

Result<cim::Instance> read_text(std::string_view text, const ReadContext& context, int depth) {
  // These are characters already: what encoding they had elsewhere (.NET writes "utf-16") does not matter.
  auto document = xml::Document::parse(std::string(xml::trim(text)), limits, xml::EncodingName::is_void);
  if (!document)
    return malformed(fmt::format("an embedded instance is not CIM-XML text: {}", document.error().message));
  const xml::Element element = find_instance(document->root());
  if (!element) return malformed("an embedded instance has no INSTANCE element");
  return PropertyReader(context, depth).read(element);
}

void write_instance(xml::Writer& writer, const cim::Instance& instance);

void write_value(xml::Writer& writer, const cim::Value& value) {
  if (value.is_null()) {
    writer.start("VALUE.NULL").end();
  } else if (const auto* path = value.get_if<cim::ObjectPathPtr>()) {
    writer.start("VALUE.REFERENCE");
    write_instance_path(writer, **path);
    writer.end();
  } else if (const auto* instance = value.get_if<cim::InstancePtr>()) {
    writer.element("VALUE", write_embedded_instance(**instance));
  } else if (const bool* boolean = value.get_if<bool>()) {
    writer.element("VALUE", *boolean ? "TRUE" : "FALSE");
  } else {
    writer.element("VALUE", cim::to_text(value));
  }
}

void write_property(xml::Writer& writer, const cim::Property& property, const cim::Value& value) {
  const bool reference = property.type == cim::Type::reference;
  writer.start(property.is_array ? "PROPERTY.ARRAY" : reference ? "PROPERTY.REFERENCE" : "PROPERTY");
  writer.attribute("NAME", property.name);
  if (value.is_null()) writer.attribute("PROPAGATED", "true");
  if (reference)
    writer.attribute("REFERENCECLASS", property.object_class);
  else
    writer.attribute("TYPE", cim::type_name(property.type));
  if (property.type == cim::Type::instance) writer.attribute("EmbeddedObject", "instance");
  writer.text({});
  if (const auto* array = value.get_if<cim::Array>()) {
    writer.start("VALUE.ARRAY");
    for (const cim::Value& item : *array) write_value(writer, item);
    writer.end();
  } else if (!value.is_null()) {
    write_value(writer, value);
  }
  writer.end();
}

void write_instance(xml::Writer& writer, const cim::Instance& instance) {
  const cim::Class& cim_class = instance.cim_class();
  writer.start("INSTANCE").attribute("CLASSNAME", cim_class.name);
  for (std::size_t i = 0; i < cim_class.properties.size(); ++i)
    write_property(writer, cim_class.properties[i], instance.values[i]);
  writer.end();
}

}  // namespace

Result<cim::Instance> read_embedded_instance(std::string_view text, const cim::Schema& schema, std::size_t& instances) {
  return read_text(text, {schema, instances}, 1);
}

Result<cim::Instance> read_embedded_instance(std::string_view text, const cim::Schema& schema) {
  std::size_t instances = most_instances;
  return read_embedded_instance(text, schema, instances);
}

Result<cim::Instance> read_instance(const xml::Element& element, const cim::Schema& schema) {
  std::size_t instances = most_instances;
  return PropertyReader({schema, instances}, 0).read(element);
}

Result<cim::Value> read_value(const xml::Element& element, cim::Type type, bool is_array, const cim::Schema& schema) {
  std::size_t instances = most_instances;
  return PropertyReader({schema, instances}, 0).read(element, {.name = {}, .type = type, .is_array = is_array});
}

std::string write_embedded_instance(const cim::Instance& instance) {
  std::string text;
  xml::Writer writer(text);
  write_instance(writer, instance);
  return text;
}

}  // namespace vmms::wire::representation
