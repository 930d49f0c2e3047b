#include "cim/mof/context.hpp"

#include "base/text.hpp"
#include "cim/mof/checks.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace vmms::cim::mof {
namespace {

using Mention = std::function<void(std::string_view class_name)>;

void mention_values(const Initializer& value, const Mention& mention) {
  for (const Literal& item : value.items) {
    if (item.kind == Literal::Kind::string) mention(path_class(item.text).name);
  }
}

void mention_type(const TypeName& type, const std::vector<Qualifier>& qualifiers, const Mention& mention) {
  mention(type.object_class);
  for (const Qualifier& qualifier : qualifiers) {
    if (equals_no_case(qualifier.name, "EmbeddedInstance") && !qualifier.value.empty()) {
      mention_values(qualifier.value[0], mention);
    }
  }
}

void mention_all(const ClassDeclaration& declaration, const Mention& mention) {
  mention(declaration.superclass);
  for (const Feature& feature : declaration.features) {
    mention_type(feature.type, feature.qualifiers, mention);
    for (const Parameter& parameter : feature.parameters) mention_type(parameter.type, parameter.qualifiers, mention);
    if (feature.type.type == Type::reference && !feature.default_value.empty()) {
      mention_values(feature.default_value[0], mention);
    }
  }
}

void mention_all(const InstanceDeclaration& declaration, const Mention& mention) {
  mention(declaration.class_name);
  for (const PropertyValue& value : declaration.values) mention_values(value.value, mention);
}

std::string key(std::string_view namespace_name, std::string_view name) {
  return to_lower(namespace_name) + ':' + to_lower(name);
}

}  // namespace

Declarations with_context(Declarations own, const std::vector<Declarations>& contexts) {
  std::set<std::string> qualifiers;
  std::set<std::string> classes;
  for (const QualifierDeclaration& each : own.qualifiers) qualifiers.insert(key(each.namespace_name, each.name));
  for (const ClassDeclaration& each : own.classes) classes.insert(key(each.namespace_name, each.name));
  std::map<std::string, const ClassDeclaration*> offered;
  for (const Declarations& context : contexts) {
    for (const QualifierDeclaration& each : context.qualifiers) {
      if (qualifiers.insert(key(each.namespace_name, each.name)).second) own.qualifiers.push_back(each);
    }
    for (const ClassDeclaration& each : context.classes) offered.emplace(key(each.namespace_name, each.name), &each);
  }
  std::vector<const ClassDeclaration*> needed;
  const auto mention_in = [&](const std::string& namespace_name) {
    return [&](std::string_view name) {
      if (name.empty()) return;
      const std::string wanted = key(namespace_name, name);
      const auto found = offered.find(wanted);
      if (found != offered.end() && classes.insert(wanted).second) needed.push_back(found->second);
    };
  };
  for (const ClassDeclaration& each : own.classes) mention_all(each, mention_in(each.namespace_name));
  for (const InstanceDeclaration& each : own.instances) mention_all(each, mention_in(each.namespace_name));
  for (std::size_t i = 0; i < needed.size(); ++i) mention_all(*needed[i], mention_in(needed[i]->namespace_name));
  for (const ClassDeclaration* each : needed) own.classes.push_back(*each);
  return own;
}

}  // namespace vmms::cim::mof
