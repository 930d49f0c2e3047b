// Object paths (DSP0004 8.5): namespace, class and keys name one instance.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim {

class ObjectPath;

/// One key and its value. Values are kept as text (`true`, `42`, a string without quotes): the class knows the type.
struct KeyBinding {
  std::string name;
  std::string value;
  std::shared_ptr<const ObjectPath> reference = {};  ///< set for keys that are references

  friend bool operator==(const KeyBinding&, const KeyBinding&);
};

class ObjectPath {
 public:
  std::string host;            ///< usually empty
  std::string namespace_name;  ///< `root/virtualization/v2`, forward slashes, no leading slash; may be empty
  std::string class_name;
  std::vector<KeyBinding> keys;

  /// Reads `[\\host\]root\virtualization\v2:Class.Key="value",Key2=1`, slashes of either kind, namespace optional,
  /// `Class=@` for a singleton. Errors name the position.
  static Result<ObjectPath> parse(std::string_view text);
  /// Keys in the order given here; strings quoted with `\` and `"` escaped.
  std::string to_string() const;

  const KeyBinding* find(std::string_view key_name) const;  ///< case-insensitive
  std::string_view value(std::string_view key_name) const;  ///< empty when there is no such key
};

/// Same class and keys, names compared without case, key order ignored; host and an empty namespace match anything.
bool same_object(const ObjectPath& left, const ObjectPath& right);
/// As same_object, but values of keys compare without case, as texts do in queries; hosts compare, where both have one
/// and it is not ".".
bool similar_object(const ObjectPath& left, const ObjectPath& right);
inline bool operator==(const ObjectPath& left, const ObjectPath& right) { return same_object(left, right); }

}  // namespace vmms::cim
