// One CIM value: NULL, a scalar, or an array.
#pragma once

#include "cim/datetime.hpp"
#include "cim/object_path.hpp"
#include "cim/type.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace vmms::cim {

class Instance;
class Value;
using Array = std::vector<Value>;
using InstancePtr = std::shared_ptr<const Instance>;
using ObjectPathPtr = std::shared_ptr<const ObjectPath>;

/// The declared type (Property::type) says which alternative is used: unsigned types and char16 are uint64, signed
/// types int64, reals double, references ObjectPathPtr, embedded instances InstancePtr. std::monostate is NULL.
class Value {
 public:
  using Data = std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string, DateTime,
                            ObjectPathPtr, InstancePtr, Array>;

  Value() = default;
  template <class T>
  requires std::is_constructible_v<Data, T&&>
  // NOLINTNEXTLINE(google-explicit-constructor): a value is its data
  Value(T&& value) : data(std::forward<T>(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(data); }
  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&data);
  }

  Data data;
};

/// Compares by content, also that of references and embedded instances.
bool operator==(const Value& left, const Value& right);

/// The text of a scalar as WS-Management and keys spell it (`true`, `-3`, the CIM form of a datetime); "" for NULL.
std::string to_text(const Value& scalar);
/// Reads a scalar of `type` from text; range and form are checked. References and instances are not read here.
Result<Value> from_text(Type type, std::string_view text);

}  // namespace vmms::cim
