#include "providers/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace vmms::providers {

namespace {
constexpr std::size_t most_threads = 16;
}

void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t i = next++; i < count; i = next++) work(i);
  };
  std::vector<std::thread> helpers;
  try {
    while (helpers.size() + 1 < std::min(count, most_threads)) helpers.emplace_back(take);
  } catch (const std::system_error&) {
    // No more threads: those that there are do it.
  }
  take();
  for (std::thread& helper : helpers) helper.join();
}

}  // namespace vmms::providers
