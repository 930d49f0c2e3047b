// All jobs, a few at a time: the store is not held while they are looked at.
#pragma once

#include "cim/job/jobs.hpp"

#include <string>
#include <utility>

namespace vmms::providers {

/// Calls `visit` with the jobs after an id (empty: from the first) in ascending order of their ids, until it says
/// false.
template <class Visit>
void for_each_job(const cim::job::Jobs& jobs, std::string after, Visit visit) {
  constexpr std::size_t batch = 256;
  for (auto some = jobs.list(after, batch); !some.empty(); some = jobs.list(after, batch)) {
    for (const cim::job::Job& job : some)
      if (!visit(job)) return;
    after = std::move(some.back().id);
  }
}

}  // namespace vmms::providers
