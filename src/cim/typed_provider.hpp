// What src/providers writes against. cimgen derives one base class from these for each class with the Provider
// qualifier, with an invoke overload for each method that is Implemented.
#pragma once

#include "base/case_folding.hpp"
#include "base/text.hpp"
#include "cim/provider.hpp"
#include "cim/typed.hpp"

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
inline bool equal_keys(const std::string& left, const std::string& right) { return equals_folded(left, right); }

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

/// Where a provider puts one page of what it finds. Unreachable is never the same as empty: what could not be asked is
/// a failure.
template <class T>
class PageOf {
 public:
  explicit PageOf(std::size_t limit) : limit_(limit) {}
  virtual ~PageOf() = default;

  /// In ascending order of Key, at most TypedQuery::limit. The provider may keep an object, change it and add it again,
  /// which avoids making one for each instance.
  void add(const T& object) {
    ++size_;
    put(object);
  }
  void add(T&& object) {
    ++size_;
    put(std::move(object));
  }
  /// Called when there is one more instance: whether the page has no room for it. Then the page says that there is
  /// more.
  bool full() {
    if (size_ == limit_) more_ = true;
    return more_;
  }
  void fail(Error failure) { failures_.push_back(std::move(failure)); }

  std::vector<Error>& failures() { return failures_; }
  bool more() const { return more_; }

 private:
  virtual void put(const T& object) = 0;
  virtual void put(T&& object) = 0;

  const std::size_t limit_;
  std::size_t size_ = 0;
  std::vector<Error> failures_;  ///< guests or hosts that could not be asked
  bool more_ = false;            ///< the limit cut it
};

/// A page as a list.
template <class T>
class PageList final : public PageOf<T> {
 public:
  using PageOf<T>::PageOf;
  std::vector<T> items;

 private:
  void put(const T& object) override { items.push_back(object); }
  void put(T&& object) override { items.push_back(std::move(object)); }
};

template <class T>
class TypedProvider {
 public:
  using Object = T;
  using Key = typename T::Key;

  virtual ~TypedProvider() = default;
  virtual void enumerate(const Context& context, const TypedQuery<T>& query, PageOf<T>& page) = 0;
  /// This default calls enumerate, so it is only for classes that answer from memory.
  virtual Result<T> get(const Context& context, const Key& key) {
    TypedQuery<T> query;
    query.limit = 1;
    T::for_each_key([](auto& filter, const auto& value) { filter = value; }, query.keys, key);
    PageList<T> page(query.limit);
    enumerate(context, query, page);
    if (!page.items.empty()) return std::move(page.items.front());
    if (!page.failures().empty()) return std::move(page.failures().front());
    return error(Failure::not_found, "there is no instance " + describe(to_path(key)));
  }
  /// See Provider::other_class.
  virtual std::optional<std::string> other_class(const ObjectPath&) { return std::nullopt; }
  /// `changes` holds the new values; properties that are NULL stay.
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
