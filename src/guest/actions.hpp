// Starts and stops of a guest's services: which callers share one, and in which order they go.
#pragma once

#include "base/result.hpp"
#include "guest/agent/execution.hpp"
#include "guest/agent/flight.hpp"
#include "guest/own_agent/own_agent_session.hpp"
#include "guest/services/service.hpp"
#include "guest/services/service_manager.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace vmms::guest {

/// One start or stop on its way into a guest. Not thread-safe: a Flight serializes its steps.
class RunningAction {
 public:
  virtual ~RunningAction() = default;
  /// The next step; nothing: it has not ended yet, also when the deadline passes.
  virtual std::optional<Result<ServiceOutcome>> advance(Clock::time_point deadline) = 0;
  /// Whether the guest has begun it and is not known to have ended it.
  virtual bool running() const = 0;
};

/// Thread-safe. A second start of a service joins the first while that is under way, whatever their deadlines. A stop
/// waits for a start that has just been sent (and the other way round), so that they take effect in the order in which
/// they came; but only for a short while: a stop is the way to end a start that hangs, and systemd keeps the order of
/// what it has accepted.
class Actions {
 public:
  enum class Kind : std::uint8_t { start, stop };
  /// Starts and stops that may be under way in one guest.
  static constexpr std::size_t most_under_way = 64;
  /// How long an action waits for the one before it, counted from the beginning of that one.
  static constexpr std::chrono::seconds order_time{2};

  /// Makes an action that has not begun yet.
  using Make = std::function<std::unique_ptr<RunningAction>(Kind kind, const std::string& full_name)>;

  /// `changing` is called before an action begins and after it ended: service states read before are void.
  explicit Actions(std::function<void()> changing) : changing_(std::move(changing)) {}

  Result<ServiceOutcome> act(Kind kind, const Make& make, const std::string& full_name, Clock::time_point deadline);

 private:
  struct Action;
  struct Ended;
  class Stay;
  using ActionPtr = std::shared_ptr<Action>;

  Result<ActionPtr> join(Kind kind, const Make& make, const std::string& full_name);
  ActionPtr begin(Kind kind, const Make& make, const std::string& full_name, const ActionPtr& before);
  void leave(const std::string& full_name, const ActionPtr& action);
  void tidy(Clock::time_point deadline);

  std::function<void()> changing_;
  std::mutex mutex_;
  std::map<std::string, ActionPtr> latest_;  ///< of each service, while it is under way
};

/// By a script of the service manager, through guest-exec.
std::unique_ptr<RunningAction> make_script_action(const std::shared_ptr<Transport>& transport,
                                                  const std::shared_ptr<AbandonedProcesses>& abandoned,
                                                  const std::shared_ptr<const ServiceManager>& manager,
                                                  Actions::Kind kind, const std::string& full_name);
/// Through our own agent.
std::unique_ptr<RunningAction> make_own_agent_action(const std::shared_ptr<OwnAgentSession>& session,
                                                     Actions::Kind kind, const std::string& full_name);

}  // namespace vmms::guest
