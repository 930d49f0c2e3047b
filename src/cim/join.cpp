#include "cim/join.hpp"

#include "base/text.hpp"
#include "cim/cursor.hpp"

#include <fmt/format.h>

namespace vmms::cim {

namespace {
constexpr std::size_t batch_size = 256;
}

JoinProvider::JoinProvider(ObjectManager& manager, const Schema& schema, const Class& cim_class)
    : manager_(manager), schema_(schema), class_(cim_class) {
  const auto split = [](std::string_view text) {
    const auto dot = text.find('.');
    return Side{text.substr(0, dot), dot == std::string_view::npos ? std::string_view{} : text.substr(dot + 1)};
  };
  left_ = split(cim_class.join_left);
  right_ = split(cim_class.join_right);
}

std::optional<std::vector<KeyBinding>> JoinProvider::far_keys(std::string_view role, const ObjectPath& end) const {
  const Side& near = near_side(role);
  const Class* own = schema_.find(end.class_name);
  const Class* declared = schema_.find(class_.property(near.role)->object_class);
  if (!own || !declared || !own->is_a(*declared)) return std::nullopt;
  return std::vector<KeyBinding>{{std::string(far_side(role).property), std::string(end.value(near.property)), {}}};
}

Result<std::vector<Instance>> JoinProvider::from(const Context& context, std::string_view role, const ObjectPath& end) {
  if (!equals_no_case(role, left_.role) && !equals_no_case(role, right_.role))
    return error(Failure::invalid_argument, fmt::format("{} has no role {}", class_.name, role));
  const Side& near = near_side(role);
  const Side& far = far_side(role);
  std::vector<Instance> associations;
  const auto keys = far_keys(role, end);
  if (!keys) return associations;
  auto others = manager_.enumerate_within(context, schema_.namespace_name, class_.property(far.role)->object_class,
                                          *keys, {std::string(far.property)});
  if (!others) return others.error();
  const auto near_reference = std::make_shared<const ObjectPath>(end);
  for (bool done = false; !done;) {
    auto batch = (*others)->next(context, batch_size);
    // Less than all would look like all.
    if (!batch.failures.empty()) return batch.failures.front();
    if (Context::Clock::now() >= context.deadline)
      return error(Failure::timed_out, fmt::format("{}: reading its objects took too long", class_.name));
    for (const Instance& other : batch.items) {
      Instance& association = associations.emplace_back(class_);
      association.set(near.role, near_reference);
      association.set(far.role, std::make_shared<const ObjectPath>(other.path(schema_.namespace_name)));
    }
    done = batch.done;
  }
  return associations;
}

Result<std::unique_ptr<Enumeration>> JoinProvider::others(const Context& context, std::string_view role,
                                                          const ObjectPath& end, std::string_view,
                                                          const Class& wanted) {
  const auto keys = far_keys(role, end);
  if (!keys) return std::unique_ptr<Enumeration>(std::make_unique<Cursor>());
  return manager_.enumerate_within(context, schema_.namespace_name, wanted.name, *keys);
}

}  // namespace vmms::cim
