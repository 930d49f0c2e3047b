// The providers of one namespace, and which of them serve a class.
#pragma once

#include "cim/association_provider.hpp"
#include "cim/provider.hpp"

#include <map>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vmms::cim {

struct Namespace {
  explicit Namespace(const Schema& classes) : schema(classes) {}

  /// By class name, so that listings always have the same order.
  struct ByName {
    bool operator()(const Class* left, const Class* right) const { return left->name < right->name; }
  };
  void add(std::unique_ptr<Provider> provider);
  void add(std::unique_ptr<AssociationProvider> provider);

  const Schema& schema;
  std::map<const Class*, std::unique_ptr<Provider>, ByName> providers;
  std::map<const Class*, std::unique_ptr<AssociationProvider>, ByName> associations;

  /// The providers of a class and of its subclasses, in the order of their classes' names.
  const std::vector<Provider*>& concrete(const Class& base) const;
  const std::vector<AssociationProvider*>& concrete_associations(const Class& base) const;
  /// Whether reading instances of a class or of its subclasses may wait. An association waits when an end does.
  bool waits(const Class& base) const;
  /// The role from which an association is walked: the end that fewer providers serve, none of them waiting. For a Join
  /// it is the other one, which is read once as a whole: the cheap end is then asked about each object.
  std::string_view driver_role(const Class& association) const;

 private:
  std::unordered_map<const Class*, std::vector<Provider*>> concrete_;
  std::unordered_map<const Class*, std::vector<AssociationProvider*>> concrete_associations_;
};

/// A provider's query from selectors and property names; names that the class does not have are left out.
Query make_query(const Class& cim_class, const std::vector<KeyBinding>& keys, const std::vector<std::string>& wanted);

}  // namespace vmms::cim
