#include "cim/enumeration.hpp"

#include "base/worker_pool.hpp"

#include <utility>

namespace vmms::cim {

Enumeration::Batch BufferedEnumeration::next(const Context& context, std::size_t most) {
  Batch batch;
  // One more than asked, to know whether the last one is the last.
  while (page_.size() <= most && !exhausted()) {
    WorkerPool::give_way();
    fetch(context, most, batch.failures);
    if (context.deadline != Context::Clock::time_point::max() && Context::Clock::now() >= context.deadline) break;
  }
  while (!page_.empty() && batch.items.size() < most) {
    batch.items.push_back(std::move(page_.front()));
    page_.pop_front();
  }
  batch.done = page_.empty() && exhausted();
  return batch;
}

}  // namespace vmms::cim
