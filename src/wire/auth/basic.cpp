#include "wire/auth/basic.hpp"

#include <fmt/core.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "wire/auth/credentials.hpp"
#include "wire/auth/failure_limiter.hpp"
#include "wire/auth/password_hash.hpp"
#include "wire/auth/refused_sign_in.hpp"

namespace vmms::wire::auth {
namespace {

using Clock = std::chrono::steady_clock;
using Digest = std::array<unsigned char, 32>;

constexpr std::size_t most_remembered = 4096;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const {
    std::size_t value;
    std::memcpy(&value, digest.data(), sizeof value);
    return value;
  }
};

http::Verdict somebody(std::string user, const std::string& address) {
  return {.principal = std::make_shared<const cim::Principal>(cim::Principal{
              .realm = cim::users_realm, .name = std::move(user), .mechanism = "basic", .address = address})};
}

http::Verdict nobody(std::string_view why, std::chrono::milliseconds delay = {}) {
  return {.refusal = http::Response{.status = 401,
                                    .content_type = "text/plain; charset=utf-8",
                                    .body = std::string(why),
                                    .headers = {{"WWW-Authenticate", "Basic realm=\"vmms\""}}},
          .delay = delay};
}

http::Verdict busy() {
  return {.refusal = http::Response{.status = 503,
                                    .content_type = "text/plain; charset=utf-8",
                                    .body = "Too many logins at once; try again in a second.\n",
                                    .headers = {{"Retry-After", "1"}}}};
}

/// What one connection has proved.
struct Proof final : http::MechanismState {
  std::string authorization;
  cim::PrincipalPtr principal;
  std::uint64_t generation = 0;
  Clock::time_point until;
};

}  // namespace

struct Basic::State {
  struct Remembered {
    std::string user;
    std::uint64_t generation;
    Clock::time_point until;
  };

  struct Waiter {
    std::string peer;
    std::string address;
    http::Verified verified;
  };

  /// Credentials to be verified, once for all requests that bring them meanwhile.
  struct Attempt {
    Digest digest;
    Credentials credentials;
    std::shared_ptr<const Users> users;
    std::vector<Waiter> waiters;

    Attempt() = default;
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;
    ~Attempt() { OPENSSL_cleanse(credentials.password.data(), credentials.password.size()); }
  };

  State(std::shared_ptr<PasswordFile> f, Options o) : file(std::move(f)), options(o) {
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
      throw std::runtime_error("OpenSSL has no random bytes for the authentication cache");
    }
  }

  Digest digest_of(std::string_view authorization) const {
    Digest digest{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
         reinterpret_cast<const unsigned char*>(authorization.data()), authorization.size(), digest.data(), nullptr);
    return digest;
  }

  std::shared_ptr<Attempt> next();
  void verify_all();
  void verify(Attempt& attempt);
  void succeeded(Attempt& attempt);
  void failed(Attempt& attempt, std::string_view why);
  std::chrono::milliseconds malformed(const std::string& peer, const std::string& address);
  void refuse(Attempt& attempt);
  void give_up();

  const std::shared_ptr<PasswordFile> file;
  const Options options;
  Digest key{};

  std::mutex mutex;
  std::unordered_map<Digest, Remembered, DigestHash> remembered;
  std::unordered_map<Digest, std::shared_ptr<Attempt>, DigestHash> attempts;  // waiting or being verified
  std::map<std::string, std::deque<std::shared_ptr<Attempt>>> waiting;        // by address, taken in turns
  std::string last_address;                                                   // whose turn it was
  unsigned verifiers = 0;                                                     // tasks in the pool
  FailureLimiter failures;
};

/// The next attempt of the next address, or none, and then the calling task must end. Needs the mutex.
std::shared_ptr<Basic::State::Attempt> Basic::State::next() {
  if (waiting.empty()) return nullptr;
  auto turn = waiting.upper_bound(last_address);
  if (turn == waiting.end()) turn = waiting.begin();
  last_address = turn->first;
  std::shared_ptr<Attempt> attempt = std::move(turn->second.front());
  turn->second.pop_front();
  if (turn->second.empty()) waiting.erase(turn);
  return attempt;
}

void Basic::State::verify_all() {
  while (true) {
    std::shared_ptr<Attempt> attempt;
    {
      const std::scoped_lock lock(mutex);
      attempt = next();
      if (!attempt) {
        --verifiers;
        return;
      }
    }
    try {
      verify(*attempt);
    } catch (const std::exception& e) {  // there is no memory left, for instance
      spdlog::error("a password cannot be verified: {}", e.what());
      refuse(*attempt);
    }
  }
}

void Basic::State::verify(Attempt& attempt) {
  const auto& hashes = attempt.users->hashes;
  if (hashes.empty()) return failed(attempt, "the users file is empty");
  const auto found = hashes.find(attempt.credentials.user);
  // An unknown user takes the same time as a known one: somebody's hash is as good as any.
  const bool right =
      verify_password(attempt.credentials.password, found == hashes.end() ? hashes.begin()->second : found->second);
  if (found == hashes.end()) return failed(attempt, "there is no such user");
  if (!right) return failed(attempt, "wrong password");
  succeeded(attempt);
}

void Basic::State::succeeded(Attempt& attempt) {
  std::vector<Waiter> waiters;
  {
    const std::scoped_lock lock(mutex);
    const Clock::time_point now = Clock::now();
    if (remembered.size() >= most_remembered) {
      std::erase_if(remembered, [&](const auto& entry) {
        return entry.second.until <= now || entry.second.generation < attempt.users->generation;
      });
      if (remembered.size() >= most_remembered) remembered.clear();
    }
    remembered[attempt.digest] = {attempt.credentials.user, attempt.users->generation, now + options.remember};
    attempts.erase(attempt.digest);
    waiters = std::move(attempt.waiters);
  }
  for (Waiter& waiter : waiters) waiter.verified(somebody(attempt.credentials.user, waiter.address));
}

void Basic::State::failed(Attempt& attempt, std::string_view why) {
  const std::string& user = attempt.credentials.user;
  std::vector<Waiter> waiters;
  std::vector<std::chrono::milliseconds> delays;
  {
    const std::scoped_lock lock(mutex);
    const Clock::time_point now = Clock::now();
    // Names that do not exist are not counted: there is nothing to guard, and they are endless.
    const bool exists = attempt.users->hashes.contains(user);
    const auto for_user = exists ? failures.failed("user " + user, now) : std::chrono::milliseconds(0);
    attempts.erase(attempt.digest);
    waiters = std::move(attempt.waiters);
    for (const Waiter& waiter : waiters) {
      delays.push_back(std::max(for_user, failures.failed("address " + waiter.address, now)));
    }
  }
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    tell_refused(options.auditor, {user, "basic", waiters[i].peer, waiters[i].address, why});
    waiters[i].verified(nobody("Wrong user name or password.\n", delays[i]));
  }
}

/// Counts and logs; says how long to hold the answer back.
std::chrono::milliseconds Basic::State::malformed(const std::string& peer, const std::string& address) {
  tell_refused(options.auditor, {{}, "basic", peer, address, "malformed Basic credentials"});
  const std::scoped_lock lock(mutex);
  return failures.failed("address " + address, Clock::now());
}

void Basic::State::refuse(Attempt& attempt) {
  std::vector<Waiter> waiters;
  {
    const std::scoped_lock lock(mutex);
    attempts.erase(attempt.digest);
    waiters = std::move(attempt.waiters);
  }
  for (Waiter& waiter : waiters) waiter.verified(busy());
}

/// The pool takes no task, and none of ours is in it: whoever waits would wait for ever.
void Basic::State::give_up() {
  std::vector<std::shared_ptr<Attempt>> all;
  {
    const std::scoped_lock lock(mutex);
    --verifiers;
    if (verifiers > 0) return;
    while (auto attempt = next()) all.push_back(std::move(attempt));
  }
  for (const auto& attempt : all) refuse(*attempt);
}

Basic::Basic(std::shared_ptr<PasswordFile> file, WorkerPool& pool) : Basic(std::move(file), pool, Options{}) {}

Basic::Basic(std::shared_ptr<PasswordFile> file, WorkerPool& pool, Options options)
    : state_(std::make_shared<State>(std::move(file), options)), pool_(pool) {}

Basic::~Basic() = default;

void Basic::authenticate(const http::Request& request, http::ConnectionState& connection, http::Verified verified) {
  const std::string_view authorization = request.header("Authorization");
  if (!is_basic(authorization)) return verified(nobody("Log in with a user name and password (Basic).\n"));

  const std::shared_ptr<const Users> users = state_->file->users();
  const Clock::time_point now = Clock::now();
  auto* proof = dynamic_cast<Proof*>(connection.mechanism.get());
  if (proof != nullptr && proof->authorization == authorization && proof->generation == users->generation &&
      now < proof->until) {
    return verified({.principal = proof->principal});
  }

  const Digest digest = state_->digest_of(authorization);
  std::unique_lock lock(state_->mutex);
  if (const auto known = state_->remembered.find(digest); known != state_->remembered.end()) {
    if (known->second.generation == users->generation && now < known->second.until) {
      auto made = std::make_shared<Proof>();
      made->authorization = authorization;
      made->principal = somebody(known->second.user, connection.address).principal;
      made->generation = known->second.generation;
      made->until = known->second.until;
      lock.unlock();
      connection.mechanism = made;
      return verified({.principal = made->principal});
    }
    state_->remembered.erase(known);
  }
  State::Waiter waiter{.peer = request.peer, .address = connection.address, .verified = std::move(verified)};
  if (const auto same = state_->attempts.find(digest);
      same != state_->attempts.end() && same->second->users->generation == users->generation) {
    same->second->waiters.push_back(std::move(waiter));
    return;
  }
  lock.unlock();

  auto credentials = decode_basic(authorization);
  if (!credentials) {
    const auto delay = state_->malformed(request.peer, connection.address);
    return waiter.verified(nobody("These credentials are not Basic ones in UTF-8.\n", delay));
  }
  auto attempt = std::make_shared<State::Attempt>();
  attempt->digest = digest;
  attempt->credentials = std::move(*credentials);
  attempt->users = users;

  lock.lock();
  auto& queue = state_->waiting[connection.address];
  if (queue.size() >= state_->options.waiting_per_address) {
    lock.unlock();
    return waiter.verified(busy());
  }
  attempt->waiters.push_back(std::move(waiter));
  queue.push_back(attempt);
  state_->attempts[digest] = std::move(attempt);
  if (state_->verifiers >= state_->options.verifications) return;
  ++state_->verifiers;
  lock.unlock();
  if (!pool_.submit("authentication", [state = state_] { state->verify_all(); })) state_->give_up();
}

}  // namespace vmms::wire::auth
