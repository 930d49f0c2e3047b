#include "cim/enumeration.hpp"

#include "base/worker_pool.hpp"

#include <algorithm>

namespace vmms::cim {

Enumeration::Batch BufferedEnumeration::next(const Context& context, std::size_t most) {
  Batch batch;
  leave();
  // One more than requested, to know whether the last one is the last.
  while (page_.size() <= most && !exhausted()) {
    WorkerPool::give_way();
    fetch(context, most, batch.failures);
    if (context.deadline != Context::Clock::time_point::max() && Context::Clock::now() >= context.deadline) break;
  }
  given_ = std::min(most, page_.size());
  batch.items = page_.items().first(given_);
  batch.done = given_ == page_.size() && exhausted();
  return batch;
}

void BufferedEnumeration::rest() {
  leave();
  page_.shrink();
  if (Enumeration* below = source()) below->rest();
}

}  // namespace vmms::cim
