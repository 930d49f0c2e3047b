// Whether instances, and the references in them, fit the classes that they are of.
#pragma once

#include "cim/mof/names.hpp"
#include "cim/mof/problems.hpp"
#include "cim/mof/resolver.hpp"

#include <map>
#include <string>

namespace vmms::cim::mof {

/// What `as $Alias` names. The declarations must outlive it.
class Aliases {
 public:
  Aliases(const Declarations& declarations, Problems& problems);

  struct ReferenceTarget {
    const InstanceDeclaration* instance = nullptr;  ///< null for a class
    Position position = {};
  };
  const ReferenceTarget* find(const std::string& name) const;

 private:
  std::map<std::string, ReferenceTarget, LessName> targets_;
};

/// The instances of one namespace, and its classes' defaults that are references.
void check_instances(const Declarations& declarations, const Schema& schema, Dialect dialect, const Aliases& aliases,
                     Problems& problems);

}  // namespace vmms::cim::mof
