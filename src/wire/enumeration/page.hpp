// The items of one answer of an open enumeration.
#pragma once

#include "wire/enumeration/contexts.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace vmms::wire::enumeration {

/// The processor time of the calling thread; unlike the time of day it does not pass while others use the processor.
std::chrono::nanoseconds thread_time();

struct Page {
  std::size_t written = 0;
  std::vector<cim::Instance> sent;  ///< what was written, in case it must be sent again; empty when it need not
  bool ended = false;               ///< nothing follows it
  bool does_not_fit = false;        ///< not even the first item fits: nothing was written
  std::vector<Error> failures;      ///< guests or hosts that could not be asked
};

struct PageLimits {
  std::size_t elements;
  bool keep = true;                                     ///< what is written, for Page::sent
  std::optional<std::chrono::nanoseconds> enough = {};  ///< thread_time() at which a page that has anything ends
};

/// Writes one item, or returns false and writes nothing when it does not fit.
using WriteItem = std::function<bool(const cim::Instance&)>;

/// Reads until the limits, the end, the first item that does not fit, or the call's deadline. Errors: timed_out when
/// nothing was read in time; what could not be asked, when that is all that the whole enumeration has found:
/// unreachable is never the same as empty.
Result<Page> read_page(Context& context, const cim::Context& call, const PageLimits& limits, const WriteItem& write);

/// A context while an answer is made from it: taken from Contexts, given back whatever happens, also when the fate of
/// the answer is not reported.
class PageReader {
 public:
  /// `keep`: what an answer holds that does not reach the client must come again with the next; else the context is
  /// forgotten then.
  PageReader(Contexts& contexts, bool keep) : contexts_(contexts), keep_(keep) {}
  ~PageReader();
  PageReader(const PageReader&) = delete;
  PageReader& operator=(const PageReader&) = delete;

  /// As those of Contexts; exactly one of them first.
  Status open(std::unique_ptr<Context> context, Contexts::Lifetime lifetime);
  Status take(std::string_view id, std::string_view user);
  /// The answer is made in the pool, where it may take its time.
  void may_wait(bool waits) { waits_ = waits; }

  Context& context() const { return *context_; }
  /// When nothing is read: others may take it from now on.
  void give_back();
  /// As read_page. Given back before the answer leaves: the client's next Pull may come before this thread goes on.
  Result<Page> read(const cim::Context& call, std::size_t elements, const WriteItem& write);
  /// After the answer: whether it reached the connection before its deadline.
  void finish(bool delivered);
  /// Forgets the context: a client that has not got its name can never pull from it.
  void release();

 private:
  Contexts& contexts_;
  ContextPtr context_;
  bool waits_ = false;
  const bool keep_;
  std::vector<cim::Instance> sent_;
  bool given_back_ = false;
  bool over_ = false;  ///< finish() or release() was called
};

}  // namespace vmms::wire::enumeration
