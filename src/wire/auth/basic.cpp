#include "wire/auth/basic.hpp"

#include "wire/auth/credentials.hpp"
#include "wire/auth/password_hash.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>

namespace vmms::wire::auth {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_remembered = 4096;
constexpr std::size_t longest_name = 128;  // the users file allows no longer ones

struct FingerprintHash {
  std::size_t operator()(const Fingerprint& fingerprint) const {
    std::size_t value;
    std::memcpy(&value, fingerprint.data(), sizeof value);
    return value;
  }
};

/// What one connection has proved.
struct Proof final : http::MechanismState {
  std::string authorization;
  cim::PrincipalPtr principal;
  std::uint64_t generation = 0;
  Clock::time_point until;
};

cim::PrincipalPtr somebody(std::string user, std::string address) {
  return std::make_shared<const cim::Principal>(cim::Principal{
      .realm = cim::users_realm, .name = std::move(user), .mechanism = "basic", .address = std::move(address)});
}

/// Wiped after use.
struct Secret : Credentials {
  explicit Secret(Credentials given) : Credentials(std::move(given)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { OPENSSL_cleanse(password.data(), password.size()); }
};

}  // namespace

struct Basic::State {
  struct Remembered {
    std::string user;
    std::uint64_t generation;
    Clock::time_point until;
  };

  State(std::shared_ptr<PasswordFile> f, Options o) : file(std::move(f)), options(o) {
    if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) {
      throw std::runtime_error("OpenSSL has no random bytes for the authentication cache");
    }
  }

  Fingerprint fingerprint_of(std::string_view text) const {
    Fingerprint fingerprint{};
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
         text.size(), fingerprint.data(), nullptr);
    return fingerprint;
  }

  const std::string* hash_in_place_of(const Users& users, const std::string& name) const;
  Result<cim::PrincipalPtr> verify(const Secret& credentials, const Fingerprint& fingerprint, const Users& users,
                                   const std::string& address);
  void remember(const Fingerprint& fingerprint, const std::string& user, const Users& users);

  const std::shared_ptr<PasswordFile> file;
  const Options options;
  Fingerprint key{};

  std::mutex mutex;
  std::unordered_map<Fingerprint, Remembered, FingerprintHash> remembered;
};

/// A name that does not exist takes as long as that of a real user: always the same one, which a client cannot find
/// out.
const std::string* Basic::State::hash_in_place_of(const Users& users, const std::string& name) const {
  if (users.hashes.empty()) return nullptr;
  const std::size_t number = FingerprintHash()(fingerprint_of(name)) % users.hashes.size();
  return &std::next(users.hashes.begin(), static_cast<std::ptrdiff_t>(number))->second;
}

Result<cim::PrincipalPtr> Basic::State::verify(const Secret& credentials, const Fingerprint& fingerprint,
                                               const Users& users, const std::string& address) {
  const auto found = users.hashes.find(credentials.user);
  const bool exists = found != users.hashes.end();
  const std::string* const hash = exists ? &found->second : hash_in_place_of(users, credentials.user);
  if (!hash) return error(Failure::access_denied, "the users file is empty");
  const Result<bool> right = verify_password(credentials.password, *hash);
  if (!right) return right.error();
  if (!exists) return error(Failure::access_denied, "there is no such user");
  if (!*right) return error(Failure::access_denied, "wrong password");
  remember(fingerprint, credentials.user, users);
  return somebody(credentials.user, address);
}

void Basic::State::remember(const Fingerprint& fingerprint, const std::string& user, const Users& users) {
  const std::scoped_lock lock(mutex);
  const Clock::time_point now = Clock::now();
  if (remembered.size() >= most_remembered) {
    std::erase_if(remembered, [&](const auto& entry) {
      return entry.second.until <= now || entry.second.generation < users.generation;
    });
    if (remembered.size() >= most_remembered) remembered.clear();
  }
  remembered[fingerprint] = {user, users.generation, now + options.remember};
}

Basic::Basic(std::shared_ptr<PasswordFile> file, Options options)
    : state_(std::make_shared<State>(std::move(file), options)) {}

Step Basic::step(std::string_view authorization, http::ConnectionState& connection) {
  std::shared_ptr<const Users> users = state_->file->users();
  const Clock::time_point now = Clock::now();
  auto* proof = dynamic_cast<Proof*>(connection.mechanism.get());
  if (proof != nullptr && proof->authorization == authorization && proof->generation == users->generation &&
      now < proof->until) {
    return http::Verdict{.principal = proof->principal};
  }

  // Another one after each change of the users file.
  const Fingerprint fingerprint =
      state_->fingerprint_of(std::string(authorization) + '\n' + std::to_string(users->generation));
  {
    const std::scoped_lock lock(state_->mutex);
    if (const auto known = state_->remembered.find(fingerprint); known != state_->remembered.end()) {
      if (now < known->second.until) {
        auto made = std::make_shared<Proof>();
        made->authorization = authorization;
        made->principal = somebody(known->second.user, connection.address);
        made->generation = known->second.generation;
        made->until = known->second.until;
        connection.mechanism = made;
        return http::Verdict{.principal = made->principal};
      }
      state_->remembered.erase(known);
    }
  }

  auto credentials = decode_basic(authorization);
  Claim claim;
  claim.fingerprint = fingerprint;
  if (!credentials || credentials->user.size() > longest_name) {
    claim.verify = []() -> Result<cim::PrincipalPtr> {
      return error(Failure::access_denied, "malformed Basic credentials");
    };
    return claim;
  }
  claim.user = credentials->user;
  claim.verify = [state = state_, users = std::move(users), fingerprint, address = connection.address,
                  secret = std::make_shared<const Secret>(std::move(*credentials))] {
    return state->verify(*secret, fingerprint, *users, address);
  };
  return claim;
}

}  // namespace vmms::wire::auth
