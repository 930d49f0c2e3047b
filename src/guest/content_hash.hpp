// The hash of a file's bytes, in the two algorithms of which a guest has at least one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace vmms::guest {

class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(const ContentHash&) = delete;
  ContentHash& operator=(const ContentHash&) = delete;

  void add(std::string_view bytes);

  /// Ends it: "sha256:HEX blake2b:HEX".
  std::string finish();

 private:
  struct Digests;
  std::unique_ptr<Digests> digests_;
};

/// Whether `sum` ("NAME:HEX") is one of those in `sums`, what finish() gave.
bool same_hash(std::string_view sums, std::string_view sum);

}  // namespace vmms::guest
