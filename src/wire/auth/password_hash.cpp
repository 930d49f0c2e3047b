#include "wire/auth/password_hash.hpp"

#include "wire/auth/credentials.hpp"

#include <crypt.h>
#include <fmt/core.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <string_view>
#include <system_error>

namespace vmms::wire::auth {
namespace {

constexpr std::string_view prefix = "$y$";
constexpr std::size_t longest_password = CRYPT_MAX_PASSPHRASE_SIZE - 1;  // the size counts the NUL behind it

/// What crypt_r() needs, wiped after use; 32 KiB, too much for a small stack.
class Crypt {
 public:
  Crypt() : data_(std::make_unique<crypt_data>()) {}
  Crypt(const Crypt&) = delete;
  Crypt& operator=(const Crypt&) = delete;
  ~Crypt() { OPENSSL_cleanse(data_.get(), sizeof(crypt_data)); }

  /// Empty when it fails.
  std::string hash(const std::string& password, const std::string& setting) {
    const char* const result = ::crypt_r(password.c_str(), setting.c_str(), data_.get());
    return result == nullptr || result[0] == '*' ? std::string() : std::string(result);
  }

 private:
  std::unique_ptr<crypt_data> data_;
};

}  // namespace

Result<std::string> hash_password(const std::string& password, unsigned long cost) {
  if (password.empty()) return error(Failure::invalid_argument, "the password is empty");
  if (password.size() > longest_password)
    return error(Failure::invalid_argument, fmt::format("the password has more than {} bytes", longest_password));
  if (!is_clean_text(password)) {
    return error(Failure::invalid_argument, "the password is not UTF-8 text without control characters");
  }
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (::crypt_gensalt_rn(prefix.data(), cost, nullptr, 0, setting, sizeof setting) != nullptr) {
    std::string hash = Crypt().hash(password, setting);
    if (!hash.empty()) return hash;
  }
  return error(Failure::internal, fmt::format("libcrypt cannot make a yescrypt hash: {}",
                                              std::error_code(errno, std::generic_category()).message()));
}

Result<bool> verify_password(const std::string& password, const std::string& hash) {
  // crypt_r() would stop at a NUL and compare the part before.
  if (password.size() > longest_password || password.find('\0') != std::string::npos) return false;
  const std::string made = Crypt().hash(password, hash);
  // The parameters were checked when the users file was read, so only memory can be missing (errno does not say that).
  if (made.empty()) return error(Failure::busy, "there is not enough memory for the hash of a password");
  return made.size() == hash.size() && CRYPTO_memcmp(made.data(), hash.data(), hash.size()) == 0;
}

bool is_yescrypt_hash(const std::string& hash) {
  // "$y$PARAMETERS$SALT$" and 43 characters, each of crypt's alphabet.
  if (hash.size() >= CRYPT_OUTPUT_SIZE || hash.compare(0, prefix.size(), prefix) != 0) return false;
  if (std::count(hash.begin(), hash.end(), '$') != 4 || hash.size() - hash.rfind('$') - 1 != 43) return false;
  const bool clean = std::all_of(hash.begin(), hash.end(), [](char c) {
    return (c >= '.' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '$';
  });
  return clean && ::crypt_checksalt(hash.c_str()) == CRYPT_SALT_OK;
}

}  // namespace vmms::wire::auth
