// Connections to one libvirt URI.
#pragma once

#include "base/result.hpp"
#include "base/waiting.hpp"
#include "guest/transport/transport.hpp"
#include "hypervisor/libvirt/library.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vmms::hypervisor::libvirt {

using guest::Clock;

/// Opens a connection; waits for the other side. A lost daemon is noticed within about 15 s (keep-alive).
/// Errors: unreachable, or failed with what to do about it; invalid_argument for a URI that cannot work.
Result<ConnectionHandle> open_connection(const std::string& uri);

/// Connections for calls that may hang. libvirtd reads at most five calls of a client at a time (max_client_requests):
/// with five hung guests it would read nothing more of that client, not even signs of life; and its twenty workers
/// serve all clients. So calls that may hang never go over the connection that carries the events, at most four share
/// one, and their number is bounded. A driver inside our process has no such limits and needs no pool.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
 public:
  using Open = std::function<Result<ConnectionHandle>()>;
  static constexpr std::size_t calls_each = 4;

  ConnectionPool(Open open, std::size_t most_connections) : open_(std::move(open)), most_(most_connections) {}

  class Lease;
  /// A connection for one call; waits for a free one until `deadline` (and while one is opened). Errors: busy, those
  /// of `open`.
  Result<Lease> acquire(Clock::time_point deadline);

 private:
  struct Pooled {
    ConnectionHandle connection;
    std::size_t calls = 0;
  };

  std::shared_ptr<Pooled> free_connection();
  void release(const std::shared_ptr<Pooled>& pooled);

  Open open_;
  std::size_t most_;
  std::mutex mutex_;
  Condition freed_;
  std::vector<std::shared_ptr<Pooled>> connections_;
  std::size_t opening_ = 0;
};

/// One call's hold on a pooled connection, given back at the end of its life; or a plain connection.
class ConnectionPool::Lease {
 public:
  explicit Lease(ConnectionHandle connection) : connection_(std::move(connection)) {}
  Lease(std::shared_ptr<ConnectionPool> pool, std::shared_ptr<Pooled> pooled)
      : connection_(pooled->connection), pool_(std::move(pool)), pooled_(std::move(pooled)) {}
  Lease(Lease&& other) noexcept = default;
  Lease& operator=(Lease&& other) = delete;
  ~Lease() {
    if (pool_) pool_->release(pooled_);
  }

  virConnectPtr get() const { return connection_.get(); }

 private:
  ConnectionHandle connection_;
  std::shared_ptr<ConnectionPool> pool_;
  std::shared_ptr<Pooled> pooled_;
};

}  // namespace vmms::hypervisor::libvirt
