// One way to sign in over HTTP (RFC 9110 section 11).
#pragma once

#include "wire/auth/guard.hpp"
#include "wire/http/authenticator.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace vmms::wire::auth {

/// The result of one Authorization field: a verdict at once, or a claim that has to be verified.
using Step = std::variant<http::Verdict, Claim>;

class Scheme {
 public:
  virtual ~Scheme() = default;
  virtual std::string_view name() const = 0;       ///< "Basic"; compared without case
  virtual std::string_view challenge() const = 0;  ///< of WWW-Authenticate, for requests without credentials
  /// One step of a conversation, which belongs to the connection (`state.mechanism`) and needs the header alone. Called
  /// on the connection's thread; must not wait.
  virtual Step step(std::string_view authorization, http::ConnectionState& state) = 0;
};

}  // namespace vmms::wire::auth
