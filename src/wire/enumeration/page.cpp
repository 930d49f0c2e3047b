#include "wire/enumeration/page.hpp"

#include <spdlog/spdlog.h>

#include <time.h>

#include <algorithm>
#include <iterator>

namespace vmms::wire::enumeration {

namespace {

// Items asked of a cursor at once: what does not fit into the answer waits in the context.
constexpr std::size_t batch_size = 64;

void fetch(Context& context, const cim::Context& call, std::size_t most, Page& page) {
  auto batch = context.cursor->next(call, std::min(most, batch_size));
  std::move(batch.items.begin(), batch.items.end(), std::back_inserter(context.pending));
  context.cursor_done = batch.done;
  if (!batch.failures.empty() && !context.first_failure) context.first_failure = batch.failures.front();
  std::move(batch.failures.begin(), batch.failures.end(), std::back_inserter(page.failures));
}

}  // namespace

std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Result<Page> read_page(Context& context, const cim::Context& call, const PageLimits& limits, const WriteItem& write) {
  Page page;
  while (page.written < limits.elements) {
    if (limits.enough && page.written > 0 && thread_time() >= *limits.enough) break;
    if (context.pending.empty()) {
      if (context.cursor_done) break;
      if (Contexts::Clock::now() >= call.deadline) {
        if (page.written == 0) return error(Failure::timed_out, "no item could be read in time; pull again");
        break;
      }
      fetch(context, call, limits.elements - page.written, page);
    } else if (write(context.pending.front())) {
      ++page.written;
      if (limits.keep) page.sent.push_back(std::move(context.pending.front()));
      context.pending.pop_front();
    } else {
      page.does_not_fit = page.written == 0;
      break;
    }
  }
  if (!page.failures.empty())
    spdlog::warn("wire: enumerating {}: {} could not be asked; the first: {}", context.what, page.failures.size(),
                 page.failures.front().message);
  if (page.written > 0) context.sent_any = true;
  page.ended = context.cursor_done && context.pending.empty();
  if (page.ended && !context.sent_any && context.first_failure) return *context.first_failure;
  return page;
}

Result<Page> Reading::read(const cim::Context& call, std::size_t elements, const WriteItem& write) {
  PageLimits limits{elements, keep_};
  if (!waits_) limits.enough = thread_time() + contexts_.limits().edge_time;
  auto page = read_page(*context_, call, limits, write);
  if (page) sent_ = std::move(page->sent);
  contexts_.give_back(context_, page ? page->ended : context_->cursor_done && context_->pending.empty());
  given_back_ = true;
  return page;
}

void Reading::finish(bool delivered) {
  if (!given_back_) contexts_.give_back(context_, false);
  contexts_.finish(context_, delivered, std::move(sent_));
}

void Reading::release() {
  if (!given_back_) contexts_.give_back(context_, false);
  // Fails when the context has ended, which finish() takes care of.
  if (!contexts_.release(context_->id, context_->owner)) contexts_.finish(context_, true, {});
}

}  // namespace vmms::wire::enumeration
