#include "guest/content_hash.hpp"

#include <openssl/evp.h>

#include <array>

namespace vmms::guest {

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
  Digest sha256{EVP_sha256()};
  Digest blake2b{EVP_blake2b512()};
};

ContentHash::ContentHash() : digests_(std::make_unique<Digests>()) {}
ContentHash::~ContentHash() = default;

void ContentHash::add(std::string_view bytes) {
  digests_->sha256.add(bytes);
  digests_->blake2b.add(bytes);
}

std::string ContentHash::finish() {
  return "sha256:" + digests_->sha256.finish() + " blake2b:" + digests_->blake2b.finish();
}

bool same_hash(std::string_view sums, std::string_view sum) {
  const std::size_t at = sums.find(sum);
  return sum.size() > 64 && at != std::string_view::npos &&
         (at + sum.size() == sums.size() || sums[at + sum.size()] == ' ');
}

}  // namespace vmms::guest
