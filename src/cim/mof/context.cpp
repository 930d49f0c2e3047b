#include "cim/mof/context.hpp"

#include "cim/mof/checks.hpp"
#include "cim/mof/names.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::cim::mof {
namespace {

using Mention = std::function<void(std::string_view class_name)>;

void mention_all(const InstanceDeclaration& declaration, const Mention& mention);

void mention_values(const Initializer& value, const Mention& mention) {
  for (const Literal& item : value.items) {
    if (item.kind == Literal::Kind::string) mention(path_class(item.text).name);
    if (item.kind == Literal::Kind::instance) mention_all(*item.instance, mention);
  }
}

void mention_type(const TypeName& type, const std::vector<Qualifier>& qualifiers, const Mention& mention) {
  mention(type.object_class);
  for (const Qualifier& qualifier : qualifiers) {
    if (same_name(qualifier.name, "EmbeddedInstance") && !qualifier.value.empty()) {
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
  return name_key(namespace_name) + ':' + name_key(name);
}

/// What a context has, by namespace and name, and by name alone.
template <class Declaration>
class Offer {
 public:
  explicit Offer(const std::vector<Declaration>& declarations) {
    for (const Declaration& each : declarations) {
      offered_.emplace(key(each.namespace_name, each.name), &each);
      anywhere_.emplace(name_key(each.name), &each);
    }
  }

  const Declaration* find(std::string_view namespace_name, std::string_view name) const {
    if (const auto found = offered_.find(key(namespace_name, name)); found != offered_.end()) return found->second;
    const auto found = anywhere_.find(name_key(name));
    return found == anywhere_.end() ? nullptr : found->second;
  }

  /// One of each name.
  const std::map<std::string, const Declaration*>& all() const { return anywhere_; }

 private:
  std::map<std::string, const Declaration*> offered_, anywhere_;
};

}  // namespace

Declarations with_context(Declarations own, const std::vector<Declarations>& contexts) {
  std::set<std::string, LessName> namespaces;
  std::set<std::string> qualifiers, classes;
  for (const QualifierDeclaration& each : own.qualifiers) {
    namespaces.insert(each.namespace_name);
    qualifiers.insert(key(each.namespace_name, each.name));
  }
  for (const ClassDeclaration& each : own.classes) {
    namespaces.insert(each.namespace_name);
    classes.insert(key(each.namespace_name, each.name));
  }
  for (const InstanceDeclaration& each : own.instances) namespaces.insert(each.namespace_name);

  std::vector<Offer<ClassDeclaration>> offers;
  for (const Declarations& context : contexts) {
    offers.emplace_back(context.classes);
    const Offer<QualifierDeclaration> offer(context.qualifiers);
    for (const std::string& namespace_name : namespaces) {
      for (const auto& [name, any] : offer.all()) {
        if (!qualifiers.insert(key(namespace_name, name)).second) continue;
        own.qualifiers.push_back(*offer.find(namespace_name, name));
        own.qualifiers.back().namespace_name = namespace_name;
      }
    }
  }

  std::vector<std::pair<const ClassDeclaration*, std::string>> needed;  // and the namespace that needs it
  const auto mention_in = [&](const std::string& namespace_name) {
    return [&](std::string_view name) {
      if (name.empty()) return;
      std::string wanted = key(namespace_name, name);
      if (classes.contains(wanted)) return;
      for (const Offer<ClassDeclaration>& offer : offers) {
        const ClassDeclaration* const found = offer.find(namespace_name, name);
        if (!found) continue;
        needed.emplace_back(found, namespace_name);
        classes.insert(std::move(wanted));
        return;
      }
    };
  };
  for (const ClassDeclaration& each : own.classes) mention_all(each, mention_in(each.namespace_name));
  for (const InstanceDeclaration& each : own.instances) mention_all(each, mention_in(each.namespace_name));
  for (std::size_t i = 0; i < needed.size(); ++i) {
    const auto [declaration, namespace_name] = needed[i];
    mention_all(*declaration, mention_in(namespace_name));
  }
  for (const auto& [declaration, namespace_name] : needed) {
    own.classes.push_back(*declaration);
    own.classes.back().namespace_name = namespace_name;
  }
  return own;
}

}  // namespace vmms::cim::mof
