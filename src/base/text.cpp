#include "base/text.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

namespace vmms {

std::string to_upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return to_upper(c); });
  return upper;
}

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) { return to_lower(c); });
  return lower;
}

namespace {

using GuidBytes = std::array<std::uint8_t, 16>;

// Drawn in blocks: a system call for each message identifier would cost more than the message.
GuidBytes random_bytes() {
  thread_local std::array<GuidBytes, 16> block;
  thread_local std::size_t next = block.size();
  if (next == block.size()) {
    if (getrandom(block.data(), sizeof block, 0) != static_cast<ssize_t>(sizeof block))
      throw std::runtime_error("the system's random source does not answer");
    next = 0;
  }
  return block[next++];
}

}  // namespace

std::string random_guid() {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  GuidBytes bytes = random_bytes();
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);  // version 4
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);  // variant 1
  std::string guid(36, '-');
  char* out = guid.data();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++out;
    *out++ = digits[bytes[i] >> 4];
    *out++ = digits[bytes[i] & 15];
  }
  return guid;
}

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = to_lower(text[i]);
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

}  // namespace vmms
