#include "wire/representation/class_writer.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace vmms::wire::representation {

namespace {

std::string_view boolean(bool value) { return value ? "true" : "false"; }

// Elements of a class always get their own end tag: some clients do not read `<PROPERTY …/>`.
void open_content(xml::Writer& writer) { writer.text({}); }

void write_text(xml::Writer& writer, cim::Type type, std::string_view text) {
  writer.element("VALUE", type == cim::Type::boolean ? to_upper(text) : std::string(text));
}

void write_flavors(xml::Writer& writer, const cim::QualifierType& type) {
  writer.attribute("OVERRIDABLE", boolean(type.overridable))
      .attribute("TOSUBCLASS", boolean(type.to_subclass))
      .attribute("TRANSLATABLE", boolean(type.translatable));
}

void write_qualifier(xml::Writer& writer, const cim::Qualifier& qualifier) {
  const cim::QualifierType& type = *qualifier.type;
  writer.start("QUALIFIER").attribute("NAME", type.name).attribute("TYPE", cim::type_name(type.type));
  if (qualifier.propagated) writer.attribute("PROPAGATED", "true");
  write_flavors(writer, type);
  open_content(writer);
  if (!qualifier.is_null && type.is_array) {
    writer.start("VALUE.ARRAY");
    for (const std::string_view value : qualifier.values) write_text(writer, type.type, value);
    writer.end();
  } else if (!qualifier.is_null && !qualifier.values.empty()) {
    write_text(writer, type.type, qualifier.values.front());
  }
  writer.end();
}

void write_qualifiers(xml::Writer& writer, std::span<const cim::Qualifier> qualifiers, const ClassForm& form) {
  if (!form.include_qualifiers) return;
  for (const cim::Qualifier& qualifier : qualifiers)
    if (!form.local_only || !qualifier.propagated) write_qualifier(writer, qualifier);
}

// A default value is kept as MOF text: strings and datetimes in quotes.
std::string unquoted(std::string_view mof) {
  if (mof.size() < 2 || mof.front() != '"' || mof.back() != '"') return std::string(mof);
  std::string text;
  for (std::size_t i = 1; i + 1 < mof.size(); ++i) {
    if (mof[i] == '\\' && i + 2 < mof.size()) ++i;
    text += mof[i];
  }
  return text;
}

void write_origin(xml::Writer& writer, const cim::Class& cim_class, std::string_view origin,
                  std::string_view declared_in, const ClassForm& form) {
  if (form.include_class_origin) writer.attribute("CLASSORIGIN", origin.empty() ? cim_class.name : origin);
  if (!declared_in.empty() && declared_in != cim_class.name) writer.attribute("PROPAGATED", "true");
}

bool is_local(const cim::Class& cim_class, std::string_view declared_in) {
  return declared_in.empty() || declared_in == cim_class.name;
}

void write_property(xml::Writer& writer, const cim::Class& cim_class, const cim::Property& property,
                    const ClassForm& form) {
  const bool reference = property.type == cim::Type::reference;
  writer.start(reference ? "PROPERTY.REFERENCE" : property.is_array ? "PROPERTY.ARRAY" : "PROPERTY");
  writer.attribute("NAME", property.name);
  if (!reference)
    writer.attribute("TYPE", cim::type_name(property.type));
  else if (!property.object_class.empty())
    writer.attribute("REFERENCECLASS", property.object_class);
  write_origin(writer, cim_class, property.origin, property.declared_in, form);
  // Not on arrays: wbemcli knows no such attribute there, and the qualifiers say it too.
  if (property.type == cim::Type::instance && !property.is_array)
    writer.attribute("EmbeddedObject", property.object_class.empty() ? "object" : "instance");
  open_content(writer);
  write_qualifiers(writer, property.qualifiers, form);
  if (!property.default_value.empty() && !property.is_array && !reference)
    write_text(writer, property.type, unquoted(property.default_value));
  writer.end();
}

void write_parameter(xml::Writer& writer, const cim::Parameter& parameter, const ClassForm& form) {
  const bool reference = parameter.type == cim::Type::reference;
  if (reference)
    writer.start(parameter.is_array ? "PARAMETER.REFARRAY" : "PARAMETER.REFERENCE");
  else
    writer.start(parameter.is_array ? "PARAMETER.ARRAY" : "PARAMETER");
  writer.attribute("NAME", parameter.name);
  if (!reference)
    writer.attribute("TYPE", cim::type_name(parameter.type));
  else if (!parameter.object_class.empty())
    writer.attribute("REFERENCECLASS", parameter.object_class);
  open_content(writer);
  write_qualifiers(writer, parameter.qualifiers, form);
  writer.end();
}

void write_method(xml::Writer& writer, const cim::Class& cim_class, const cim::Method& method, const ClassForm& form) {
  writer.start("METHOD").attribute("NAME", method.name).attribute("TYPE", cim::type_name(method.return_type));
  write_origin(writer, cim_class, method.origin, method.declared_in, form);
  open_content(writer);
  write_qualifiers(writer, method.qualifiers, form);
  for (const cim::Parameter& parameter : method.parameters) write_parameter(writer, parameter, form);
  writer.end();
}

}  // namespace

bool lists(const std::optional<std::vector<std::string>>& property_list, std::string_view name) {
  return !property_list || std::any_of(property_list->begin(), property_list->end(),
                                       [&](const std::string& listed) { return equals_no_case(listed, name); });
}

void write_class(xml::Writer& writer, const cim::Class& cim_class, const ClassForm& form) {
  writer.start("CLASS").attribute("NAME", cim_class.name);
  if (cim_class.superclass) writer.attribute("SUPERCLASS", cim_class.superclass->name);
  open_content(writer);
  write_qualifiers(writer, cim_class.qualifiers, form);
  for (const cim::Property& property : cim_class.properties)
    if ((!form.local_only || is_local(cim_class, property.declared_in)) && lists(form.property_list, property.name))
      write_property(writer, cim_class, property, form);
  for (const cim::Method& method : cim_class.methods)
    if (!form.local_only || is_local(cim_class, method.declared_in)) write_method(writer, cim_class, method, form);
  writer.end();
}

void write_qualifier_declaration(xml::Writer& writer, const cim::QualifierType& qualifier) {
  writer.start("QUALIFIER.DECLARATION")
      .attribute("NAME", qualifier.name)
      .attribute("TYPE", cim::type_name(qualifier.type))
      .attribute("ISARRAY", boolean(qualifier.is_array));
  write_flavors(writer, qualifier);
  writer.start("SCOPE");
  using cim::Scope;
  for (const auto& [scope, name] : {std::pair(Scope::class_, "CLASS"), std::pair(Scope::association, "ASSOCIATION"),
                                    std::pair(Scope::reference, "REFERENCE"), std::pair(Scope::property, "PROPERTY"),
                                    std::pair(Scope::method, "METHOD"), std::pair(Scope::parameter, "PARAMETER"),
                                    std::pair(Scope::indication, "INDICATION")})
    if (qualifier.scopes & static_cast<unsigned>(scope)) writer.attribute(name, "true");
  writer.end();
  if (qualifier.default_value && !qualifier.is_array) write_text(writer, qualifier.type, *qualifier.default_value);
  writer.end();
}

}  // namespace vmms::wire::representation
