// The user on the other end of a local socket: the kernel knows it, no password is needed.
#pragma once

#include "base/worker_pool.hpp"
#include "wire/http/authenticator.hpp"

#include <memory>

namespace vmms::wire::auth {

/// Lets in every process that the socket's file let connect, under the name of the connecting process's user (`uid
/// 1234` for one without a name); asks `others` about everybody else. Names are looked up in the pool and remembered
/// for a minute.
class Peer final : public http::Authenticator {
 public:
  Peer(http::Authenticator& others, WorkerPool& pool);
  ~Peer() override;

  void authenticate(const http::Request& request, http::ConnectionState& state, http::Verified verified) override;

 private:
  struct Names;
  http::Authenticator& others_;
  WorkerPool& pool_;
  std::shared_ptr<Names> names_;  // shared with tasks of the pool
};

}  // namespace vmms::wire::auth
