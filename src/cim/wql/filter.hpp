// A WHERE clause compiled for the instances of a class and its subclasses.
#pragma once

#include "cim/instance.hpp"
#include "cim/wql/pattern.hpp"
#include "cim/wql/statement.hpp"
#include "cim/wql/system_properties.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim::wql {

class Filter {
 public:
  /// The own class of the object that a path names, where clients may name it by another one.
  using OtherClass = std::function<std::optional<std::string>(const ObjectPath& path)>;
  /// Errors (invalid_argument): a property that the class does not have, a constant that does not fit its type, sides
  /// that cannot be compared.
  static Result<Filter> compile(const Condition& condition, const Class& cim_class, Origin origin,
                                const OtherClass& other_class = {});

  /// How many paths of the condition lack keys, so that the caller must find which object each of them names.
  std::size_t open_paths() const { return open_paths_; }
  /// The own path of that object; nothing where it names none, or several. `within`: its class, null for any.
  using FindPath = std::function<std::optional<ObjectPath>(const ObjectPath& path, const Class* within)>;
  /// Finds each of them. Before that, matches() treats them as names of all objects that they fit.
  void find_paths(const FindPath& find) { find_paths(test_, find); }

  bool matches(const Instance& instance) const;

  /// The keys that an instance must have to match, and the class, as far as the condition says so plainly: what a
  /// provider can look for instead of listing everything. What is found must still be tested.
  const std::vector<KeyBinding>& keys() const { return keys_; }
  const std::string& class_name() const { return class_name_; }  ///< empty for any
  /// Of a path that the instance must have, which may name a superclass; empty for any.
  const std::string& path_class_name() const { return path_class_name_; }

  const std::string& namespace_name() const { return origin_.namespace_name; }
  /// The properties that matches() reads.
  const std::vector<std::string>& properties() const { return properties_; }

 private:
  /// A property at one side of a comparison.
  struct Operand {
    std::optional<std::size_t> index;      ///< in the class that was named, or
    std::optional<SystemProperty> system;  ///< one of these
    std::vector<std::string> inside;       ///< properties of embedded instances, each of the one before

    bool is_path() const { return system == SystemProperty::path || system == SystemProperty::relative_path; }
  };
  /// A condition with its constant in the property's type.
  struct Test {
    Condition::Kind kind = Condition::Kind::comparison;
    std::vector<Test> parts;
    Operand left;
    std::shared_ptr<const Operand> right;  ///< null where the right side is a constant
    Operator operation = Operator::equal;
    std::shared_ptr<const Pattern> pattern;  ///< of LIKE, which has no constant
    Value constant;                          ///< NULL, or of the property's type; a path for references and `__PATH`
    std::shared_ptr<const Literal> literal;  ///< a constant whose type depends on the embedded instance
  };

  Filter(const Class& cim_class, Origin origin, const OtherClass& other_class)
      : class_(&cim_class), origin_(std::move(origin)), other_class_(&other_class) {}
  Result<Test> compile(const Condition& condition);
  Result<Test> compile_comparison(const Condition& condition);
  Result<Test> compile_properties(const Condition& condition);
  Result<Test> compile_system(Test test, const Condition& condition);
  Result<Test> compile_isa(Test test, const Condition& condition) const;
  Result<Operand> find_operand(const std::string& name);
  const Property& property_of(const Operand& operand) const { return class_->properties[*operand.index]; }
  std::optional<std::string> constant_text(const std::string& name) const;
  static Status set_text(Test& test, const Literal& literal);
  ObjectPathPtr take_path(ObjectPath path);
  bool lacks_keys(const ObjectPath& path) const;
  void find_paths(Test& test, const FindPath& find);
  void note_keys(const Test& test);
  void note_path(const ObjectPath& path);
  void note_key(KeyBinding key);
  void note_property(std::size_t index);
  std::optional<bool> evaluate(const Test& test, const Instance& instance) const;
  std::optional<bool> compare(const Test& test, const Instance& instance) const;
  std::optional<bool> compare_properties(const Test& test, const Instance& instance) const;
  /// The value at one side; `computed` holds it where the instance does not.
  struct Found {
    const Value* value;        ///< NULL where there is no such property
    const Property* property;  ///< null for those of the system, and where there is none
  };
  Found find(const Operand& operand, const Instance& instance, Value& computed) const;
  std::optional<bool> compare_inside(const Test& test, const Found& found) const;

  const Class* class_;
  Origin origin_;
  const OtherClass* other_class_;  ///< null once it is compiled
  Test test_;
  std::size_t open_paths_ = 0;
  std::vector<KeyBinding> keys_;
  std::string class_name_;
  std::string path_class_name_;
  std::vector<std::string> properties_;
};

}  // namespace vmms::cim::wql
