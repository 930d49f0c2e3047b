#include "wire/auth/authenticator.hpp"

#include "base/log_limiter.hpp"
#include "base/text.hpp"
#include "wire/auth/refused_sign_in.hpp"

#include <fmt/core.h>

#include <string>
#include <utility>

namespace vmms::wire::auth {

namespace {

http::Response plain(unsigned status, std::string_view text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::string(text) + "\n"};
}

std::shared_ptr<const http::Response> challenge_of(const std::vector<std::shared_ptr<Scheme>>& schemes) {
  std::string names;
  for (const auto& scheme : schemes) names += (names.empty() ? "" : ", ") + std::string(scheme->name());
  auto challenge =
      std::make_shared<http::Response>(plain(401, fmt::format("Log in with a user name and password ({}).", names)));
  for (const auto& scheme : schemes)
    challenge->headers.push_back({"WWW-Authenticate", std::string(scheme->challenge())});
  return challenge;
}

/// A claim to be a user.
struct Claimant {
  std::string user;
  std::string mechanism;
  std::string peer;
  std::string address;
};

/// One text for every reason: it must not show who exists.
http::Verdict judge(const Result<cim::PrincipalPtr>& outcome, const Claimant& claimant, const http::Response& challenge,
                    cim::Auditor* auditor) {
  if (outcome) return {.principal = *outcome};
  if (outcome.error().kind == Failure::access_denied) {
    tell_refused(auditor,
                 {claimant.user, claimant.mechanism, claimant.peer, claimant.address, outcome.error().message});
    http::Response refusal = challenge;
    refusal.body = "Wrong user name or password.\n";
    return {.refusal = std::move(refusal)};
  }
  log_stranger(claimant.address, spdlog::level::warn, "a user from {} cannot be let in, through no fault of theirs: {}",
               claimant.peer, outcome.error().message);
  http::Response later = plain(503, "You cannot be let in now; try again in a few seconds. The log of vmmsd says why.");
  later.headers.push_back({"Retry-After", "2"});
  return {.refusal = std::move(later)};
}

}  // namespace

Authenticator::Authenticator(std::vector<std::shared_ptr<Scheme>> schemes, cim::Auditor* auditor,
                             Guard::Options options)
    : schemes_(std::move(schemes)), challenge_(challenge_of(schemes_)), auditor_(auditor), guard_(options) {}

void Authenticator::authenticate(const http::Request& request, http::ConnectionState& state, http::Verified verified) {
  const std::string_view authorization = request.header("Authorization");
  const std::string_view name = authorization.substr(0, authorization.find(' '));
  for (const auto& scheme : schemes_) {
    if (!equals_no_case(scheme->name(), name)) continue;
    Step step = scheme->step(authorization, state);
    if (auto* verdict = std::get_if<http::Verdict>(&step)) return verified(std::move(*verdict));
    auto& claim = std::get<Claim>(step);
    Claimant claimant{claim.user, to_lower(scheme->name()), request.peer, state.address};
    return guard_.submit(
        state, std::move(claim),
        [claimant = std::move(claimant), auditor = auditor_, verified = std::move(verified), challenge = challenge_](
            const Result<cim::PrincipalPtr>& outcome) { verified(judge(outcome, claimant, *challenge, auditor)); });
  }
  verified({.refusal = *challenge_});
}

}  // namespace vmms::wire::auth
