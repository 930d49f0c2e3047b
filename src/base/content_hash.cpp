#include "base/content_hash.hpp"

#include <openssl/evp.h>

#include <array>
#include <optional>

namespace vmms {

namespace {

struct Release {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

class Digest {
 public:
  explicit Digest(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), algorithm, nullptr);
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), value.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) {
      text += "0123456789abcdef"[value[i] >> 4];
      text += "0123456789abcdef"[value[i] & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, Release> context_;
};

}  // namespace

struct ContentHash::Digests {
  std::optional<Digest> sha256;
  std::optional<Digest> blake2b;
};

ContentHash::ContentHash(HashAlgorithm algorithm) : digests_(std::make_unique<Digests>()) {
  if (algorithm != HashAlgorithm::blake2b) digests_->sha256.emplace(EVP_sha256());
  if (algorithm != HashAlgorithm::sha256) digests_->blake2b.emplace(EVP_blake2b512());
}
ContentHash::~ContentHash() = default;

void ContentHash::add(std::string_view bytes) {
  if (digests_->sha256) digests_->sha256->add(bytes);
  if (digests_->blake2b) digests_->blake2b->add(bytes);
}

std::string ContentHash::finish() {
  std::string text;
  if (digests_->sha256) text = "sha256:" + digests_->sha256->finish();
  if (digests_->sha256 && digests_->blake2b) text += ' ';
  if (digests_->blake2b) text += "blake2b:" + digests_->blake2b->finish();
  return text;
}

bool same_hash(std::string_view sums, std::string_view sum) {
  const std::size_t at = sums.find(sum);
  return sum.size() > 64 && at != std::string_view::npos &&
         (at + sum.size() == sums.size() || sums[at + sum.size()] == ' ');
}

}  // namespace vmms
