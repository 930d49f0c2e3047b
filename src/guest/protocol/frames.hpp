// Messages as bytes: each is its length (4 bytes, little endian), a byte that says which message, and its members in
// order. Numbers are little endian, texts and lists have their count (4 bytes) in front.
#pragma once

#include "guest/protocol/messages.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vmms::guest::protocol {

/// Bytes of one message at most, without its length.
inline constexpr std::size_t frame_limit = std::size_t{256} << 10;
/// Segments that fit into one Receive, beside a path of any length.
inline constexpr std::size_t segments_limit = 15000;

/// The whole frame.
std::string encode(const ToAgent& message);
std::string encode(const ToHost& message);

/// The message of a frame without its length; nothing when it is invalid: unknown, cut off, or with trailing bytes.
std::optional<ToAgent> decode_to_agent(std::string_view frame);
std::optional<ToHost> decode_to_host(std::string_view frame);

/// Cuts a stream of bytes into frames. Holds one frame that is not complete, besides what was added last.
class FrameReader {
 public:
  void add(std::string_view bytes);
  /// The next complete frame, without its length; valid until the next call. Nothing: more must be added.
  std::optional<std::string_view> next();
  /// A frame is too long: nothing that follows can be read.
  bool broken() const { return broken_; }

 private:
  std::string buffer_;
  std::size_t begin_ = 0;
  bool broken_ = false;
};

}  // namespace vmms::guest::protocol
