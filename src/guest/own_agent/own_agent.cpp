#include "guest/own_agent/own_agent.hpp"

#include "base/caught_error.hpp"
#include "base/thread.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace vmms::guest {

namespace {

constexpr std::chrono::seconds deployment_time{60};
// One that ended sooner counts as a failed deployment.
constexpr std::chrono::seconds proving_time{30};

}  // namespace

OwnAgent::~OwnAgent() {
  if (session_) session_->abandon();
}

std::shared_ptr<OwnAgentSession> OwnAgent::session() const {
  const std::lock_guard lock(mutex_);
  return session_ && session_->alive() ? session_ : nullptr;
}

void OwnAgent::want() {
  if (program_.bytes.empty()) return;
  const std::lock_guard lock(mutex_);
  if (deploying_ || (session_ && session_->alive())) return;
  if (session_) {
    failure_ = session_->end_reason();
    if (session_->told_too_much()) shunned_until_ = Clock::now() + most_pause;
    session_.reset();
    if (Clock::now() - session_since_ >= proving_time) {
      pause_ = {};
      not_before_ = {};
    }
  }
  if (Clock::now() < shunned_until_) return;
  const std::uint64_t connection = transport_->connection();
  if (Clock::now() < not_before_ && connection == tried_connection_) return;
  tried_connection_ = connection;
  pause_ = std::clamp<Clock::duration>(2 * pause_, first_pause, most_pause);
  not_before_ = Clock::now() + pause_;
  const Status started =
      start_thread("deploy-agent", [self = shared_from_this(), generation = generation_] { self->deploy(generation); },
                   {.use = ThreadUse::conversation});
  if (started)
    deploying_ = true;
  else
    failure_ = "no thread can be started for it: " + started.error().message;
}

void OwnAgent::deploy(std::uint64_t generation) {
  Result<std::shared_ptr<OwnAgentSession>> session = [&]() -> Result<std::shared_ptr<OwnAgentSession>> {
    try {
      return deploy_own_agent(transport_, abandoned_, program_, account_, Clock::now() + deployment_time);
    } catch (const std::exception&) {
      return caught_error();
    }
  }();
  const std::lock_guard lock(mutex_);
  deploying_ = false;
  if (generation != generation_) {
    if (session) (*session)->end(true, "it is not wanted any more");
  } else if (session) {
    session_ = *session;
    session_since_ = Clock::now();
    failure_.clear();
  } else {
    failure_ = session.error().message;
    // What this host or virtual machine cannot do now it cannot do for a while.
    if (session.error().kind == Failure::not_supported) not_before_ = Clock::now() + most_pause;
  }
}

void OwnAgent::drop() {
  std::shared_ptr<OwnAgentSession> session;
  {
    const std::lock_guard lock(mutex_);
    ++generation_;
    pause_ = {};
    not_before_ = {};
    failure_.clear();
    session = std::move(session_);
  }
  if (session) session->end(true, "it is not wanted any more");  // it may wait
}

std::string OwnAgent::description() const {
  if (program_.bytes.empty()) return "our own agent is not used (agent = \"never\")";
  const std::lock_guard lock(mutex_);
  if (session_ && session_->alive()) return "our own agent for services";
  if (deploying_) return "our own agent is on its way";
  const std::string why = session_ ? session_->end_reason() : failure_;
  if (!why.empty()) return "without our own agent: " + why;
  return "our own agent comes with the first call of a service";
}

}  // namespace vmms::guest
