#include "cim/mof/resolver.hpp"

#include "base/text.hpp"
#include "cim/mof/checks.hpp"
#include "cim/mof/instance_checks.hpp"
#include "cim/mof/names.hpp"

#include <algorithm>
#include <set>

namespace vmms::cim::mof {
namespace {

constexpr std::string_view own_provider = "vmms";
constexpr std::size_t most_ancestors = 64;
// Every class holds what it inherits, so a short text could take any amount of memory. The whole CIM schema needs a
// quarter of the features, and a third of the bytes.
constexpr std::size_t most_features = 200'000;  // of all classes of all namespaces
constexpr std::size_t most_features_of_a_class = 10'000;
constexpr std::size_t most_parameters = 1'000;
constexpr std::size_t most_bytes = std::size_t{1} << 29;  // likewise, about: see size_of

/// What the classes of all namespaces have taken of the bounds.
struct Taken {
  std::size_t features = 0;
  std::size_t bytes = 0;
};

template <class Features>
auto find_feature(Features& features, std::string_view name) {
  return std::find_if(features.begin(), features.end(),
                      [&](const auto& feature) { return same_name(feature.name, name); });
}

/// About how much memory a class takes for each of its features, own or inherited. Texts count twice: descriptions and
/// value maps are kept beside the qualifiers that give them.
std::size_t size_of(const Initializer& value) {
  std::size_t size = 0;
  for (const Literal& item : value.items) size += sizeof(Literal) + 2 * item.text.size();
  return size;
}

std::size_t size_of(const std::vector<Qualifier>& qualifiers) {
  std::size_t size = 0;
  for (const Qualifier& each : qualifiers) {
    size += sizeof(EffectiveQualifier) + 2 * each.name.size() + each.flavors.size() * sizeof(std::string) +
            (each.value.empty() ? 0 : size_of(each.value[0]));
  }
  return size;
}

std::size_t size_of(const Feature& feature, const std::string& class_name) {
  std::size_t size = sizeof(ResolvedProperty) + feature.name.size() + feature.type.object_class.size() +
                     3 * class_name.size() + size_of(feature.qualifiers);
  if (!feature.default_value.empty()) size += size_of(feature.default_value[0]);
  for (const Parameter& each : feature.parameters) {
    size += sizeof(ResolvedParameter) + each.name.size() + each.type.object_class.size() + size_of(each.qualifiers);
  }
  return size;
}

std::string text_of(const Qualifiers& qualifiers, std::string_view name) {
  const auto found = qualifiers.find(name);
  if (found == qualifiers.end() || found->second.value.empty() || found->second.value[0].items.empty()) return {};
  return found->second.value[0].items[0].text;
}

/// A boolean qualifier: `[Key]` is true, `[Key(false)]` false.
std::optional<bool> flag_of(const Qualifiers& qualifiers, std::string_view name) {
  const auto found = qualifiers.find(name);
  if (found == qualifiers.end()) return std::nullopt;
  if (found->second.value.empty() || found->second.value[0].items.empty()) return true;
  const Literal& literal = found->second.value[0].items[0];
  return literal.kind != Literal::Kind::boolean || literal.boolean;
}

class Resolver {
 public:
  Resolver(const std::string& namespace_name, const Declarations& declarations, Dialect dialect, const Aliases& aliases,
           Taken& taken, Problems& problems)
      : declarations_(declarations),
        is_wmi_(dialect == Dialect::wmi),
        aliases_(aliases),
        taken_(taken),
        problems_(problems) {
    schema_.namespace_name = namespace_name;
  }

  /// Without a problem, the schema.
  Schema run() {
    const std::size_t before = problems_.errors();
    for (const QualifierDeclaration& declaration : declarations_.qualifiers) {
      if (!qualifiers_.emplace(name_key(declaration.name), &declaration).second) {
        problem(declaration.position, "qualifier " + declaration.name + " is declared twice");
      }
      if (declaration.default_value.empty()) continue;
      if (const std::string wrong = mismatch(declaration.default_value[0], declaration.type, declaration.is_array,
                                             declaration.array_size, is_wmi_);
          !wrong.empty()) {
        problem(declaration.position, "the default of qualifier " + declaration.name + " " + wrong);
      }
    }
    for (const ClassDeclaration& declaration : declarations_.classes) {
      const auto [found, is_new] = declared_.emplace(name_key(declaration.name), &declaration);
      if (!is_new) {
        problem(declaration.position,
                "class " + declaration.name + " is declared twice, first at " + found->second->position.to_string());
      }
    }
    for (const auto& [name, declaration] : declared_) resolve_class(*declaration);
    for (const auto& [name, index] : done_) check_class(schema_.classes[index]);
    for (const auto& [position, type] : positions_) {
      if (!is_wmi_ && !type.object_class.empty() && !declared_.contains(name_key(type.object_class))) {
        problem(*position, "class " + type.object_class + " is unknown");
      }
    }
    for (const InstanceDeclaration& instance : declarations_.instances) {
      check_qualifiers(instance.qualifiers, "");
      for (const PropertyValue& value : instance.values) check_qualifiers(value.qualifiers, "");
    }
    if (problems_.errors() != before) return {};
    Schema schema = sorted();
    check_instances(declarations_, schema, is_wmi_ ? Dialect::wmi : Dialect::dmtf, aliases_, problems_);
    return schema;
  }

 private:
  void problem(const Position& position, const std::string& what) { problems_.add(Severity::error, position, what); }
  void warning(const Position& position, const std::string& what) { problems_.add(Severity::warning, position, what); }

  /// The class, resolved after its superclass; null when it cannot be.
  ResolvedClass* resolve_class(const ClassDeclaration& declaration) {
    const std::string key = name_key(declaration.name);
    if (const auto found = done_.find(key); found != done_.end()) return &schema_.classes[found->second];
    if (!failed_.insert(key).second) return nullptr;  // failed until it has succeeded
    const ResolvedClass* superclass = nullptr;
    const bool is_partial = is_wmi_ && lacks_superclass(declaration);
    if (is_partial) {
      warning(declaration.position, "class " + declaration.name + " has the superclass " + declaration.superclass +
                                        ", which is not known here: its features are not checked");
    } else if (!declaration.superclass.empty()) {
      superclass = resolve_superclass(declaration);
      if (!superclass) return nullptr;
    }
    ResolvedClass result;
    result.is_partial = is_partial || (superclass && superclass->is_partial);
    result.name = declaration.name;
    result.position = declaration.position;
    result.superclass = superclass;
    const std::size_t features =
        declaration.features.size() + (superclass ? superclass->properties.size() + superclass->methods.size() : 0);
    taken_.features += features;
    if (features > most_features_of_a_class || taken_.features > most_features) {
      problem(declaration.position, "class " + declaration.name + " has too many features, or all classes together");
      return nullptr;
    }
    std::size_t& bytes = bytes_of_[key] = size_of(declaration.qualifiers);
    for (const Feature& feature : declaration.features) bytes += size_of(feature, declaration.name);
    if (superclass) bytes += bytes_of_[name_key(superclass->name)];
    taken_.bytes += bytes;
    if (taken_.bytes > most_bytes) {
      problem(declaration.position,
              "class " + declaration.name + " has too much text, with what it inherits, or all classes together");
      return nullptr;
    }
    if (superclass) inherit(result, *superclass);
    remember_names(result);
    static const Qualifiers none;
    result.qualifiers = effective(declaration.qualifiers, superclass ? superclass->qualifiers : none);
    result.is_abstract = flag_of(result.qualifiers, "abstract").value_or(false);
    result.is_association = flag_of(result.qualifiers, "association").value_or(false);
    result.has_provider = text_of(result.qualifiers, "provider") == own_provider;
    result.waits = flag_of(result.qualifiers, "waits").value_or(false);
    result.is_singleton = flag_of(result.qualifiers, "singleton").value_or(false);
    result.description = text_of(result.qualifiers, "description");
    const bool is_indication = flag_of(result.qualifiers, "indication").value_or(false);
    check_qualifiers(declaration.qualifiers, result.is_association ? "association"
                                             : is_indication       ? "indication"
                                                                   : "class");
    for (const Feature& feature : declaration.features) {
      if (feature.is_method) {
        add_method(result, declaration, feature);
      } else {
        add_property(result, declaration, feature);
      }
    }
    std::sort(result.properties.begin(), result.properties.end(),
              [](const auto& left, const auto& right) { return LessName()(left.name, right.name); });
    std::sort(result.methods.begin(), result.methods.end(),
              [](const auto& left, const auto& right) { return LessName()(left.name, right.name); });
    fill_creation_class_name(result);
    failed_.erase(key);
    done_.emplace(key, schema_.classes.size());
    return &schema_.classes.emplace_back(std::move(result));
  }

  /// Of the class that is being resolved: where each feature is among the others of its kind.
  struct Names {
    std::map<std::string, std::size_t, LessName> properties, methods;
  };
  void remember_names(const ResolvedClass& of) {
    names_ = {};
    for (const ResolvedProperty& each : of.properties) names_.properties.emplace(each.name, names_.properties.size());
    for (const ResolvedMethod& each : of.methods) names_.methods.emplace(each.name, names_.methods.size());
  }

  /// The superclass's features, without the qualifiers that are not inherited.
  void inherit(ResolvedClass& to, const ResolvedClass& superclass) const {
    to.properties = superclass.properties;
    for (ResolvedProperty& property : to.properties) property.qualifiers = effective({}, property.qualifiers);
    to.methods = superclass.methods;
    for (ResolvedMethod& method : to.methods) {
      method.qualifiers = effective({}, method.qualifiers);
      for (ResolvedParameter& parameter : method.parameters) parameter.qualifiers = effective({}, parameter.qualifiers);
    }
  }

  /// What is not said to be unreadable is readable (DSP0004 5.6.3.43), and real hosts say so: clients show a property
  /// without Read and Write as neither.
  void say_readable(ResolvedProperty& property) const {
    const auto read = qualifiers_.find("read");
    if (read == qualifiers_.end() || property.qualifiers.contains("read")) return;
    EffectiveQualifier qualifier;
    qualifier.name = read->second->name;
    property.qualifiers.emplace("read", std::move(qualifier));
  }

  bool lacks_superclass(const ClassDeclaration& declaration) const {
    return !declaration.superclass.empty() && !declared_.contains(name_key(declaration.superclass));
  }

  const ResolvedClass* resolve_superclass(const ClassDeclaration& declaration) {
    const ClassDeclaration* ancestor = &declaration;
    for (std::size_t generation = 0; !ancestor->superclass.empty(); ++generation) {
      const auto found = declared_.find(name_key(ancestor->superclass));
      if (found == declared_.end()) {
        if (is_wmi_) break;
        if (ancestor == &declaration) {
          problem(declaration.position,
                  "class " + declaration.name + " has the unknown superclass " + declaration.superclass);
        }
        return nullptr;
      }
      ancestor = found->second;
      if (ancestor == &declaration) {
        problem(declaration.position, "class " + declaration.name + " is its own ancestor");
        return nullptr;
      }
      if (generation >= most_ancestors) {
        problem(declaration.position, "class " + declaration.name + " has too many ancestors");
        return nullptr;
      }
    }
    return resolve_class(*declared_.find(name_key(declaration.superclass))->second);
  }

  void add_property(ResolvedClass& to, const ClassDeclaration& declaration, const Feature& feature) {
    const auto [found, is_new] = names_.properties.try_emplace(feature.name, to.properties.size());
    ResolvedProperty* const inherited = is_new ? nullptr : &to.properties[found->second];
    const bool overrides = inherited != nullptr;
    if (!may_declare(to, declaration, feature, overrides ? inherited->declared_in : "",
                     names_.methods.contains(feature.name))) {
      if (is_new) names_.properties.erase(found);
      return;
    }
    ResolvedProperty property = overrides ? *inherited : ResolvedProperty{};
    if (!overrides) property.origin = declaration.name;
    property.name = feature.name;
    property.declared_in = declaration.name;
    property.is_array = feature.is_array;
    property.array_size = feature.array_size;
    property.qualifiers = effective(feature.qualifiers, property.qualifiers);
    say_readable(property);
    property.type = feature.type;
    embed(property.type, property.qualifiers, feature.position);
    if (overrides && !narrows(property.type, inherited->type, feature.is_array == inherited->is_array)) {
      problem(feature.position,
              "property " + feature.name + " overrides that of " + inherited->declared_in + " with another type");
    }
    property.is_key = flag_of(property.qualifiers, "key").value_or(false);
    property.is_writable = flag_of(property.qualifiers, "write").value_or(false);
    property.description = text_of(property.qualifiers, "description");
    if (has(feature.qualifiers, "valuemap") || has(feature.qualifiers, "values")) {
      property.values = value_texts(feature.qualifiers, property.type.type);
      property.values_from = declaration.name;
    }
    if (!feature.default_value.empty()) {
      const Initializer& value = feature.default_value[0];
      if (const std::string wrong = mismatch(value, property.type, property.is_array, property.array_size, is_wmi_);
          !wrong.empty()) {
        problem(feature.position, "the default of " + feature.name + " " + wrong);
      }
      property.default_value = value;
      if (!value.is_array && value.items[0].kind == Literal::Kind::null) property.default_value.reset();
    }
    check_qualifiers(feature.qualifiers, feature.type.type == Type::reference ? "reference" : "property");
    if (overrides) {
      *inherited = std::move(property);
    } else {
      to.properties.push_back(std::move(property));
    }
  }

  void add_method(ResolvedClass& to, const ClassDeclaration& declaration, const Feature& feature) {
    const auto [found, is_new] = names_.methods.try_emplace(feature.name, to.methods.size());
    ResolvedMethod* const inherited = is_new ? nullptr : &to.methods[found->second];
    const bool overrides = inherited != nullptr;
    if (!may_declare(to, declaration, feature, overrides ? inherited->declared_in : "",
                     names_.properties.contains(feature.name))) {
      if (is_new) names_.methods.erase(found);
      return;
    }
    ResolvedMethod method = overrides ? *inherited : ResolvedMethod{};
    if (!overrides) method.origin = declaration.name;
    method.name = feature.name;
    method.declared_in = declaration.name;
    method.return_type = feature.type.type;
    if (feature.type.type == Type::reference) problem(feature.position, "a method cannot return a reference");
    method.qualifiers = effective(feature.qualifiers, method.qualifiers);
    method.implemented = flag_of(method.qualifiers, "implemented").value_or(false);
    method.waits = flag_of(method.qualifiers, "waits").value_or(false);
    method.description = text_of(method.qualifiers, "description");
    if (has(feature.qualifiers, "valuemap") || has(feature.qualifiers, "values")) {
      method.values = value_texts(feature.qualifiers, method.return_type);
    }
    method.parameters = parameters_of(feature);
    if (overrides && !same_signature(method, *inherited)) {
      problem(feature.position, "method " + feature.name + " overrides that of " + inherited->declared_in +
                                    " with other parameters or another type");
    }
    check_qualifiers(feature.qualifiers, "method");
    if (overrides) {
      *inherited = std::move(method);
    } else {
      to.methods.push_back(std::move(method));
    }
  }

  std::vector<ResolvedParameter> parameters_of(const Feature& feature) {
    std::vector<ResolvedParameter> result;
    if (feature.parameters.size() > most_parameters) {
      problem(feature.position, "method " + feature.name + " has too many parameters");
      return result;
    }
    std::set<std::string_view, LessName> names;
    for (const Parameter& parameter : feature.parameters) {
      if (!names.insert(parameter.name).second) {
        problem(parameter.position, "method " + feature.name + " has two parameters named " + parameter.name);
        continue;
      }
      static const Qualifiers none;
      ResolvedParameter& resolved = result.emplace_back();
      const Qualifiers& qualifiers = resolved.qualifiers = effective(parameter.qualifiers, none);
      resolved.name = parameter.name;
      resolved.type = parameter.type;
      resolved.is_array = parameter.is_array;
      resolved.is_out = flag_of(qualifiers, "out").value_or(false);
      resolved.is_in = flag_of(qualifiers, "in").value_or(!resolved.is_out);
      resolved.description = text_of(qualifiers, "description");
      embed(resolved.type, qualifiers, parameter.position);
      resolved.values = value_texts(parameter.qualifiers, resolved.type.type);
      check_qualifiers(parameter.qualifiers, "parameter");
      positions_.emplace_back(&parameter.position, parameter.type);
    }
    return result;
  }

  /// Whether a feature's name is free, or overrides what is inherited and says so. `declared_in` is the class that has
  /// the name already; empty for none.
  bool may_declare(const ResolvedClass& to, const ClassDeclaration& declaration, const Feature& feature,
                   const std::string& declared_in, bool clashes) {
    const bool is_inherited = !declared_in.empty();
    const bool is_own = is_inherited && declared_in == declaration.name;
    const bool says_override = has(feature.qualifiers, "override");
    if (is_own || clashes) {
      problem(feature.position, "class " + declaration.name + " has two features named " + feature.name);
    } else if (!is_inherited && says_override && !is_wmi_ && !renames(to, declaration, feature)) {
      problem(feature.position, feature.name + " overrides nothing: no superclass of " + declaration.name + " has it");
    } else {
      if (is_inherited && !says_override && !is_wmi_) {
        warning(feature.position, feature.name + " is inherited from " + declared_in + ": say [Override(\"" +
                                      feature.name + "\")] to change it");
      }
      if (!feature.is_method) positions_.emplace_back(&feature.position, feature.type);
      return true;
    }
    return false;
  }

  /// `[Override("Antecedent")] A REF Other` gave an inherited feature another name once, as CIM 2.3 does. DSP0004
  /// forbids that now, and compilers take it for a feature beside the inherited one.
  bool renames(const ResolvedClass& to, const ClassDeclaration& declaration, const Feature& feature) {
    const auto found = std::find_if(feature.qualifiers.begin(), feature.qualifiers.end(),
                                    [](const Qualifier& each) { return same_name(each.name, "override"); });
    if (found == feature.qualifiers.end() || found->value.empty() || found->value[0].items.empty()) return false;
    const std::string& text = found->value[0].items[0].text;
    const std::string name = text.substr(text.rfind('.') + 1);  // "Class.Name" names it as well
    const auto is_inherited = [&](const auto& features, const auto& names) {
      const auto index = names.find(name);
      return index != names.end() && index->second < features.size() &&
             features[index->second].declared_in != declaration.name;
    };
    if (same_name(name, feature.name) || !(feature.is_method ? is_inherited(to.methods, names_.methods)
                                                             : is_inherited(to.properties, names_.properties)))
      return false;
    warning(found->position, "Override names " + name + ", which keeps its name: " + feature.name +
                                 " is another feature of " + declaration.name);
    return true;
  }

  bool has(const std::vector<Qualifier>& qualifiers, std::string_view name) const {
    return std::any_of(qualifiers.begin(), qualifiers.end(),
                       [&](const Qualifier& qualifier) { return same_name(qualifier.name, name); });
  }

  bool is_restricted(const Qualifier& qualifier) const {
    const auto names = [](const std::vector<std::string>& flavors, std::string_view flavor) {
      return std::any_of(flavors.begin(), flavors.end(),
                         [&](const std::string& name) { return equals_no_case(name, flavor); });
    };
    if (names(qualifier.flavors, "restricted")) return true;
    if (names(qualifier.flavors, "tosubclass")) return false;
    const auto found = qualifiers_.find(name_key(qualifier.name));
    return found != qualifiers_.end() && names(found->second->flavors, "restricted");
  }

  Qualifiers effective(const std::vector<Qualifier>& own, const Qualifiers& inherited) const {
    Qualifiers result;
    for (const auto& [name, qualifier] : inherited) {
      if (!is_restricted(qualifier)) result.emplace(name, qualifier).first->second.propagated = true;
    }
    for (const Qualifier& qualifier : own)
      result.insert_or_assign(name_key(qualifier.name), EffectiveQualifier{qualifier, false});
    return result;
  }

  /// `scope` is empty for instances, which DSP0004 has no scope for.
  void check_qualifiers(const std::vector<Qualifier>& own, std::string_view scope) {
    std::set<std::string> seen;
    for (const Qualifier& qualifier : own) {
      const auto found = qualifiers_.find(name_key(qualifier.name));
      if (!seen.insert(name_key(qualifier.name)).second) {
        problem(qualifier.position, "qualifier " + qualifier.name + " is given twice");
      }
      if (is_wmi_) continue;
      if (found == qualifiers_.end()) {
        problem(qualifier.position, "qualifier " + qualifier.name + " is not declared");
        continue;
      }
      const QualifierDeclaration& declaration = *found->second;
      if (!scope.empty() && !allows(declaration.scopes, scope)) {
        problem(qualifier.position, "qualifier " + qualifier.name + " does not belong on " +
                                        (scope.find_first_of("ai") == 0 ? "an " : "a ") + std::string(scope));
      }
      if (qualifier.value.empty()) continue;
      if (const std::string wrong =
              mismatch(qualifier.value[0], declaration.type, declaration.is_array, declaration.array_size);
          !wrong.empty()) {
        problem(qualifier.position, "the value of qualifier " + qualifier.name + " " + wrong);
      }
    }
  }

  static bool allows(const std::vector<std::string>& scopes, std::string_view scope) {
    return std::any_of(scopes.begin(), scopes.end(), [&](const std::string& allowed) {
      return equals_no_case(allowed, scope) || equals_no_case(allowed, "any");
    });
  }

  void embed(TypeName& type, const Qualifiers& qualifiers, const Position& position) {
    const bool any = flag_of(qualifiers, "embeddedobject").value_or(false);
    if (!any && !qualifiers.contains("embeddedinstance")) return;
    if (type.type == Type::instance) return;  // WMI's dialect: its type says so already
    if (type.type != Type::string) {
      problem(position, "only a string can hold an embedded instance");
      return;
    }
    type.type = Type::instance;
    type.object_class = text_of(qualifiers, "embeddedinstance");
    if (!any) positions_.emplace_back(&position, type);
  }

  bool narrows(const TypeName& type, const TypeName& inherited, bool same_arrayness) const {
    if (type.type != inherited.type || !same_arrayness) return false;
    return type.object_class.empty() || inherited.object_class.empty() ||
           is_subclass(type.object_class, inherited.object_class) || is_root(type.object_class);
  }

  /// WMI lets a class outside of every hierarchy stand where a managed element does: Msvm_SettingDataComponent does so.
  bool is_root(std::string_view name) const {
    const auto found = declared_.find(name_key(name));
    return found != declared_.end() && found->second->superclass.empty();
  }

  bool is_subclass(std::string_view name, std::string_view ancestor) const {
    for (std::size_t depth = 0; depth <= most_ancestors; ++depth) {
      if (same_name(name, ancestor)) return true;
      const auto found = declared_.find(name_key(name));
      if (found == declared_.end()) return true;  // unknown: reported elsewhere
      name = found->second->superclass;
      if (name.empty()) return false;
    }
    return false;
  }

  bool same_signature(const ResolvedMethod& method, const ResolvedMethod& inherited) const {
    if (method.return_type != inherited.return_type || method.parameters.size() != inherited.parameters.size()) {
      return false;
    }
    return std::equal(method.parameters.begin(), method.parameters.end(), inherited.parameters.begin(),
                      [&](const ResolvedParameter& own, const ResolvedParameter& other) {
                        return same_name(own.name, other.name) && own.is_in == other.is_in &&
                               own.is_out == other.is_out &&
                               narrows(own.type, other.type, own.is_array == other.is_array);
                      });
  }

  std::vector<ValueText> value_texts(const std::vector<Qualifier>& own, Type type) {
    const auto find = [&](std::string_view name) -> const Qualifier* {
      const auto found = std::find_if(own.begin(), own.end(),
                                      [&](const Qualifier& qualifier) { return same_name(qualifier.name, name); });
      return found == own.end() || found->value.empty() ? nullptr : &*found;
    };
    static const std::vector<Literal> none;
    const Qualifier* const value_map = find("valuemap");
    const Qualifier* const values = find("values");
    const std::vector<Literal>& map = value_map ? value_map->value[0].items : none;
    const std::vector<Literal>& names = values ? values->value[0].items : none;
    if (!map.empty() && !names.empty() && map.size() != names.size()) {
      warning(value_map->position,
              "ValueMap has " + std::to_string(map.size()) + " elements and Values " + std::to_string(names.size()));
      return {};
    }
    std::vector<ValueText> result;
    for (std::size_t i = 0; i < std::max(map.size(), names.size()); ++i) {
      // DSP0004 5.6.3.56: Values without ValueMap count from 0
      result.push_back({map.empty() ? std::to_string(i) : map[i].text, names.empty() ? std::string() : names[i].text});
      if (!is_value_map_entry(result.back().value, type)) {
        warning((map.empty() ? names : map)[i].position,
                "ValueMap element \"" + result.back().value + "\" is no number of its type, nor a range");
      }
    }
    return result;
  }

  static void fill_creation_class_name(ResolvedClass& to) {
    const auto found = find_feature(to.properties, "CreationClassName");
    if (to.is_abstract || found == to.properties.end() || !found->is_key || found->type.type != Type::string) return;
    Literal literal;
    literal.kind = Literal::Kind::string;
    literal.text = to.name;
    found->default_value = Initializer{false, {literal}};
  }

  void check_class(ResolvedClass& checked) {
    const auto keys = [](const ResolvedClass& of) {
      return std::count_if(of.properties.begin(), of.properties.end(), [](const auto& p) { return p.is_key; });
    };
    if (checked.superclass && keys(*checked.superclass) != 0 && keys(checked) != keys(*checked.superclass)) {
      problem(checked.position, "class " + checked.name + " changes the keys of its superclass");
    }
    if (checked.has_provider && checked.is_abstract) {
      problem(checked.position, "class " + checked.name + " is abstract and so has no instances to provide");
    }
    if (checked.has_provider && keys(checked) == 0) {
      problem(checked.position, "class " + checked.name + " has a provider but no key");
    }
    const auto references = std::count_if(checked.properties.begin(), checked.properties.end(),
                                          [](const auto& p) { return p.type.type == Type::reference; });
    if (checked.is_association && references < 2 && !checked.is_partial) {
      warning(checked.position, "association " + checked.name + " has fewer than two references");
    }
    if (checked.qualifiers.contains("join")) check_join(checked);
  }

  void check_join(ResolvedClass& checked) {
    const Qualifier& join = checked.qualifiers.find("join")->second;
    if (!checked.is_association || checked.has_provider || join.value.empty() || join.value[0].items.size() != 2) {
      problem(join.position, "Join belongs on an association without a provider and takes two \"Role.Property\" texts");
      return;
    }
    for (const std::size_t side : {0, 1}) {
      const std::string& text = join.value[0].items[side].text;
      const std::size_t dot = text.find('.');
      const ResolvedProperty* role = checked.property(std::string_view(text).substr(0, dot));
      const auto end =
          role && role->type.type == Type::reference ? done_.find(name_key(role->type.object_class)) : done_.end();
      if (dot == std::string::npos || end == done_.end() ||
          !schema_.classes[end->second].property(std::string_view(text).substr(dot + 1))) {
        problem(join.position, "\"" + text + "\" names no property of an end of " + checked.name);
      }
    }
    checked.join_left = join.value[0].items[0].text;
    checked.join_right = join.value[0].items[1].text;
  }

  /// The schema in name order, superclasses pointing into it.
  Schema sorted() {
    Schema result;
    result.namespace_name = schema_.namespace_name;
    for (const auto& [name, declaration] : qualifiers_) result.qualifiers.push_back(*declaration);
    std::map<const ResolvedClass*, const ResolvedClass*> moved;
    std::vector<ResolvedClass*> order;
    for (ResolvedClass& each : schema_.classes) order.push_back(&each);
    std::sort(order.begin(), order.end(), [](const ResolvedClass* left, const ResolvedClass* right) {
      return LessName()(left->name, right->name);
    });
    for (ResolvedClass* each : order) moved[each] = &result.classes.emplace_back(std::move(*each));
    for (ResolvedClass& each : result.classes) {
      if (each.superclass) each.superclass = moved[each.superclass];
    }
    return result;
  }

  const Declarations& declarations_;
  const bool is_wmi_;
  std::map<std::string, const QualifierDeclaration*> qualifiers_;
  std::map<std::string, const ClassDeclaration*> declared_;
  std::set<std::string> failed_;
  std::map<std::string, std::size_t> done_;
  std::vector<std::pair<const Position*, TypeName>> positions_;  ///< where classes are referred to
  const Aliases& aliases_;
  Taken& taken_;
  Problems& problems_;
  std::map<std::string, std::size_t> bytes_of_;  ///< by class
  Names names_;
  Schema schema_;
};

/// A namespace's name as it was written first, and what belongs to it.
using Namespaces = std::map<std::string, Declarations, LessName>;

Namespaces by_namespace(const Declarations& declarations) {
  Namespaces result;
  for (const auto& each : declarations.qualifiers) result[each.namespace_name].qualifiers.push_back(each);
  for (const auto& each : declarations.classes) result[each.namespace_name].classes.push_back(each);
  for (const auto& each : declarations.instances) result[each.namespace_name].instances.push_back(each);
  return result;
}

}  // namespace

const ResolvedProperty* ResolvedClass::property(std::string_view property_name) const {
  const auto found =
      std::lower_bound(properties.begin(), properties.end(), property_name,
                       [](const auto& each, std::string_view wanted) { return LessName()(each.name, wanted); });
  return found == properties.end() || !same_name(found->name, property_name) ? nullptr : &*found;
}

bool ResolvedClass::is_a(const ResolvedClass& ancestor) const {
  return this == &ancestor || (superclass && superclass->is_a(ancestor));
}

const ResolvedClass* Schema::find(std::string_view class_name) const {
  const auto found = find_feature(classes, class_name);
  return found == classes.end() ? nullptr : &*found;
}

std::vector<Schema> resolve_namespaces(const Declarations& declarations, Dialect dialect, Problems& problems) {
  const Aliases aliases(declarations, problems);
  Taken taken;
  std::vector<Schema> result;
  for (const auto& [name, own] : by_namespace(declarations)) {
    result.push_back(Resolver(name, own, dialect, aliases, taken, problems).run());
  }
  if (problems.errors() != 0) result.clear();
  return result;
}

Result<Schema> resolve(const Declarations& declarations) {
  Problems problems;
  std::vector<Schema> all = resolve_namespaces(declarations, Dialect::dmtf, problems);
  for (const Severity severity : {Severity::error, Severity::warning}) {
    if (!problems.of(severity).empty()) return error(Failure::invalid_argument, problems.text(severity));
  }
  if (all.empty()) return Schema();
  if (all.size() == 1) return std::move(all.front());
  return error(Failure::invalid_argument, "expected one namespace, found declarations of \"" +
                                              all.front().namespace_name + "\" and of \"" + all.back().namespace_name +
                                              '"');
}

}  // namespace vmms::cim::mof
