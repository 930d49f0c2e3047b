// Object paths (DSP0004 8.5): namespace, class and keys name one instance.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim {

class ObjectPath;

/// One key and its value. Values are kept as text (`true`, `42`, a string without quotes): the class knows the type,
/// and so does complete_keys() (naming.hpp).
struct KeyBinding {
  std::string name;  ///< may be empty for the class's only key
  std::string value;
  /// Set for keys that are references, and where the text reads like one.
  std::shared_ptr<const ObjectPath> reference = {};

  friend bool operator==(const KeyBinding&, const KeyBinding&);
};

class ObjectPath {
 public:
  std::string host;            ///< usually empty
  std::string namespace_name;  ///< `root/virtualization/v2`, forward slashes, no leading slash; may be empty
  std::string class_name;
  std::vector<KeyBinding> keys;

  /// Limits of any path that is read: references nest no deeper, and no path has more keys. Real ones nest once and
  /// have six keys at most.
  static constexpr int deepest = 8;
  static constexpr std::size_t most_keys = 64;
  /// Bytes of a key that a client sends, its name and value together: no object has longer ones.
  static constexpr std::size_t longest_key = std::size_t{64} * 1024;
  /// Longer texts of paths are not written.
  static constexpr std::size_t longest_text = std::size_t{64} * 1024;

  /// Reads `[\\host\]root\virtualization\v2:Class.Key="value",Key2=1`, slashes of either kind, namespace optional,
  /// `Class=@` for a singleton, `Class="value"` for the only key. Errors name the position.
  static Result<ObjectPath> parse(std::string_view text);
  /// Keys in the order given here; strings quoted with `\` and `"` escaped, those of a reference once for each level: a
  /// text grows with a power of two. It is cut after `most` bytes and marked with "…", so that it is not read as a
  /// path.
  std::string to_string(std::size_t most = longest_text) const;

  const KeyBinding* find(std::string_view key_name) const;  ///< case-insensitive
  std::string_view value(std::string_view key_name) const;  ///< empty when there is no such key
};

/// A path for people: the beginning of a long one.
std::string describe(const ObjectPath& path);

/// The second of two keys of one name (without case); null when there is none. For `most_keys` at most.
const KeyBinding* find_repeated(const std::vector<KeyBinding>& keys);

/// Same class and keys, names compared without case, key order ignored; host and an empty namespace match anything.
bool same_object(const ObjectPath& left, const ObjectPath& right);
/// As same_object, but values of keys compare without case, as texts do in queries; hosts compare, where both have one
/// and it is not ".".
bool similar_object(const ObjectPath& left, const ObjectPath& right);
inline bool operator==(const ObjectPath& left, const ObjectPath& right) { return same_object(left, right); }

}  // namespace vmms::cim
