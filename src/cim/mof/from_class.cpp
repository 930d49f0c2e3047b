#include "cim/mof/from_class.hpp"

#include "base/text.hpp"
#include "cim/mof/parser.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

namespace vmms::cim::mof {
namespace {

Literal null_literal() { return {}; }

/// A constant from the text that class data has of it.
Literal literal_of(std::string_view text, Type type) {
  Literal literal;
  const char* const end = text.data() + text.size();
  if (type == Type::boolean) {
    literal.kind = Literal::Kind::boolean;
    literal.boolean = equals_no_case(text, "true");
  } else if (type == Type::real32 || type == Type::real64) {
    literal.kind = Literal::Kind::real;
    std::from_chars(text.data(), end, literal.real);
  } else if (is_unsigned(type) || is_signed(type) || type == Type::char16) {
    literal.kind = type == Type::char16 ? Literal::Kind::character : Literal::Kind::integer;
    literal.negative = text.starts_with('-');
    std::from_chars(text.data() + (literal.negative ? 1 : 0), end, literal.magnitude);
  } else {
    literal.kind = Literal::Kind::string;
    literal.text = text;
  }
  return literal;
}

std::vector<mof::Qualifier> own_qualifiers(std::span<const cim::Qualifier> qualifiers) {
  std::vector<mof::Qualifier> result;
  for (const cim::Qualifier& each : qualifiers) {
    if (each.propagated) continue;
    mof::Qualifier& qualifier = result.emplace_back();
    qualifier.name = each.type->name;
    if (each.is_null) {
      qualifier.value.push_back({false, {null_literal()}});
      continue;
    }
    Initializer value{each.type->is_array, {}};
    for (const std::string_view text : each.values) value.items.push_back(literal_of(text, each.type->type));
    const bool is_set_flag = !value.is_array && value.items.size() == 1 && value.items[0].boolean;
    if (!is_set_flag) qualifier.value.push_back(std::move(value));  // [Key] says what [Key(true)] says
  }
  return result;
}

TypeName type_name_of(Type type, std::string_view object_class) {
  if (type == Type::instance) return {Type::string, {}};  // a qualifier says the rest
  return {type, std::string(object_class)};
}

/// The text is a constant in MOF; empty for none.
std::vector<Initializer> default_of(std::string_view text) {
  if (text.empty()) return {};
  const Result<Declarations> read = parse("instance of X { X = " + std::string(text) + "; };", "class data");
  if (!read) return {};
  return {read->instances[0].values[0].value};
}

bool has_default(const Class* of, std::string_view property_name) {
  return of && std::any_of(of->properties.begin(), of->properties.end(), [&](const Property& property) {
           return equals_no_case(property.name, property_name) && !property.default_value.empty();
         });
}

Feature feature_of(const Property& property, const Class* superclass) {
  Feature feature;
  feature.name = property.name;
  feature.type = type_name_of(property.type, property.object_class);
  feature.is_array = property.is_array;
  feature.default_value = default_of(property.default_value);
  if (feature.default_value.empty() && has_default(superclass, property.name)) {
    feature.default_value.push_back({false, {null_literal()}});
  }
  feature.qualifiers = own_qualifiers(property.qualifiers);
  return feature;
}

Feature feature_of(const Method& method) {
  Feature feature;
  feature.name = method.name;
  feature.type = type_name_of(method.return_type, {});
  feature.is_method = true;
  for (const cim::Parameter& each : method.parameters) {
    mof::Parameter& parameter = feature.parameters.emplace_back();
    parameter.name = each.name;
    parameter.type = type_name_of(each.type, each.object_class);
    parameter.is_array = each.is_array;
    parameter.qualifiers = own_qualifiers(each.qualifiers);
  }
  feature.qualifiers = own_qualifiers(method.qualifiers);
  return feature;
}

/// Where problems of what class data declares are reported.
Position position_of(std::string_view name) {
  return {std::make_shared<const std::string>("(built-in) " + std::string(name)), 1, 1};
}

}  // namespace

ClassDeclaration declaration_of(const Class& of) {
  ClassDeclaration declaration;
  declaration.name = of.name;
  if (of.superclass) declaration.superclass = of.superclass->name;
  declaration.qualifiers = own_qualifiers(of.qualifiers);
  for (const Property& property : of.properties) {
    if (equals_no_case(property.declared_in, of.name)) {
      declaration.features.push_back(feature_of(property, of.superclass));
    }
  }
  for (const Method& method : of.methods) {
    if (equals_no_case(method.declared_in, of.name)) declaration.features.push_back(feature_of(method));
  }
  declaration.position = position_of(of.name);
  for (Feature& feature : declaration.features) feature.position = declaration.position;
  return declaration;
}

QualifierDeclaration declaration_of(const QualifierType& type) {
  static constexpr std::pair<Scope, const char*> scopes[] = {
      {Scope::class_, "class"},       {Scope::association, "association"}, {Scope::indication, "indication"},
      {Scope::property, "property"},  {Scope::reference, "reference"},     {Scope::method, "method"},
      {Scope::parameter, "parameter"}};
  QualifierDeclaration declaration;
  declaration.name = type.name;
  declaration.type = {type.type, {}};
  declaration.is_array = type.is_array;
  if (type.default_value) declaration.default_value.push_back({false, {literal_of(*type.default_value, type.type)}});
  if (type.scopes == static_cast<std::uint16_t>(Scope::any)) {
    declaration.scopes.emplace_back("any");
  } else {
    for (const auto& [scope, name] : scopes) {
      if (type.scopes & static_cast<std::uint16_t>(scope)) declaration.scopes.emplace_back(name);
    }
  }
  declaration.flavors.emplace_back(type.overridable ? "EnableOverride" : "DisableOverride");
  declaration.flavors.emplace_back(type.to_subclass ? "ToSubclass" : "Restricted");
  if (type.translatable) declaration.flavors.emplace_back("Translatable");
  declaration.position = position_of(type.name);
  return declaration;
}

Declarations declarations_of(const cim::Schema& schema) {
  Declarations declarations;
  for (const QualifierType& type : schema.qualifier_types) declarations.qualifiers.push_back(declaration_of(type));
  for (const Class* each : schema.classes) declarations.classes.push_back(declaration_of(*each));
  for (auto& each : declarations.qualifiers) each.namespace_name = schema.namespace_name;
  for (auto& each : declarations.classes) each.namespace_name = schema.namespace_name;
  return declarations;
}

}  // namespace vmms::cim::mof
