// The hash of a file's bytes, in the two algorithms of which a guest has at least one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace vmms {

/// What a guest can check: blake2b where it has b2sum, which is quicker.
enum class HashAlgorithm : std::uint8_t { sha256, blake2b, both };

class ContentHash {
 public:
  explicit ContentHash(HashAlgorithm algorithm);
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  void add(std::string_view bytes);

  /// Ends it: "sha256:HEX", "blake2b:HEX", or both with a space between.
  std::string finish();

 private:
  struct Digests;
  std::unique_ptr<Digests> digests_;
};

/// Whether `sum` ("NAME:HEX") is one of those in `sums`, what finish() gave.
bool same_hash(std::string_view sums, std::string_view sum);

}  // namespace vmms
