// What src/providers writes against. cimgen derives one base class from these for each class with the Provider
// qualifier, with an invoke overload for each method that is Implemented.
#pragma once

#include "base/text.hpp"
#include "cim/provider.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim {

namespace typed {

template <class T>
bool equal_keys(const T& left, const T& right) {
  return left == right;
}
inline bool equal_keys(const std::string& left, const std::string& right) { return equals_no_case(left, right); }

}  // namespace typed

/// Which instances of T are wanted, and what of them.
template <class T>
struct TypedQuery {
  using Key = typename T::Key;
  using Property = typename T::Property;

  typename T::KeyFilter keys;  ///< those set must be equal; keys with a fixed value were checked already
  std::optional<Key> after;    ///< only keys greater than this, in the order of Key
  std::size_t limit = 256;     ///< at most so many
  std::vector<bool> wanted;    ///< by Property; empty = all

  bool wants(Property property) const { return wanted.empty() || wanted[static_cast<std::size_t>(property)]; }
  bool wants_any(std::initializer_list<Property> properties) const {
    return std::any_of(properties.begin(), properties.end(), [this](Property each) { return wants(each); });
  }
  /// Whether an instance with this key is asked for. Texts are compared without case, as CIM clients expect; `after`
  /// is compared exactly.
  bool selects(const Key& key) const {
    bool result = !after || *after < key;
    T::for_each_key(
        [&](const auto& filter, const auto& value) {
          if (filter && !typed::equal_keys(*filter, value)) result = false;
        },
        keys, key);
    return result;
  }
};

template <class T>
class TypedProvider {
 public:
  using Object = T;
  using Key = typename T::Key;

  virtual ~TypedProvider() = default;
  /// Instances in ascending order of Key, at most query.limit; what could not be asked goes to `failures`.
  virtual PageOf<T> enumerate(const Context& context, const TypedQuery<T>& query) = 0;
  /// This default asks enumerate, so it is for classes that answer from memory only.
  virtual Result<T> get(const Context& context, const Key& key) {
    TypedQuery<T> query;
    query.limit = 1;
    T::for_each_key([](auto& filter, const auto& value) { filter = value; }, query.keys, key);
    PageOf<T> page = enumerate(context, query);
    if (!page.items.empty()) return std::move(page.items.front());
    if (!page.failures.empty()) return std::move(page.failures.front());
    return error(Failure::not_found, "there is no such instance of " + std::string(T::cim_class().name));
  }
  /// `changes` holds what is to be changed; what is NULL stays.
  virtual Status modify(const Context&, const Key&, const T&) { return unsupported("changed"); }
  virtual Result<Key> create(const Context&, const T&) { return unsupported("created"); }
  virtual Status remove(const Context&, const Key&) { return unsupported("deleted"); }

 private:
  static Error unsupported(const char* what) {
    return error(Failure::not_supported,
                 "instances of " + std::string(T::cim_class().name) + " cannot be " + what + " by clients");
  }
};

/// The base of association providers; cimgen adds one `from` overload for each role.
template <class T>
class TypedAssociationProvider {
 public:
  using Object = T;
  virtual ~TypedAssociationProvider() = default;
};

/// The methods that a provider implements, and the roles of an association.
template <class... Methods>
struct MethodList {};
template <class... Roles>
struct RoleList {};

}  // namespace vmms::cim
