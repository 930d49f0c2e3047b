// The enumerations that clients have open: bounded in number and in time, each owned by one user, one Pull at a time.
#pragma once

#include "base/ledger.hpp"
#include "cim/enumeration.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vmms::wire::enumeration {

struct ContextLimits {
  /// How long an I/O thread computes for one answer; then the answer is sent with what it has, so that others get their
  /// turn.
  std::chrono::nanoseconds edge_time = std::chrono::milliseconds(2);
  std::chrono::steady_clock::duration idle = std::chrono::minutes(10);  ///< also the longest time a client may ask for
};

class Contexts;

/// One open enumeration; protocols derive from it what else they keep. The caller that has taken it owns it until it is
/// given back.
struct Context {
  virtual ~Context() = default;

  std::string id;      ///< "uuid:…"
  std::string owner;   ///< Principal::id() of the user who opened it; no other may use it
  AccountPtr account;  ///< who pays for it
  std::string what;    ///< a class or a query, for the log
  std::string key;     ///< the virtual machine it is for, so that the pool can be fair between them
  std::unique_ptr<cim::Enumeration> cursor;
  cim::InstanceBuffer pending;  ///< read from the cursor but not sent
  bool cursor_done = false;
  bool sent_any = false;
  std::optional<Error> first_failure;

 private:
  friend class Contexts;
  const Contexts* home = nullptr;
  Charge charge;
  std::chrono::steady_clock::time_point last_use;
  std::chrono::steady_clock::time_point expires;
  std::chrono::steady_clock::duration idle{};
  bool taken = false;
  bool ended = false;  ///< its last item is on the way
};
using ContextPtr = std::shared_ptr<Context>;

/// Holds the open enumerations: one store for all protocols, since users have so many in all.
struct ContextStore {
  std::mutex mutex;
  std::unordered_map<std::string, ContextPtr> contexts;  ///< by id
};

/// Those of one protocol. In a shared store those of other protocols make room for its own, but only their protocols
/// can use them.
class Contexts {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Contexts(ContextLimits limits, std::function<Clock::time_point()> now = Clock::now,
                    std::shared_ptr<ContextStore> store = nullptr);
  Contexts(const Contexts&) = delete;
  Contexts& operator=(const Contexts&) = delete;
  ~Contexts();

  /// How long a context lives. Without either it lives while it is used within ContextLimits::idle.
  struct Lifetime {
    std::optional<Clock::duration> total = {};  ///< from now on, whatever is pulled
    std::optional<Clock::duration> idle = {};   ///< between two uses; at most ContextLimits::idle
  };
  /// Registers a context and takes it. Where its owner has as many as allowed (Ledger::Item::context), the owner's
  /// context that was unused for the longest time makes room. Errors: busy (all are being read, or others have too
  /// many).
  Result<ContextPtr> open(std::unique_ptr<Context> context, Lifetime lifetime);
  /// Errors: not_found, invalid_state (another Pull has it).
  Result<ContextPtr> take(std::string_view id, std::string_view user);
  /// `ended`: it has no more items; it stays until finish() knows that the last ones arrived.
  void give_back(const ContextPtr& context, bool ended);
  /// After the answer: forgets a context that has ended; when the answer did not arrive, its items come again.
  void finish(const ContextPtr& context, bool delivered, std::vector<cim::Instance> sent);
  /// Errors: not_found.
  Status release(std::string_view id, std::string_view user);
  /// The same for a context that the caller has; does nothing when it is gone already.
  void forget(const ContextPtr& context) noexcept;
  /// Gives it a new total lifetime from now on. Errors: not_found.
  Status renew(std::string_view id, std::string_view user, std::optional<Clock::duration> lifetime);
  /// What is left of its total lifetime; nullopt when it has none. Errors: not_found.
  Result<std::optional<Clock::duration>> remaining(std::string_view id, std::string_view user) const;

  std::size_t size() const;  ///< of all in the store
  const ContextLimits& limits() const { return limits_; }

 private:
  bool expired(const Context& context) const;
  bool make_room(const std::string& owner);
  Result<ContextPtr> find(std::string_view id, std::string_view user) const;

  const ContextLimits limits_;
  const std::function<Clock::time_point()> now_;
  const std::shared_ptr<ContextStore> store_;
};

}  // namespace vmms::wire::enumeration
