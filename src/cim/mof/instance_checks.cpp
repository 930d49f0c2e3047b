#include "cim/mof/instance_checks.hpp"

#include "cim/mof/checks.hpp"

#include <set>
#include <string_view>

namespace vmms::cim::mof {
namespace {

constexpr std::size_t most_problems = 50;

bool is_null(const Initializer& value) { return !value.is_array && value.items[0].kind == Literal::Kind::null; }

class InstanceChecks {
 public:
  InstanceChecks(const Schema& schema, const Aliases& aliases, Problems& problems)
      : aliases_(aliases), namespace_name_(schema.namespace_name), problems_(problems) {
    for (const ResolvedClass& each : schema.classes) classes_.emplace(each.name, &each);
  }

  void check_defaults(const ResolvedClass& of) {
    for (const ResolvedProperty& property : of.properties) {
      if (property.default_value && property.declared_in == of.name)
        check_references(*property.default_value, property);
    }
  }

  void check(const InstanceDeclaration& instance) {
    const ResolvedClass* const of = find(instance.class_name);
    if (!of) {
      problems_.add(instance.position, "expected a class that is declared, found " + instance.class_name);
      return;
    }
    if (of->is_abstract) {
      problems_.add(instance.position, "expected a class with instances, found " + of->name + ", which is abstract");
      return;
    }
    std::set<const ResolvedProperty*> given;
    std::set<const ResolvedProperty*> taken_away;
    for (const PropertyValue& value : instance.values) {
      const ResolvedProperty* const property = of->property(value.name);
      if (!property) {
        problems_.add(value.position, "expected a property of " + of->name + ", found " + value.name);
        continue;
      }
      if (!given.insert(property).second) {
        problems_.add(value.position, "expected each property once, found " + value.name + " again");
      }
      if (is_null(value.value)) taken_away.insert(property);
      if (const std::string wrong = mismatch(value.value, property->type, property->is_array, property->array_size);
          !wrong.empty()) {
        problems_.add(value.position, "the value of " + value.name + " " + wrong);
        continue;
      }
      check_references(value.value, *property);
    }
    for (const ResolvedProperty& property : of->properties) {
      if (!property.is_key) continue;
      if (given.contains(&property) ? !taken_away.contains(&property) : property.default_value.has_value()) continue;
      problems_.add(instance.position, "expected a value of the key " + property.name + " of " + of->name + ", found " +
                                           (given.contains(&property) ? "NULL" : "none"));
    }
  }

 private:
  const ResolvedClass* find(std::string_view name) const {
    const auto found = classes_.find(name);
    return found == classes_.end() ? nullptr : found->second;
  }

  /// Whether a class fits where instances of `expected`, or of any class, are meant.
  bool fits(std::string_view name, const std::string& expected) const {
    const ResolvedClass* const found = find(name);
    const ResolvedClass* const ancestor = find(expected);
    return expected.empty() || (found && ancestor && found->is_a(*ancestor));
  }

  void check_references(const Initializer& value, const ResolvedProperty& property) {
    for (const Literal& item : value.items) {
      if (item.kind == Literal::Kind::alias) {
        check_alias(item, property);
      } else if (item.kind == Literal::Kind::string && property.type.type == Type::reference) {
        check_path(item, property);
      }
    }
  }

  void check_alias(const Literal& item, const ResolvedProperty& property) {
    const std::string& expected = property.type.object_class;
    const auto wrong = [&](const std::string& what) {
      problems_.add(item.position, "expected the alias of an instance" + (expected.empty() ? "" : " of " + expected) +
                                       " for " + property.name + ", found $" + item.text + ", which " + what);
    };
    const Aliases::Target* const target = aliases_.find(item.text);
    if (!target) {
      wrong("is not declared");
    } else if (!target->instance) {
      wrong("is a class");
    } else if (equals_no_case(target->instance->namespace_name, namespace_name_) &&
               !fits(target->instance->class_name, expected)) {
      wrong("is an instance of " + target->instance->class_name);
    }
  }

  void check_path(const Literal& item, const ResolvedProperty& property) {
    const std::string& expected = property.type.object_class;
    const PathClass path = path_class(item.text);
    if (path.name.empty()) {
      problems_.add(item.position, "expected an object path such as " + expected + ".Name=\"x\" for " + property.name);
    } else if (!path.has_namespace && !fits(path.name, expected)) {
      problems_.add(item.position, "expected the path of an instance of " + expected + " for " + property.name +
                                       ", found one of " + std::string(path.name));
    }
  }

  const Aliases& aliases_;
  const std::string& namespace_name_;
  Problems& problems_;
  std::map<std::string_view, const ResolvedClass*, LessNoCase> classes_;
};

}  // namespace

void Problems::add(const Position& position, const std::string& what) {
  if (++count_ > most_problems) return;
  if (!text_.empty()) text_ += '\n';
  text_ += position.to_string() + ": " + what;
}

Aliases::Aliases(const Declarations& declarations, Problems& problems) {
  const auto add = [&](const std::string& alias, const Target& target) {
    if (alias.empty()) return;
    const auto [found, is_new] = targets_.emplace(alias, target);
    if (is_new) return;
    problems.add(target.position,
                 "expected another alias, found $" + alias + " again, first at " + found->second.position.to_string());
  };
  for (const ClassDeclaration& each : declarations.classes) add(each.alias, {nullptr, each.position});
  for (const InstanceDeclaration& each : declarations.instances) add(each.alias, {&each, each.position});
}

const Aliases::Target* Aliases::find(const std::string& name) const {
  const auto found = targets_.find(name);
  return found == targets_.end() ? nullptr : &found->second;
}

void check_instances(const Declarations& declarations, const Schema& schema, const Aliases& aliases,
                     Problems& problems) {
  InstanceChecks checks(schema, aliases, problems);
  for (const ResolvedClass& each : schema.classes) checks.check_defaults(each);
  for (const InstanceDeclaration& each : declarations.instances) checks.check(each);
}

}  // namespace vmms::cim::mof
