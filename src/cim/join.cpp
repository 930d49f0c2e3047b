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

Result<std::optional<JoinProvider::Ends>> JoinProvider::find_ends(const Context& context, const Side& near,
                                                                  const Side& far, const ObjectPath& end) {
  ObjectPath path = end;
  path.namespace_name = schema_.namespace_name;
  const Class* own = schema_.find(path.class_name);
  const Class* declared = schema_.find(class_.property(near.role)->object_class);
  if (!own || !declared || !own->is_a(*declared)) return std::optional<Ends>();
  const auto instance = manager_.get_within(context, path);
  if (!instance) return instance.error();
  return std::optional<Ends>(Ends{instance->path(schema_.namespace_name),
                                  {{std::string(far.property), to_text((*instance)[near.property]), {}}}});
}

Result<std::vector<Instance>> JoinProvider::from(const Context& context, std::string_view role, const ObjectPath& end) {
  const bool is_left = equals_no_case(role, left_.role);
  if (!is_left && !equals_no_case(role, right_.role))
    return error(Failure::invalid_argument, fmt::format("{} has no role {}", class_.name, role));
  const Side& near = is_left ? left_ : right_;
  const Side& far = is_left ? right_ : left_;

  auto ends = find_ends(context, near, far, end);
  if (!ends) return ends.error();
  std::vector<Instance> associations;
  if (!*ends) return associations;
  auto others = manager_.enumerate_within(context, schema_.namespace_name, class_.property(far.role)->object_class,
                                          (*ends)->far_keys, {std::string(far.property)});
  if (!others) return others.error();
  const auto near_reference = std::make_shared<const ObjectPath>(std::move((*ends)->near));
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
  const bool is_left = equals_no_case(role, left_.role);
  auto ends = find_ends(context, is_left ? left_ : right_, is_left ? right_ : left_, end);
  if (!ends) return ends.error();
  if (!*ends) return std::unique_ptr<Enumeration>(std::make_unique<Cursor>());
  return manager_.enumerate_within(context, schema_.namespace_name, wanted.name, (*ends)->far_keys);
}

}  // namespace vmms::cim
