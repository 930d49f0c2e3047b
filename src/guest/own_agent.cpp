#include "guest/own_agent.hpp"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

namespace vmms::guest {

namespace {

constexpr std::chrono::seconds deployment_time{60};
// One that ended sooner counts as a failed deployment.
constexpr std::chrono::seconds proving_time{30};

}  // namespace

OwnAgent::~OwnAgent() {
  if (session_) session_->end(false, "the virtual machine is gone");
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
    session_.reset();
    if (Clock::now() - session_since_ >= proving_time) {
      pause_ = {};
      not_before_ = {};
    }
  }
  const std::uint64_t connection = transport_->connection();
  if (Clock::now() < not_before_ && connection == tried_connection_) return;
  tried_connection_ = connection;
  pause_ = std::clamp<Clock::duration>(2 * pause_, first_pause, most_pause);
  not_before_ = Clock::now() + pause_;
  try {
    std::thread([self = shared_from_this(), generation = generation_] { self->deploy(generation); }).detach();
    deploying_ = true;
  } catch (const std::system_error& failed) {
    failure_ = std::string("no thread can be started: ") + failed.what();
  }
}

void OwnAgent::deploy(std::uint64_t generation) {
  pthread_setname_np(pthread_self(), "deploy-agent");
  Result<std::shared_ptr<OwnAgentSession>> session = [&]() -> Result<std::shared_ptr<OwnAgentSession>> {
    try {
      return deploy_own_agent(transport_, leftovers_, program_, Clock::now() + deployment_time);
    } catch (const std::exception& exception) {
      return error(Failure::internal, exception.what());
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
    // What this host or virtual machine cannot do stays so for a while.
    if (session.error().kind == Failure::not_supported) not_before_ = Clock::now() + most_pause;
  }
}

void OwnAgent::drop() {
  const std::lock_guard lock(mutex_);
  ++generation_;
  pause_ = {};
  not_before_ = {};
  failure_.clear();
  if (session_) session_->end(true, "it is not wanted any more");
  session_.reset();
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
