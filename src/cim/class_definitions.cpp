#include "cim/class_definitions.hpp"

#include <iterator>

namespace vmms::cim {

void ClassDefinitions::fetch(const Context& context, std::size_t most, std::vector<Error>& failures) {
  auto batch = instances_->next(context, most);
  for (const Instance& instance : batch.items)
    if (found_.insert(&instance.cim_class()).second) page_.push_back(Instance(instance.cim_class()));
  std::move(batch.failures.begin(), batch.failures.end(), std::back_inserter(failures));
  if (batch.done) instances_.reset();
}

}  // namespace vmms::cim
