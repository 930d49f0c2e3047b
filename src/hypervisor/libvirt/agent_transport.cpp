#include "hypervisor/libvirt/agent_transport.hpp"

#include "base/caught_error.hpp"
#include "base/thread.hpp"
#include "hypervisor/libvirt/record.hpp"
#include "hypervisor/power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace vmms::hypervisor::libvirt {

bool AgentTransport::connected() const {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
  }
  const auto vm = hypervisor_.record();
  return vm && vm->agent_connected;
}

Status AgentTransport::available() const {
  const auto vm = hypervisor_.record();
  if (!vm) return error(Failure::invalid_state, fmt::format("VM {} no longer exists", id_));
  if (vm->power == PowerState::paused) {
    return error(Failure::unreachable,
                 fmt::format("{} is paused: its guest cannot answer until it is resumed", describe(*vm)));
  }
  if (vm->power != PowerState::running) {
    return error(Failure::invalid_state, fmt::format("{} is {}, not running", describe(*vm), power_name(vm->power)));
  }
  if (!vm->agent_channel) {
    return error(Failure::unreachable,
                 fmt::format("{} has no channel for a guest agent: add <channel type='unix'><target type='virtio' "
                             "name='org.qemu.guest_agent.0'/></channel> to its devices, then stop and start it",
                             describe(*vm)));
  }
  if (!vm->agent_connected) {
    return error(Failure::unreachable,
                 fmt::format("no agent is connected in {}: the guest is still booting, or qemu-guest-agent is not "
                             "installed or does not run in it",
                             describe(*vm)));
  }
  return {};
}

Result<std::string> AgentTransport::command(std::string_view json, Clock::time_point deadline) {
  if (auto ready = available(); !ready) return ready.error();
  if (json.size() > longest_command) {
    return error(Failure::failed, fmt::format("a command of {} bytes is too long for the agent of VM {}: at most {}",
                                              json.size(), id_, longest_command));
  }
  const auto request = std::make_shared<Request>();
  request->json = json;
  request->deadline = deadline;
  if (auto queued = enqueue(request); !queued) return queued.error();

  std::unique_lock lock(mutex_);
  request->answered.wait_until(lock, deadline, [&] { return request->answer || closed_; });
  if (request->answer) return *std::move(request->answer);
  std::erase(queue_, request);
  if (closed_) return *closed_;
  const bool hung_itself = sent_ == request;
  const auto since = sent_ ? Clock::now() - sent_at_ : Clock::duration::zero();
  lock.unlock();

  const auto vm = hypervisor_.record();
  const std::string name = vm ? describe(*vm) : "VM " + id_;
  const double seconds = std::chrono::duration<double>(since).count();
  return error(Failure::unreachable,
               fmt::format("the agent of {} has not answered for {:.1f} s{}: the guest hangs or is overloaded, or "
                           "another tool (virsh, virt-manager, a backup) holds the domain",
                           name, seconds, hung_itself ? "" : ", and this command waited behind another"));
}

Result<std::unique_ptr<guest::Port>> AgentTransport::open_port(std::string_view purpose, Clock::time_point deadline) {
  if (!hypervisor_.open_port) return Transport::open_port(purpose, deadline);
  if (auto ready = available(); !ready) return ready.error();
  return hypervisor_.open_port(purpose, deadline);
}

Status AgentTransport::enqueue(const RequestPtr& request) {
  const std::lock_guard lock(mutex_);
  if (closed_) return *closed_;
  if (queue_.size() >= most_waiting) {
    return error(Failure::busy,
                 fmt::format("{} commands wait for the agent of VM {} already; try again later", most_waiting, id_));
  }
  // First the thread, which waits for our lock and then for the request: nothing is queued that no thread will send.
  if (!working_) {
    const Status started = start_thread("guest-agent", [self = shared_from_this()] { self->work(); });
    if (!started)
      return error(Failure::busy,
                   fmt::format("no thread can be started for the agent of VM {}: {}", id_, started.error().message));
    working_ = true;
  }
  queue_.push_back(request);
  queued_.notify_one();
  return {};
}

Result<std::string> AgentTransport::send(const Request& request) {
  try {
    auto answer = hypervisor_.call(request.json, request.deadline);
    if (answer && answer->size() > longest_answer)
      return error(Failure::failed, fmt::format("the agent of VM {} answered with {} bytes, more than the {} taken",
                                                id_, answer->size(), longest_answer));
    return answer;
  } catch (const std::exception&) {
    return caught_error();
  }
}

void AgentTransport::work() {
  std::unique_lock lock(mutex_);
  while (queued_.wait_for(lock, hypervisor_.idle, [&] { return closed_ || !queue_.empty(); }) && !closed_) {
    const RequestPtr request = std::move(queue_.front());
    queue_.pop_front();
    sent_ = request;
    sent_at_ = Clock::now();
    lock.unlock();
    auto answer = send(*request);
    lock.lock();
    sent_.reset();
    request->answer = std::move(answer);
    request->answered.notify_all();
  }
  working_ = false;
}

void AgentTransport::close(Error reason) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = std::move(reason);
  if (sent_) sent_->answered.notify_all();
  for (const RequestPtr& request : queue_) request->answered.notify_all();
  queue_.clear();
  queued_.notify_all();
}

}  // namespace vmms::hypervisor::libvirt
