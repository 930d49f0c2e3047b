// HTTP's Basic authentication (RFC 7617) against the users file.
#pragma once

#include <chrono>
#include <memory>

#include "base/worker_pool.hpp"
#include "cim/audit.hpp"
#include "wire/auth/password_file.hpp"
#include "wire/http/authenticator.hpp"

namespace vmms::wire::auth {

/// Hashes are verified in the pool. What was verified is remembered for a while, under a keyed hash of the header,
/// until the users file changes; on the same connection the header need only be the same again. Whoever has no
/// credentials, or others than Basic, gets 401 and may go on on the connection; failures are counted, logged and held
/// back. Any thread.
class Basic final : public http::Authenticator {
 public:
  struct Options {
    std::chrono::milliseconds remember = std::chrono::seconds(60);
    /// Hashes at once, each of 16 MiB.
    unsigned verifications = 2;
    /// Credentials of one peer address that may wait to be verified; further ones are answered 503.
    std::size_t waiting_per_address = 16;
    /// Is told of refusals; may be null.
    cim::Auditor* auditor = nullptr;
  };

  Basic(std::shared_ptr<PasswordFile> file, WorkerPool& pool);
  Basic(std::shared_ptr<PasswordFile> file, WorkerPool& pool, Options options);
  ~Basic() override;

  void authenticate(const http::Request& request, http::ConnectionState& state, http::Verified verified) override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with tasks of the pool
  WorkerPool& pool_;
};

}  // namespace vmms::wire::auth
