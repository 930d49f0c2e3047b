// Between typed instances, which cimgen generates, and cim::Instance, ObjectPath and Arguments.
#pragma once

#include "base/text.hpp"
#include "cim/instance.hpp"
#include "cim/provider.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace vmms::cim {

namespace typed {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <class T>
Value to_value(T&& member) {
  using Plain = std::remove_cvref_t<T>;
  if constexpr (is_optional<Plain>) {
    return member ? to_value(*std::forward<T>(member)) : Value();
  } else if constexpr (is_vector<Plain>) {
    Array array;
    array.reserve(member.size());
    for (auto&& element : member) {
      if constexpr (std::is_same_v<Plain, std::vector<bool>>) {
        array.emplace_back(static_cast<bool>(element));
      } else if constexpr (std::is_lvalue_reference_v<T>) {
        array.push_back(to_value(element));
      } else {
        array.push_back(to_value(std::move(element)));
      }
    }
    return Value(std::move(array));
  } else if constexpr (std::is_enum_v<Plain>) {
    return to_value(static_cast<std::underlying_type_t<Plain>>(member));
  } else if constexpr (std::is_same_v<Plain, bool>) {
    return Value(member);
  } else if constexpr (std::is_integral_v<Plain> && std::is_unsigned_v<Plain>) {
    return Value(static_cast<std::uint64_t>(member));
  } else if constexpr (std::is_integral_v<Plain>) {
    return Value(static_cast<std::int64_t>(member));
  } else if constexpr (std::is_floating_point_v<Plain>) {
    return Value(static_cast<double>(member));
  } else if constexpr (std::is_same_v<Plain, ObjectPath>) {
    return Value(ObjectPathPtr(std::make_shared<const ObjectPath>(std::forward<T>(member))));
  } else if constexpr (std::is_same_v<Plain, InstancePtr>) {
    return member ? Value(InstancePtr(member)) : Value();
  } else {
    return Value(Plain(std::forward<T>(member)));
  }
}

inline void set_null(Value& value) {
  if (!value.is_null()) value.data.emplace<std::monostate>();
}

/// As to_value, into an existing value; the memory of one of the same type is used again.
template <class T>
void assign(T&& member, Value& value) {
  using Plain = std::remove_cvref_t<T>;
  if constexpr (is_optional<Plain>) {
    if (member)
      assign(*std::forward<T>(member), value);
    else
      set_null(value);
  } else if constexpr (std::is_enum_v<Plain>) {
    assign(static_cast<std::underlying_type_t<Plain>>(member), value);
  } else if constexpr (std::is_same_v<Plain, std::string> || std::is_same_v<Plain, DateTime>) {
    if (auto* same = std::get_if<Plain>(&value.data))
      *same = std::forward<T>(member);
    else
      value.data.template emplace<Plain>(std::forward<T>(member));
  } else if constexpr (is_vector<Plain> && !std::is_same_v<Plain, std::vector<bool>>) {
    auto* array = std::get_if<Array>(&value.data);
    if (!array) array = &value.data.template emplace<Array>();
    array->resize(member.size());
    auto next = array->begin();
    for (auto&& element : member) {
      if constexpr (std::is_lvalue_reference_v<T>)
        assign(element, *next++);
      else
        assign(std::move(element), *next++);
    }
  } else if constexpr (std::is_integral_v<Plain> && std::is_unsigned_v<Plain> && !std::is_same_v<Plain, bool>) {
    if (auto* same = std::get_if<std::uint64_t>(&value.data))
      *same = member;
    else
      value.data.template emplace<std::uint64_t>(member);
  } else {
    value = to_value(std::forward<T>(member));
  }
}

/// False when the value has another type or does not fit; NULL makes an optional or pointer empty.
template <class T>
bool from_value(const Value& value, T& member) {
  if constexpr (is_optional<T>) {
    member.reset();
    return value.is_null() || from_value(value, member.emplace());
  } else if constexpr (is_vector<T>) {
    const Array* array = value.get_if<Array>();
    if (!array) return false;
    member.clear();
    member.reserve(array->size());
    for (const Value& element : *array) {
      typename T::value_type item{};
      if (!from_value(element, item)) return false;
      member.push_back(std::move(item));
    }
    return true;
  } else if constexpr (std::is_same_v<T, InstancePtr>) {
    const InstancePtr* instance = value.get_if<InstancePtr>();
    member = instance ? *instance : nullptr;
    return instance || value.is_null();
  } else if constexpr (std::is_same_v<T, ObjectPath>) {
    const ObjectPathPtr* path = value.get_if<ObjectPathPtr>();
    if (!path || !*path) return false;
    member = **path;
    return true;
  } else if constexpr (std::is_enum_v<T>) {
    std::underlying_type_t<T> number{};
    if (!from_value(value, number)) return false;
    member = static_cast<T>(number);
    return true;
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    using Wide = std::conditional_t<std::is_unsigned_v<T>, std::uint64_t, std::int64_t>;
    const Wide* number = value.get_if<Wide>();
    if (!number || *number > static_cast<Wide>(std::numeric_limits<T>::max()) ||
        *number < static_cast<Wide>(std::numeric_limits<T>::min())) {
      return false;
    }
    member = static_cast<T>(*number);
    return true;
  } else if constexpr (std::is_floating_point_v<T>) {
    const double* number = value.get_if<double>();
    if (number) member = static_cast<T>(*number);
    return number != nullptr;
  } else {
    const T* same = value.get_if<T>();
    if (same) member = *same;
    return same != nullptr;
  }
}

/// "Msvm_X.Name cannot be used: …" for a property, key or parameter.
Error unfit(std::string_view owner, std::string_view name);
/// `object` is not an instance of `expected`.
Error unrelated(const Class& object, const Class& expected);
Error missing_key(const ObjectPath& path, const Property& key);
/// The value of one key, or an error that names what is missing.
Result<Value> key_value(const ObjectPath& path, const Property& key);
KeyBinding key_binding(const Property& key, Value value);

}  // namespace typed

/// By index of Class::properties; empty: all. As std::vector<bool>, but quick to test for each instance and property.
using WantedProperties = std::vector<std::uint8_t>;

/// Into an instance of the object's class, replacing its values. The properties that are not wanted become NULL.
template <class T>
void assign(T&& object, Instance& instance, const WantedProperties& wanted = {}) {
  using Object = std::remove_cvref_t<T>;
  Value* next = instance.values.data();
  const std::uint8_t* flag = wanted.empty() ? nullptr : wanted.data();
  Object::for_each_property(
      [&](auto& member) {
        if (flag && *flag++ == 0)
          typed::set_null(*next);
        else if constexpr (std::is_lvalue_reference_v<T>)
          typed::assign(member, *next);
        else
          typed::assign(std::move(member), *next);
        ++next;
      },
      object);
}

template <class T>
Instance to_instance(T&& object) {
  Instance instance(std::remove_cvref_t<T>::cim_class());
  assign(std::forward<T>(object), instance);
  return instance;
}

/// Also from an instance of a subclass, whose further properties are left out. NULL properties are nullopt, whatever
/// the default in the schema is.
template <class T>
Result<T> from_instance(const Instance& instance) {
  const Class& own = T::cim_class();
  const Class& given = instance.cim_class();
  if (!given.is_a(own)) return typed::unrelated(given, own);
  T object;
  std::size_t index = 0;
  const Property* wrong = nullptr;
  T::for_each_property(
      [&](auto& member) {
        const Property& property = own.properties[index];
        const Value& value = &given == &own ? instance.values[index] : instance[property.name];
        if (!typed::from_value(value, member)) wrong = &property;
        ++index;
      },
      object);
  if (wrong) return typed::unfit(given.name, wrong->name);
  return object;
}

/// Reads an embedded instance or a reference's target; `what` names the parameter in the error text.
template <class T>
Result<T> from_instance(const InstancePtr& instance, std::string_view what) {
  if (!instance) return typed::unfit(what, T::cim_class().name);
  return from_instance<T>(*instance);
}

/// The object path of a typed key.
template <class Key>
ObjectPath to_path(const Key& key, std::string_view namespace_name = {}) {
  const Class& cim_class = Key::Object::cim_class();
  ObjectPath path;
  path.namespace_name = namespace_name;
  path.class_name = cim_class.name;
  auto next = cim_class.keys.begin();
  Key::Object::for_each_key(
      [&](const auto& value) {
        path.keys.push_back(typed::key_binding(cim_class.properties[*next++], typed::to_value(value)));
      },
      key);
  return path;
}

/// The typed key of a path. A key with a fixed value (it has a default in the schema, such as CreationClassName) must
/// have that value, compared without case; any other is not_found.
template <class T>
Result<typename T::Key> to_key(const ObjectPath& path) {
  const Class& cim_class = T::cim_class();
  typename T::Key key;
  std::optional<Error> wrong;
  auto next = cim_class.keys.begin();
  T::for_each_key(
      [&](auto& member) {
        const Property& property = cim_class.properties[*next++];
        if (wrong) return;
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(member)>, std::string>) {
          const KeyBinding* given = path.find(property.name);
          if (!given) {
            wrong = typed::missing_key(path, property);
          } else if (member.empty()) {
            member = given->value;
          } else if (!equals_no_case(member, given->value)) {
            wrong = error(Failure::not_found, "there is no " + std::string(cim_class.name) + " with " +
                                                  std::string(property.name) + "=\"" + given->value + "\"");
          }
        } else {
          const Result<Value> value = typed::key_value(path, property);
          if (!value)
            wrong = value.error();
          else if (!typed::from_value(*value, member))
            wrong = typed::unfit(cim_class.name, property.name);
        }
      },
      key);
  if (wrong) return *std::move(wrong);
  return key;
}

}  // namespace vmms::cim
