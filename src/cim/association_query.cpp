#include "cim/association_query.hpp"

#include "base/text.hpp"

namespace vmms::cim {

const Class* narrower(const Class* left, const Class* right) {
  if (!left || !right) return left ? left : right;
  if (left->is_a(*right)) return left;
  return right->is_a(*left) ? right : nullptr;
}

std::vector<AssociationWay> association_ways(const AssociationQuery& query, const Schema& schema, const Class& source,
                                             const Class& association, const Class* result) {
  std::vector<AssociationWay> ways;
  if (!query.required_association_qualifier.empty() &&
      !has_qualifier(association.qualifiers, query.required_association_qualifier))
    return ways;
  for (const Property& near : association.properties) {
    if (near.type != Type::reference) continue;
    if (!query.role.empty() && !equals_no_case(query.role, near.name)) continue;
    const Class* near_class = schema.find(near.object_class);
    if (!near_class || !source.is_a(*near_class)) continue;
    if (query.references) {
      ways.push_back({&near});
      continue;
    }
    for (const Property& far : association.properties) {
      if (far.type != Type::reference || &far == &near) continue;
      if (!query.result_role.empty() && !equals_no_case(query.result_role, far.name)) continue;
      const Class* far_class = schema.find(far.object_class);
      if (far_class) far_class = narrower(far_class, result);
      if (far_class) ways.push_back({&near, &far, far_class});
    }
  }
  return ways;
}

}  // namespace vmms::cim
