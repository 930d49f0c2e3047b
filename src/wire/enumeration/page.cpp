#include "wire/enumeration/page.hpp"

#include <spdlog/spdlog.h>
#include <time.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <optional>
#include <span>

namespace vmms::wire::enumeration {

namespace {

// Items asked of a cursor at once: what does not fit into the answer waits in the context.
constexpr std::size_t batch_size = 64;

// The next items of a context: those that an earlier answer left, then one batch of its cursor after another.
class Items {
 public:
  explicit Items(Context& context) : context_(context) {}
  /// What was not taken waits in the context, where fetch() made room for it.
  ~Items() {
    for (cim::Instance& instance : batch_) context_.pending.push_back(std::move(instance));
  }
  Items(const Items&) = delete;
  Items& operator=(const Items&) = delete;

  /// Null when none is ready.
  cim::Instance* front() {
    if (!context_.pending.empty()) return context_.pending.items().data();
    return batch_.empty() ? nullptr : batch_.data();
  }
  void pop() {
    if (!context_.pending.empty())
      context_.pending.drop(1);
    else
      batch_ = batch_.subspan(1);
  }
  /// When none is ready.
  void fetch(const cim::Context& call, std::size_t most, Page& page) {
    most = std::min(most, batch_size);
    context_.pending.reserve(most);
    auto batch = context_.cursor->next(call, most);
    batch_ = batch.items;
    context_.cursor_done = batch.done;
    if (!batch.failures.empty() && !context_.first_failure) context_.first_failure = batch.failures.front();
    std::move(batch.failures.begin(), batch.failures.end(), std::back_inserter(page.failures));
  }

 private:
  Context& context_;
  std::span<cim::Instance> batch_;
};

// Says why it could not be read at all.
std::optional<Error> read_items(Context& context, const cim::Context& call, const PageLimits& limits,
                                const WriteItem& write, Page& page) {
  Items items(context);
  while (page.written < limits.elements) {
    if (limits.enough && page.written > 0 && thread_time() >= *limits.enough) break;
    cim::Instance* item = items.front();
    if (!item) {
      if (context.cursor_done) break;
      if (Contexts::Clock::now() >= call.deadline) {
        if (page.written == 0) return error(Failure::timed_out, "no item could be read in time; pull again");
        break;
      }
      items.fetch(call, limits.elements - page.written, page);
    } else if (write(*item)) {
      ++page.written;
      if (limits.keep) page.sent.push_back(std::move(*item));
      items.pop();
    } else {
      page.does_not_fit = page.written == 0;
      break;
    }
  }
  return std::nullopt;
}

}  // namespace

std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Result<Page> read_page(Context& context, const cim::Context& call, const PageLimits& limits, const WriteItem& write) {
  Page page;
  if (auto failure = read_items(context, call, limits, write, page)) return *std::move(failure);
  if (!page.failures.empty())
    spdlog::warn("wire: enumerating {}: {} could not be asked; the first: {}", context.what, page.failures.size(),
                 page.failures.front().message);
  if (page.written > 0) context.sent_any = true;
  page.ended = context.cursor_done && context.pending.empty();
  if (page.ended && !context.sent_any && context.first_failure) return *context.first_failure;
  return page;
}

PageReader::~PageReader() {
  if (!context_ || over_) return;
  try {
    keep_ ? finish(false) : release();
  } catch (const std::exception& e) {
    spdlog::error("wire: items of an enumeration are lost: {}", e.what());
  }
}

Status PageReader::open(std::unique_ptr<Context> context, Contexts::Lifetime lifetime) {
  auto opened = contexts_.open(std::move(context), lifetime);
  if (!opened) return opened.error();
  context_ = std::move(*opened);
  return {};
}

Status PageReader::take(std::string_view id, std::string_view user) {
  auto taken = contexts_.take(id, user);
  if (!taken) return taken.error();
  context_ = std::move(*taken);
  return {};
}

void PageReader::give_back() {
  if (!given_back_) contexts_.give_back(context_, false);
  given_back_ = true;
}

Result<Page> PageReader::read(const cim::Context& call, std::size_t elements, const WriteItem& write) {
  PageLimits limits{elements, keep_};
  if (!waits_) limits.enough = thread_time() + contexts_.limits().edge_time;
  auto page = read_page(*context_, call, limits, write);
  if (page) sent_ = std::move(page->sent);
  context_->cursor->rest();  // the client may not come again for long
  contexts_.give_back(context_, page ? page->ended : context_->cursor_done && context_->pending.empty());
  given_back_ = true;
  return page;
}

void PageReader::finish(bool delivered) {
  over_ = true;
  give_back();
  contexts_.finish(context_, delivered, std::move(sent_));
}

void PageReader::release() {
  over_ = true;
  give_back();
  contexts_.forget(context_);
}

}  // namespace vmms::wire::enumeration
