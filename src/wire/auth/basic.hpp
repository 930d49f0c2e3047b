// HTTP's Basic authentication (RFC 7617) against the users file.
#pragma once

#include "wire/auth/password_file.hpp"
#include "wire/auth/scheme.hpp"

#include <chrono>
#include <memory>

namespace vmms::wire::auth {

/// What was verified is remembered for a while, under a keyed hash of the header, until the users file changes; on the
/// same connection it is enough that the header is the same again. Any thread.
class Basic final : public Scheme {
 public:
  struct Options {
    std::chrono::milliseconds remember = std::chrono::seconds(60);
  };

  explicit Basic(std::shared_ptr<PasswordFile> file) : Basic(std::move(file), Options{}) {}
  Basic(std::shared_ptr<PasswordFile> file, Options options);

  std::string_view name() const override { return "Basic"; }
  std::string_view challenge() const override { return "Basic realm=\"vmms\""; }
  Step step(std::string_view authorization, http::ConnectionState& state) override;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with claims
};

}  // namespace vmms::wire::auth
