#include "guest/actions.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace vmms::guest {

namespace {

constexpr std::chrono::seconds tidy_interval{5};

class ScriptAction : public RunningAction {
 public:
  ScriptAction(std::shared_ptr<Transport> transport, std::shared_ptr<AbandonedProcesses> abandoned,
               std::shared_ptr<const ServiceManager> manager, Actions::Kind kind, const std::string& full_name)
      : manager_(std::move(manager)),
        full_name_(full_name),
        execution_(
            std::move(transport), std::move(abandoned),
            kind == Actions::Kind::start ? manager_->start_script(full_name) : manager_->stop_script(full_name)) {}

  std::optional<Result<ServiceOutcome>> advance(Clock::time_point deadline) override {
    const std::optional<Result<Output>> output = execution_.advance(deadline);
    if (!output) return std::nullopt;
    if (!*output) return Result<ServiceOutcome>(output->error());
    return manager_->read_outcome(full_name_, **output);
  }
  bool running() const override { return execution_.running(); }

 private:
  const std::shared_ptr<const ServiceManager> manager_;
  const std::string full_name_;
  Execution execution_;
};

class OwnAgentAction : public RunningAction {
 public:
  OwnAgentAction(std::shared_ptr<OwnAgentSession> session, Actions::Kind kind, const std::string& full_name)
      : session_(std::move(session)), kind_(kind), full_name_(full_name) {}

  std::optional<Result<ServiceOutcome>> advance(Clock::time_point deadline) override {
    if (!act_) {
      Result<OwnAgentSession::Act> act =
          kind_ == Actions::Kind::start ? session_->start(full_name_) : session_->stop(full_name_);
      if (!act) return Result<ServiceOutcome>(act.error());
      act_ = std::move(*act);
    }
    return act_->advance(deadline);
  }
  bool running() const override { return act_.has_value(); }

 private:
  const std::shared_ptr<OwnAgentSession> session_;
  const Actions::Kind kind_;
  const std::string full_name_;
  std::optional<OwnAgentSession::Act> act_;
};

}  // namespace

struct Actions::Ended {
  ServiceOutcome outcome;
  bool overtaken = false;  ///< it ended unobserved, so it says nothing about the present state
};

struct Actions::Action {
  Kind kind = Kind::start;
  Clock::time_point begun = Clock::now();
  std::unique_ptr<RunningAction> run;
  std::unique_ptr<Flight<Ended>> flight;
  unsigned waiters = 0;             ///< guarded by Actions::mutex_
  Clock::time_point tidied{};       ///< guarded by Actions::mutex_
  std::atomic<bool> rested{false};  ///< all callers left, and it has not been seen to go on since
};

/// A caller that waits for an action.
class Actions::Stay {
 public:
  Stay(Actions& actions, const std::string& full_name, const ActionPtr& action)
      : actions_(actions), full_name_(full_name), action_(action) {}
  ~Stay() { actions_.leave(full_name_, action_); }
  Stay(const Stay&) = delete;
  Stay& operator=(const Stay&) = delete;

 private:
  Actions& actions_;
  const std::string& full_name_;
  const ActionPtr& action_;
};

Result<ServiceOutcome> Actions::act(Kind kind, const Make& make, const std::string& full_name,
                                    Clock::time_point deadline) {
  tidy(deadline);
  while (true) {
    const Result<ActionPtr> action = join(kind, make, full_name);
    if (!action) return action.error();
    const std::optional<Result<Ended>> ended = [&] {
      const Stay stay(*this, full_name, *action);
      return (*action)->flight->wait(deadline);
    }();
    if (!ended)
      return error(Failure::timed_out,
                   "the deadline passed while \"" + full_name + "\" was " +
                       (kind == Kind::start ? "starting" : "stopping") +
                       "; the guest goes on with it, and the service's state shows when it is done");
    if (!*ended) return ended->error();
    if (!(*ended)->overtaken) return (*ended)->outcome;
  }
}

Result<Actions::ActionPtr> Actions::join(Kind kind, const Make& make, const std::string& full_name) {
  const std::lock_guard lock(mutex_);
  const auto found = latest_.find(full_name);
  const ActionPtr before = found == latest_.end() || found->second->flight->done() ? nullptr : found->second;
  if (before && before->kind == kind) {
    ++before->waiters;
    return before;
  }
  if (!before && latest_.size() >= most_under_way)
    return error(Failure::busy, std::to_string(most_under_way) +
                                    " services of this guest are being started or stopped already; try again later");
  ActionPtr action = begin(kind, make, full_name, before);
  ++action->waiters;
  latest_[full_name] = action;
  return action;
}

Actions::ActionPtr Actions::begin(Kind kind, const Make& make, const std::string& full_name, const ActionPtr& before) {
  auto action = std::make_shared<Action>();
  action->kind = kind;
  action->run = make(kind, full_name);
  action->flight =
      std::make_unique<Flight<Ended>>([this, waits_for = before, begun = false, me = action.get()](
                                          Clock::time_point deadline) mutable -> std::optional<Result<Ended>> {
        if (waits_for) {
          const Clock::time_point limit = waits_for->begun + order_time;
          waits_for->flight->wait(std::min(limit, deadline));
          if (Clock::now() >= deadline) return std::nullopt;
          waits_for.reset();
        }
        if (!std::exchange(begun, true)) changing_();
        std::optional<Result<ServiceOutcome>> outcome = me->run->advance(deadline);
        if (!outcome) {
          if (Clock::now() < deadline) me->rested = false;
          return std::nullopt;
        }
        changing_();
        Ended ended;
        ended.overtaken = me->rested;
        if (ended.overtaken) return Result<Ended>(std::move(ended));
        if (!*outcome) return Result<Ended>(outcome->error());
        ended.outcome = std::move(**outcome);
        return Result<Ended>(std::move(ended));
      });
  return action;
}

void Actions::leave(const std::string& full_name, const ActionPtr& action) {
  const std::lock_guard lock(mutex_);
  --action->waiters;
  // What was not sent, or perhaps not, must not be sent later, when no caller wants it any more.
  const bool over = action->flight->done() || (action->waiters == 0 && !action->run->running());
  if (over) {
    const auto found = latest_.find(full_name);
    if (found != latest_.end() && found->second == action) latest_.erase(found);
  } else if (action->waiters == 0) {
    action->rested = true;
    action->tidied = Clock::now();
  }
}

// An action without waiting callers is checked now and then, so that its end is noticed and the agent can forget it.
void Actions::tidy(Clock::time_point deadline) {
  std::string name;
  ActionPtr action;
  {
    const std::lock_guard lock(mutex_);
    const auto due = std::find_if(latest_.begin(), latest_.end(), [now = Clock::now()](const auto& entry) {
      return entry.second->waiters == 0 && now - entry.second->tidied >= tidy_interval;
    });
    if (due == latest_.end()) return;
    std::tie(name, action) = *due;
    action->tidied = Clock::now();
    ++action->waiters;
  }
  const Stay stay(*this, name, action);
  action->flight->poke(deadline);
}

std::unique_ptr<RunningAction> make_script_action(const std::shared_ptr<Transport>& transport,
                                                  const std::shared_ptr<AbandonedProcesses>& abandoned,
                                                  const std::shared_ptr<const ServiceManager>& manager,
                                                  Actions::Kind kind, const std::string& full_name) {
  return std::make_unique<ScriptAction>(transport, abandoned, manager, kind, full_name);
}

std::unique_ptr<RunningAction> make_own_agent_action(const std::shared_ptr<OwnAgentSession>& session,
                                                     Actions::Kind kind, const std::string& full_name) {
  return std::make_unique<OwnAgentAction>(session, kind, full_name);
}

}  // namespace vmms::guest
