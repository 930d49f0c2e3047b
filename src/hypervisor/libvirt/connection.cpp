#include "hypervisor/libvirt/connection.hpp"

#include "base/caught_error.hpp"
#include "hypervisor/libvirt/embedded_root.hpp"
#include "hypervisor/libvirt/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace vmms::hypervisor::libvirt {

namespace {

constexpr int keep_alive_seconds = 5;
constexpr unsigned keep_alive_count = 2;

Error open_error(const std::string& uri, const std::string& explanation) {
  const LastError last = last_error();
  Error result = error_of(last, fmt::format("libvirt cannot connect to {}", uri));
  // Whatever it was, the host cannot be asked: the kinds of domain errors do not apply.
  result.kind = last.code == VIR_ERR_INVALID_ARG ? Failure::invalid_argument : Failure::unreachable;
  if (!explanation.empty()) result.message += ". " + explanation;
  return result;
}

}  // namespace

Result<ConnectionHandle> open_connection(const std::string& uri) {
  if (auto ready = initialise_library(); !ready) return ready.error();
  const auto root = embedded_root(uri);
  if (!root) return root.error();
  if (*root) {
    if (auto prepared = prepare_embedded_root(**root); !prepared) return prepared.error();
  }
  auto connection = own(virConnectOpen(uri.c_str()));
  if (!connection) return open_error(uri, *root ? explain_open_failure(**root, last_error()) : std::string());
  if (!in_process(uri)) virConnectSetKeepAlive(connection.get(), keep_alive_seconds, keep_alive_count);
  return connection;
}

std::shared_ptr<ConnectionPool::Pooled> ConnectionPool::free_connection() {
  std::erase_if(connections_, [](const auto& pooled) { return virConnectIsAlive(pooled->connection.get()) != 1; });
  const auto least = std::min_element(connections_.begin(), connections_.end(),
                                      [](const auto& left, const auto& right) { return left->calls < right->calls; });
  return least != connections_.end() && (*least)->calls < calls_each ? *least : nullptr;
}

Result<ConnectionPool::Lease> ConnectionPool::acquire(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  while (true) {
    if (auto pooled = free_connection()) {
      ++pooled->calls;
      return Lease(shared_from_this(), std::move(pooled));
    }
    if (connections_.size() + opening_ < most_) {
      ++opening_;
      lock.unlock();
      Result<ConnectionHandle> opened = [this]() -> Result<ConnectionHandle> {
        try {
          return open_();
        } catch (const std::exception&) {
          return caught_error();
        }
      }();
      lock.lock();
      --opening_;
      freed_.notify_all();
      if (!opened) return opened.error();
      connections_.push_back(std::make_shared<Pooled>(Pooled{*std::move(opened), 0}));
    } else if (freed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      return error(Failure::busy, fmt::format("{} calls to libvirt wait for an answer already: some guests or the "
                                              "hypervisor hang; try again later",
                                              most_ * calls_each));
    }
  }
}

void ConnectionPool::release(const std::shared_ptr<Pooled>& pooled) {
  {
    const std::lock_guard lock(mutex_);
    --pooled->calls;
  }
  freed_.notify_one();
}

}  // namespace vmms::hypervisor::libvirt
