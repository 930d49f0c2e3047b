// How queries are answered: statements of WQL and walks over associations become cursors over what providers give.
#pragma once

#include "cim/object_manager.hpp"

#include <string_view>
#include <vector>

namespace vmms::cim {

namespace wql {
struct Select;
}  // namespace wql

/// The queries of an ObjectManager, with the same errors; reports to no auditor.
class QueryPlanner {
 public:
  explicit QueryPlanner(ObjectManager& manager) : manager_(manager) {}

  Result<QueryResult> query(const Context& context, std::string_view namespace_name, std::string_view text,
                            bool keys_only, wql::Language language);
  Result<QueryResult> associations(const Context& context, std::string_view namespace_name,
                                   const AssociationQuery& query);
  Result<std::vector<const Class*>> associated_classes(const Context& context, std::string_view namespace_name,
                                                       const AssociationQuery& query);

 private:
  Result<QueryResult> select(const Context& context, Namespace& space, const wql::Select& statement, bool keys_only);
  Result<QueryResult> select_classes(const Context& context, Namespace& space, const wql::Select& statement);
  /// The classes that an association query names, found.
  struct AssociationClasses {
    const Class* source = nullptr;
    const Class* association = nullptr;  ///< null for any
    const Class* result = nullptr;       ///< likewise
  };
  Result<AssociationClasses> find_classes(const Context& context, const Schema& schema,
                                          const AssociationQuery& query) const;

  ObjectManager& manager_;
};

}  // namespace vmms::cim
