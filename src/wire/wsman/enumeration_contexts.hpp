// The enumerations that clients have open: bounded in number and in time, each of one user, one Pull at a time.
#pragma once

#include "cim/object_manager.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/wsman/resource.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vmms::wire::wsman {

enum class EnumerationMode { object, reference, object_and_reference };

struct ContextLimits {
  /// What a thread of the edge computes for one answer; then it is sent with what it has, so that others get their
  /// turn.
  std::chrono::nanoseconds edge_time = std::chrono::milliseconds(2);
  std::size_t total = 1024;
  std::size_t per_user = 64;
  std::chrono::steady_clock::duration idle = std::chrono::minutes(10);  ///< also the longest time a client may ask for
};

/// One open enumeration. Whoever has taken it owns it until it is given back.
struct EnumerationContext {
  std::string id;     ///< "uuid:…"
  std::string owner;  ///< the user who opened it; nobody else may use it
  EnumerationMode mode = EnumerationMode::object;
  UriFamily family = UriFamily::microsoft;
  std::string_view namespace_name;   ///< the schema's constant
  std::string what;                  ///< a class or a query, for the log
  std::vector<std::string> columns;  ///< of a query that names some; empty for whole instances
  cim::wql::Origin origin;           ///< for columns that are system properties
  std::string key;                   ///< the virtual machine it is for, as in Task::key
  std::unique_ptr<cim::Enumeration> cursor;
  std::deque<cim::Instance> pending;  ///< read from the cursor but not sent
  bool cursor_done = false;
  bool sent_any = false;
  std::optional<Error> first_failure;

 private:
  friend class EnumerationContexts;
  std::chrono::steady_clock::time_point last_use;
  std::chrono::steady_clock::time_point expires;
  bool taken = false;
  bool ended = false;  ///< its last item is on the way
};

class EnumerationContexts {
 public:
  using Clock = std::chrono::steady_clock;
  using ContextPtr = std::shared_ptr<EnumerationContext>;

  explicit EnumerationContexts(ContextLimits limits, std::function<Clock::time_point()> now = Clock::now);

  /// Registers a context and takes it. `lifetime` counts from now, whatever is pulled. Faults: busy.
  OrFault<ContextPtr> open(std::unique_ptr<EnumerationContext> context, std::optional<Clock::duration> lifetime);
  /// Faults: invalid_context, concurrency.
  OrFault<ContextPtr> take(std::string_view id, std::string_view user);
  /// `ended`: it has no more items; it stays until finish() knows that the last ones arrived.
  void give_back(const ContextPtr& context, bool ended);
  /// After the answer: forgets a context that has ended; when the answer did not arrive, its items come again.
  void finish(const ContextPtr& context, bool delivered, std::vector<cim::Instance> sent);
  /// Faults: invalid_context.
  OrFault<void> release(std::string_view id, std::string_view user);

  std::size_t size() const;
  const ContextLimits& limits() const { return limits_; }

 private:
  bool expired(const EnumerationContext& context) const;
  OrFault<ContextPtr> find(std::string_view id, std::string_view user) const;

  const ContextLimits limits_;
  const std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, ContextPtr> contexts_;
};

}  // namespace vmms::wire::wsman
