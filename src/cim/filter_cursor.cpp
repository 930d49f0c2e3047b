#include "cim/filter_cursor.hpp"

#include "base/worker_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace vmms::cim {

namespace {
constexpr std::size_t smallest_batch = 64;
constexpr std::size_t largest_batch = 256;
}  // namespace

// A path of no object here, or of several, matches nothing, as in Get. What could not be asked may be the object.
void FilterCursor::find_paths(const Context& context, std::vector<Error>& failures) {
  const Find find = std::exchange(find_, nullptr);
  filter_.find_paths([&](const ObjectPath& path, const Class* within) -> std::optional<ObjectPath> {
    WorkerPool::give_way();
    const auto object =
        Context::Clock::now() < context.deadline
            ? find(context, path, within)
            : Result<Instance>(error(Failure::timed_out, fmt::format("finding {} took too long", describe(path))));
    if (object) return object->path(filter_.namespace_name());
    if (object.error().kind != Failure::not_found && object.error().kind != Failure::invalid_argument)
      failures.push_back(object.error());
    return std::nullopt;
  });
}

void FilterCursor::fetch(const Context& context, std::size_t most, std::vector<Error>& failures) {
  if (find_) find_paths(context, failures);
  auto batch = all_->next(context, std::clamp(most, smallest_batch, largest_batch));
  for (Instance& instance : batch.items)
    if (filter_.matches(instance)) page_.push_back(std::move(instance));
  std::move(batch.failures.begin(), batch.failures.end(), std::back_inserter(failures));
  done_ = batch.done;
}

}  // namespace vmms::cim
