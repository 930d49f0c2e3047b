#include "cim/join.hpp"

#include "base/text.hpp"

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

Result<std::vector<Instance>> JoinProvider::from(const Context& context, std::string_view role, const ObjectPath& end) {
  const bool is_left = equals_no_case(role, left_.role);
  if (!is_left && !equals_no_case(role, right_.role))
    return error(Failure::invalid_argument, fmt::format("{} has no role {}", class_.name, role));
  const Side& near = is_left ? left_ : right_;
  const Side& far = is_left ? right_ : left_;

  ObjectPath near_path = end;
  near_path.namespace_name = schema_.namespace_name;
  const Class* near_class = schema_.find(near_path.class_name);
  const Class* near_end = schema_.find(class_.property(near.role)->object_class);
  if (!near_class || !near_end || !near_class->is_a(*near_end)) return std::vector<Instance>{};
  const auto instance = manager_.get(context, near_path);
  if (!instance) return instance.error();
  const std::string value = to_text((*instance)[near.property]);
  near_path = instance->path(schema_.namespace_name);

  auto others = manager_.enumerate(context, schema_.namespace_name, class_.property(far.role)->object_class,
                                   {KeyBinding{std::string(far.property), value, {}}}, {std::string(far.property)});
  if (!others) return others.error();
  std::vector<Instance> associations;
  const auto near_reference = std::make_shared<const ObjectPath>(std::move(near_path));
  for (bool done = false; !done;) {
    auto batch = (*others)->next(context, batch_size);
    // Less than all would look like all.
    if (!batch.failures.empty()) return batch.failures.front();
    for (const Instance& other : batch.items) {
      Instance& association = associations.emplace_back(class_);
      association.set(near.role, near_reference);
      association.set(far.role, std::make_shared<const ObjectPath>(other.path(schema_.namespace_name)));
    }
    done = batch.done;
  }
  return associations;
}

}  // namespace vmms::cim
