// Finds out who the client is: the process on the other end of a local socket, or the user that a scheme finds.
#pragma once

#include "cim/audit.hpp"
#include "wire/auth/guard.hpp"
#include "wire/auth/scheme.hpp"
#include "wire/http/authenticator.hpp"

#include <memory>
#include <vector>

namespace vmms::wire::auth {

/// Picks the scheme by the Authorization field, puts the challenges of all together for requests without one or with
/// another, and has every claim verified under one guard against guessing. Any thread.
class Authenticator final : public http::Authenticator {
 public:
  /// `auditor` records refusals, and may be null.
  explicit Authenticator(std::vector<std::shared_ptr<Scheme>> schemes, cim::Auditor* auditor = nullptr)
      : Authenticator(std::move(schemes), auditor, {}) {}
  Authenticator(std::vector<std::shared_ptr<Scheme>> schemes, cim::Auditor* auditor, Guard::Options options);

  void authenticate(const http::Request& request, http::ConnectionState& state, http::Verified verified) override;

 private:
  const std::vector<std::shared_ptr<Scheme>> schemes_;
  const std::shared_ptr<const http::Response> challenge_;
  cim::Auditor* const auditor_;
  Guard guard_;
};

}  // namespace vmms::wire::auth
