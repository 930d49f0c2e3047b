// Filter::compile: a condition and a class.
#include "cim/wql/filter.hpp"

#include "base/text.hpp"
#include "cim/wql/constants.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace vmms::cim::wql {

namespace {

Error invalid(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

Error unfit(const Property& property, const Literal& literal) {
  return invalid(fmt::format("query: {} is a {}{}; it cannot be compared with {}{:.80}{}", property.name,
                             type_name(property.type), property.is_array ? " array" : "",
                             literal.kind == Literal::Kind::string ? "'" : "", literal.text,
                             literal.kind == Literal::Kind::string ? "'" : ""));
}

// What sides of a comparison hold.
enum class Side { text, number, boolean, datetime, path, unknown };

std::string_view name_of(Side side) {
  constexpr std::string_view names[] = {"a string", "a number", "a boolean", "a datetime", "a reference", "an object"};
  return names[static_cast<std::size_t>(side)];
}

Side side_of(SystemProperty property) {
  switch (property) {
    case SystemProperty::genus:
    case SystemProperty::property_count:
      return Side::number;
    case SystemProperty::path:
    case SystemProperty::relative_path:
      return Side::path;
    default:
      return Side::text;
  }
}

Side side_of(Type type) {
  switch (type) {
    case Type::string:
      return Side::text;
    case Type::boolean:
      return Side::boolean;
    case Type::datetime:
      return Side::datetime;
    case Type::reference:
      return Side::path;
    case Type::instance:
      return Side::unknown;
    default:
      return Side::number;
  }
}

bool has_order(Side side) { return side != Side::boolean && side != Side::path; }

Error no_order(std::string_view name, Side side) {
  return invalid(fmt::format("query: {:.80} is {}; it can be compared by =, != and <> only", name, name_of(side)));
}

}  // namespace

Result<Filter> Filter::compile(const Condition& condition, const Class& cim_class, Origin origin,
                               const OtherClass& other_class) {
  Filter filter(cim_class, std::move(origin), other_class);
  auto test = filter.compile(condition);
  if (!test) return test.error();
  filter.test_ = std::move(*test);
  filter.other_class_ = nullptr;
  filter.note_keys(filter.test_);
  return filter;
}

Result<Filter::Test> Filter::compile(const Condition& condition) {
  if (condition.kind == Condition::Kind::comparison)
    return condition.other.empty() ? compile_comparison(condition) : compile_properties(condition);
  Test test;
  test.kind = condition.kind;
  for (const Condition& part : condition.parts) {
    auto compiled = compile(part);
    if (!compiled) return compiled;
    test.parts.push_back(std::move(*compiled));
  }
  return test;
}

Result<Filter::Operand> Filter::find_operand(const std::string& name) {
  Operand operand;
  operand.system = find_system_property(name);
  if (operand.system) return operand;
  const std::size_t dot = name.find('.');
  const std::string first = name.substr(0, dot);
  operand.index = class_->property_index(first);
  if (!operand.index) return invalid(fmt::format("query: {} has no property named {:.80}", class_->name, first));
  const Property& property = property_of(operand);
  note_property(*operand.index);
  if (dot == std::string::npos) return operand;
  if (property.type != Type::instance || property.is_array)
    return invalid(fmt::format("query: {} is no embedded instance, so there is no {:.80}", property.name, name));
  for (std::size_t from = dot + 1; from != 0;) {
    const std::size_t next = name.find('.', from);
    operand.inside.push_back(name.substr(from, next - from));
    from = next + 1;
  }
  return operand;
}

// What a name stands for in this query, whatever the instance.
std::optional<std::string> Filter::constant_text(const std::string& name) const {
  const auto system = find_system_property(name);
  if (system == SystemProperty::server || system == SystemProperty::namespace_name)
    return to_text(system_value(*system, Instance(*class_), origin_));
  return std::nullopt;
}

Result<Filter::Test> Filter::compile_properties(const Condition& condition) {
  for (const bool mirror : {false, true}) {
    const auto constant = constant_text(mirror ? condition.property : condition.other);
    if (!constant) continue;
    Condition simpler;
    simpler.property = mirror ? condition.other : condition.property;
    simpler.operation = mirror ? mirrored(condition.operation) : condition.operation;
    simpler.literal = {Literal::Kind::string, *constant, false};
    return compile_comparison(simpler);
  }
  Test test;
  test.operation = condition.operation;
  std::array<Operand, 2> operands;
  std::array<Side, 2> sides{};
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const std::string& name = i == 0 ? condition.property : condition.other;
    auto operand = find_operand(name);
    if (!operand) return operand.error();
    operands[i] = std::move(*operand);
    if (operands[i].system == SystemProperty::self || operands[i].system == SystemProperty::derivation ||
        (operands[i].index && operands[i].inside.empty() &&
         (property_of(operands[i]).is_array || property_of(operands[i]).type == Type::instance)))
      return invalid(fmt::format("query: {:.80} is no single value; it cannot be compared", name));
    sides[i] = operands[i].system           ? side_of(*operands[i].system)
               : operands[i].inside.empty() ? side_of(property_of(operands[i]).type)
                                            : Side::unknown;
    if (!is_equality(test.operation) && !has_order(sides[i])) return no_order(name, sides[i]);
  }
  const bool texts =
      (sides[0] == Side::text && sides[1] == Side::path) || (sides[0] == Side::path && sides[1] == Side::text);
  if (sides[0] != sides[1] && !texts && sides[0] != Side::unknown && sides[1] != Side::unknown)
    return invalid(fmt::format("query: {:.80} is {} and {:.80} is {}; they cannot be compared", condition.property,
                               name_of(sides[0]), condition.other, name_of(sides[1])));
  test.left = std::move(operands[0]);
  test.right = std::make_shared<const Operand>(std::move(operands[1]));
  return test;
}

Result<Filter::Test> Filter::compile_comparison(const Condition& condition) {
  const Literal& literal = condition.literal;
  const bool is_null = literal.kind == Literal::Kind::null;
  Test test;
  test.operation = condition.operation;
  const bool equality = is_equality(test.operation);
  if (is_null && !equality)
    return invalid(fmt::format("query: {:.80} can be equal to NULL or not, nothing else", condition.property));
  auto operand = find_operand(condition.property);
  if (test.operation == Operator::isa && (!operand || (!operand->index && operand->system != SystemProperty::self)))
    return invalid(fmt::format("query: ISA asks for the class of __THIS or of an embedded instance, not of {:.80}",
                               condition.property));
  if (!operand) return operand.error();
  test.left = std::move(*operand);
  if (test.operation == Operator::isa) return compile_isa(std::move(test), condition);
  if (test.left.system) return compile_system(std::move(test), condition);
  if (!test.left.inside.empty()) {
    test.literal = std::make_shared<const Literal>(literal);
    if (test.operation == Operator::like)
      if (const Status pattern = set_text(test, literal); !pattern) return pattern.error();
    return test;
  }
  const Property& property = property_of(test.left);
  if (is_null) return test;
  const bool is_like = test.operation == Operator::like;
  if (property.is_array || (is_like && property.type != Type::string)) return unfit(property, literal);
  auto constant = constant_of(property, literal);
  if (!constant) return unfit(property, literal);
  if (!equality && !is_like && !has_order(side_of(property.type)))
    return no_order(property.name, side_of(property.type));
  if (is_like) {
    if (const Status pattern = set_text(test, literal); !pattern) return pattern.error();
  } else if (const auto* path = constant->get_if<ObjectPathPtr>()) {
    test.constant = take_path(**path);
  } else {
    test.constant = std::move(*constant);
  }
  return test;
}

Result<Filter::Test> Filter::compile_system(Test test, const Condition& condition) {
  const SystemProperty system = *test.left.system;
  const Literal& literal = condition.literal;
  if (system == SystemProperty::self)
    return invalid("query: __THIS can be asked for its class only: __THIS ISA 'CLASS'");
  if (system == SystemProperty::derivation) return invalid("query: __DERIVATION is an array; it cannot be compared");
  if (literal.kind == Literal::Kind::null) return test;
  if (side_of(system) == Side::number) {
    auto number = integer(literal);
    if (!number || literal.kind != Literal::Kind::integer || test.operation == Operator::like)
      return invalid(
          fmt::format("query: {} is a number; it cannot be compared with '{:.80}'", condition.property, literal.text));
    test.constant = std::move(*number);
    return test;
  }
  if (literal.kind != Literal::Kind::string)
    return invalid(
        fmt::format("query: {} is a string; it cannot be compared with {:.80}", condition.property, literal.text));
  if (!test.left.is_path() || !is_equality(test.operation)) {
    if (const Status text = set_text(test, literal); !text) return text.error();
    return test;
  }
  // Any spelling of the path will do.
  auto path = ObjectPath::parse(literal.text);
  if (!path) return path.error();
  test.constant = take_path(std::move(*path));
  return test;
}

// A text to compare with, or the pattern of LIKE.
Status Filter::set_text(Test& test, const Literal& literal) {
  if (test.operation != Operator::like) {
    test.constant = literal.text;
  } else if (literal.is_expression) {
    auto pattern = Pattern::read_expression(literal.text);
    if (!pattern) return pattern.error();
    test.pattern = std::make_shared<const Pattern>(std::move(*pattern));
  } else {
    test.pattern = std::make_shared<const Pattern>(literal.text);
  }
  return {};
}

ObjectPathPtr Filter::take_path(ObjectPath path) {
  if (*other_class_)
    if (auto own = (*other_class_)(path)) path.class_name = std::move(*own);
  if (lacks_keys(path)) ++open_paths_;
  return std::make_shared<const ObjectPath>(std::move(path));
}

// Keys with a fixed value may be left out, and all of a singleton. Without any key a path names a class, and so fits
// nothing else.
bool Filter::lacks_keys(const ObjectPath& path) const {
  const Class* named = origin_.schema ? origin_.schema->find(path.class_name) : nullptr;
  if (!named || named->is_singleton || path.keys.empty()) return false;
  if (named->keys.empty()) return true;  // what keys there are, the object's own class says
  for (const KeyBinding& key : path.keys) {
    if (key.name.empty() && named->keys.size() > 1) return false;  // fits nothing either
    const Property* property = named->property(key.name);
    if (property && property->type == Type::reference && key.reference && lacks_keys(*key.reference)) return true;
  }
  return std::any_of(named->keys.begin(), named->keys.end(), [&](std::uint16_t index) {
    const Property& property = named->properties[index];
    return property.default_value.empty() && !path.find(property.name) && !path.keys.front().name.empty();
  });
}

void Filter::find_paths(Test& test, const FindPath& find) {
  for (Test& part : test.parts) find_paths(part, find);
  const auto* path = test.constant.get_if<ObjectPathPtr>();
  if (!path || !*path || !lacks_keys(**path)) return;
  auto own = find(**path, test.left.system ? class_ : origin_.schema->find(property_of(test.left).object_class));
  test.constant = std::make_shared<const ObjectPath>(own ? *std::move(own) : ObjectPath());  // that fits nothing
}

// The class of the object itself, or of an instance inside it.
Result<Filter::Test> Filter::compile_isa(Test test, const Condition& condition) const {
  test.constant = condition.literal.text;
  if (test.left.system || !test.left.inside.empty()) return test;
  const Property& property = property_of(test.left);
  if (property.type != Type::instance || property.is_array) return unfit(property, condition.literal);
  return test;
}

void Filter::note_keys(const Test& test) {
  if (test.kind == Condition::Kind::all)
    for (const Test& part : test.parts) note_keys(part);
  if (test.kind != Condition::Kind::comparison || test.operation != Operator::equal || test.constant.is_null()) return;
  const auto* path = test.constant.get_if<ObjectPathPtr>();
  if (test.left.system) {
    if (path) note_path(**path);
    if (*test.left.system == SystemProperty::class_name && class_name_.empty()) class_name_ = to_text(test.constant);
    return;
  }
  const Property& property = property_of(test.left);
  if (!property.is_key) return;
  note_key({std::string(property.name), to_text(test.constant), path ? *path : nullptr});
}

void Filter::note_property(std::size_t index) {
  std::string name(class_->properties[index].name);
  if (std::find(properties_.begin(), properties_.end(), name) == properties_.end())
    properties_.push_back(std::move(name));
}

void Filter::note_path(const ObjectPath& path) {
  if (path_class_name_.empty()) path_class_name_ = path.class_name;
  std::vector<KeyBinding> keys = path.keys;
  if (!complete_keys(keys, *class_)) return;  // of a subclass, perhaps: all have to be looked at
  for (KeyBinding& key : keys)
    if (const Property* property = class_->property(key.name); property && property->is_key) note_key(std::move(key));
}

// Of two different values for one key the first is enough: none fits both.
void Filter::note_key(KeyBinding key) {
  const bool known = std::any_of(keys_.begin(), keys_.end(),
                                 [&](const KeyBinding& other) { return equals_no_case(other.name, key.name); });
  if (!known) keys_.push_back(std::move(key));
}

}  // namespace vmms::cim::wql
