#include "cim/mof/instance_checks.hpp"

#include "base/text.hpp"
#include "cim/mof/checks.hpp"
#include "cim/mof/parser.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace vmms::cim::mof {
namespace {

bool is_null(const Initializer& value) { return !value.is_array && value.items[0].kind == Literal::Kind::null; }

class InstanceChecks {
 public:
  InstanceChecks(const Schema& schema, Dialect dialect, const Aliases& aliases, Problems& problems)
      : is_wmi_(dialect == Dialect::wmi),
        aliases_(aliases),
        namespace_name_(schema.namespace_name),
        problems_(&problems) {
    for (const ResolvedClass& each : schema.classes) classes_.emplace(each.name, &each);
  }

  void check_defaults(const ResolvedClass& of) {
    for (const ResolvedProperty& property : of.properties) {
      if (property.default_value && property.declared_in == of.name)
        check_references(*property.default_value, property);
    }
  }

  /// One that is a value needs no keys.
  void check(const InstanceDeclaration& instance, bool needs_keys = true) {
    const ResolvedClass* const of = find(instance.class_name);
    if (!of && is_wmi_) {
      problems_->add(Severity::warning, instance.position,
                     "class " + instance.class_name + " is not known here: its instance is not checked");
      return;
    }
    if (!of) {
      problem(instance.position, "expected a class that is declared, found " + instance.class_name);
      return;
    }
    if (of->is_abstract) {
      problem(instance.position, "expected a class with instances, found " + of->name + ", which is abstract");
      return;
    }
    std::set<const ResolvedProperty*> given;
    std::set<const ResolvedProperty*> taken_away;
    for (const PropertyValue& value : instance.values) {
      const ResolvedProperty* const property = of->property(value.name);
      if (!property && of->is_partial) continue;
      if (!property) {
        problem(value.position, "expected a property of " + of->name + ", found " + value.name);
        continue;
      }
      if (!given.insert(property).second) {
        problem(value.position, "expected each property once, found " + value.name + " again");
      }
      if (is_null(value.value)) taken_away.insert(property);
      if (const std::string wrong =
              mismatch(value.value, property->type, property->is_array, property->array_size, is_wmi_);
          !wrong.empty()) {
        problem(value.position, "the value of " + value.name + " " + wrong);
        continue;
      }
      check_references(value.value, *property);
    }
    if (!needs_keys) return;
    for (const ResolvedProperty* const key : keys_of(*of)) {
      if (given.contains(key) ? !taken_away.contains(key) : key->default_value.has_value()) continue;
      problem(instance.position, "expected a value of the key " + key->name + " of " + of->name + ", found " +
                                     (given.contains(key) ? "NULL" : "none"));
    }
  }

 private:
  void problem(const Position& position, const std::string& what) { problems_->add(Severity::error, position, what); }

  const ResolvedClass* find(std::string_view name) const {
    const auto found = classes_.find(name);
    return found == classes_.end() ? nullptr : found->second;
  }

  const std::vector<const ResolvedProperty*>& keys_of(const ResolvedClass& of) {
    const auto [found, is_new] = keys_.try_emplace(&of);
    if (!is_new) return found->second;
    for (const ResolvedProperty& each : of.properties) {
      if (each.is_key) found->second.push_back(&each);
    }
    return found->second;
  }

  /// Whether a class fits where instances of `expected`, or of any class, are meant.
  bool fits(std::string_view name, const std::string& expected) const {
    const ResolvedClass* const found = find(name);
    const ResolvedClass* const ancestor = find(expected);
    if (!ancestor || (!found && is_wmi_)) return true;  // any class is meant, or one that is not there to compare
    return found && (found->is_partial || found->is_a(*ancestor));
  }

  void check_references(const Initializer& value, const ResolvedProperty& property) {
    for (const Literal& item : value.items) {
      if (item.kind == Literal::Kind::alias) {
        check_alias(item, property);
      } else if (item.kind == Literal::Kind::string && property.type.type == Type::reference) {
        check_path(item, property);
      } else if (item.kind == Literal::Kind::string && property.type.type == Type::instance) {
        check_embedded_text(item, property);
      } else if (item.kind == Literal::Kind::instance) {
        check_embedded(*item.instance, property);
      }
    }
  }

  void check_embedded(const InstanceDeclaration& instance, const ResolvedProperty& property) {
    if (find(instance.class_name) && !fits(instance.class_name, property.type.object_class)) {
      problem(instance.position, "expected an instance of " + property.type.object_class + " for " + property.name +
                                     ", found one of " + instance.class_name);
    }
    check(instance, false);
  }

  /// A text that holds an instance in MOF. Other forms, such as CIM-XML, are left alone, and so are instances of
  /// classes that nothing but the text names.
  void check_embedded_text(const Literal& item, const ResolvedProperty& property) {
    constexpr std::string_view keyword = "instance";
    std::string_view start = item.text;
    start.remove_prefix(std::min(start.find_first_not_of(" \t\r\n"), start.size()));
    if (!equals_no_case(start.substr(0, keyword.size()), keyword)) return;
    constexpr int deepest = 10;  // each is read again in all that are in it
    if (depth_ == deepest) {
      problem(item.position, "the texts that hold an instance are nested too deeply");
      return;
    }
    ++depth_;
    Problems inside;
    const Declarations held = parse(item.text, "", {.dialect = is_wmi_ ? Dialect::wmi : Dialect::dmtf}, inside);
    Problems* const outside = std::exchange(problems_, &inside);
    for (const InstanceDeclaration& each : held.instances) {
      if (find(each.class_name)) check_embedded(each, property);
    }
    problems_ = outside;
    --depth_;
    for (const Problem& each : inside.of(Severity::error)) {
      problem(item.position,
              "in the text that " + property.name + " holds, at " + each.place.substr(1) + ": " + each.what);
    }
  }

  void check_alias(const Literal& item, const ResolvedProperty& property) {
    const std::string& expected = property.type.object_class;
    const auto wrong = [&](const std::string& what) {
      problem(item.position, "expected the alias of an instance" + (expected.empty() ? "" : " of " + expected) +
                                 " for " + property.name + ", found $" + item.text + ", which " + what);
    };
    const Aliases::ReferenceTarget* const target = aliases_.find(item.text);
    if (!target) {
      wrong("is not declared");
    } else if (!target->instance) {
      wrong("is a class");
    } else if (same_name(target->instance->namespace_name, namespace_name_) &&
               !fits(target->instance->class_name, expected)) {
      wrong("is an instance of " + target->instance->class_name);
    }
  }

  void check_path(const Literal& item, const ResolvedProperty& property) {
    const std::string& expected = property.type.object_class;
    const PathClass path = path_class(item.text);
    if (path.name.empty()) {
      problem(item.position, "expected an object path such as " + expected + ".Name=\"x\" for " + property.name);
    } else if (!path.has_namespace && !fits(path.name, expected)) {
      problem(item.position, "expected the path of an instance of " + expected + " for " + property.name +
                                 ", found one of " + std::string(path.name));
    }
  }

  const bool is_wmi_;
  const Aliases& aliases_;
  const std::string& namespace_name_;
  Problems* problems_;
  std::map<std::string_view, const ResolvedClass*, LessName> classes_;
  std::map<const ResolvedClass*, std::vector<const ResolvedProperty*>> keys_;  ///< of the classes of instances
  int depth_ = 0;  ///< of texts that hold an instance, one in the other
};

}  // namespace

Aliases::Aliases(const Declarations& declarations, Problems& problems) {
  const auto add = [&](const std::string& alias, const ReferenceTarget& target) {
    if (alias.empty()) return;
    const auto [found, is_new] = targets_.emplace(alias, target);
    if (is_new) return;
    problems.add(Severity::error, target.position,
                 "expected another alias, found $" + alias + " again, first at " + found->second.position.to_string());
  };
  for (const ClassDeclaration& each : declarations.classes) add(each.alias, {nullptr, each.position});
  for (const InstanceDeclaration& each : declarations.instances) add(each.alias, {&each, each.position});
}

const Aliases::ReferenceTarget* Aliases::find(const std::string& name) const {
  const auto found = targets_.find(name);
  return found == targets_.end() ? nullptr : &found->second;
}

void check_instances(const Declarations& declarations, const Schema& schema, Dialect dialect, const Aliases& aliases,
                     Problems& problems) {
  InstanceChecks checks(schema, dialect, aliases, problems);
  for (const ResolvedClass& each : schema.classes) checks.check_defaults(each);
  for (const InstanceDeclaration& each : declarations.instances) checks.check(each);
}

}  // namespace vmms::cim::mof
