#include "cli/waiting.hpp"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace vmms::cli {

Waiting::Waiting(const Console& console, std::string server) : console_(console), server_(std::move(server)) {
  if (!console.interactive || console.json) return;
  console.progress({});  // the silence begins now
  if (auto thread = Thread::start("waiting", [this] { run(); })) thread_ = *std::move(thread);  // else shows nothing
}

Waiting::~Waiting() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  ends_.notify_all();
  thread_.join();
}

void Waiting::run() {
  using namespace std::chrono_literals;
  std::unique_lock lock(mutex_);
  while (!ends_.wait_for(lock, 200ms, [this] { return ended_; })) {
    const auto silent = console_.silent_for();
    if (silent >= 1s)
      console_.waiting(fmt::format("waiting for the answer of {}: {} s", server_,
                                   std::chrono::duration_cast<std::chrono::seconds>(silent).count()));
  }
}

}  // namespace vmms::cli
