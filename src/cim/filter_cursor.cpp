#include "cim/filter_cursor.hpp"

#include <algorithm>
#include <iterator>

namespace vmms::cim {

namespace {
constexpr std::size_t smallest_batch = 64;
constexpr std::size_t largest_batch = 256;
}  // namespace

void FilterCursor::fetch(const Context& context, std::size_t most, std::vector<Error>& failures) {
  auto batch = all_->next(context, std::clamp(most, smallest_batch, largest_batch));
  for (Instance& instance : batch.items)
    if (filter_.matches(instance)) page_.push_back(std::move(instance));
  std::move(batch.failures.begin(), batch.failures.end(), std::back_inserter(failures));
  done_ = batch.done;
}

}  // namespace vmms::cim
