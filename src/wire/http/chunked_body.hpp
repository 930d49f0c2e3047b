// The chunked transfer coding (RFC 9112 section 7.1): bytes -> body, as they come.
#pragma once

#include "wire/http/limits.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vmms::wire::http {

/// Reads one body. Whatever another program may read differently is refused at once: sizes that are not plain
/// hexadecimal numbers, invalid extensions, lines that do not end with CR LF. Extensions are ignored and trailers
/// discarded (RFC 9110 section 6.5.1).
class ChunkedBody {
 public:
  explicit ChunkedBody(const Limits& limits) : limits_(limits) {}

  enum class Progress : std::uint8_t { need_more, complete, failed };
  /// Appends what it decodes to `body` and sets `used` to how many bytes that took: all, unless the body ends before.
  Progress put(std::string_view bytes, std::size_t& used, std::string& body);

  /// After `failed`: 400, 413 or 431, and why.
  unsigned status() const { return status_; }
  const std::string& reason() const { return reason_; }

 private:
  enum class Line : std::uint8_t { size, behind_data, trailer };

  bool put_line(std::string_view bytes, std::size_t& used);
  bool take_line(std::string_view line);
  bool take_size(std::string_view line);
  bool take_trailer(std::string_view line);
  bool fail(unsigned status, std::string reason);

  const Limits& limits_;
  Line expected_ = Line::size;
  bool complete_ = false;
  std::string line_;               ///< the part received so far
  std::uint64_t left_ = 0;         ///< of the chunk
  std::size_t decoded_ = 0;        ///< bytes of all chunks so far, with the current one
  std::size_t framing_bytes_ = 0;  ///< of extensions and trailers
  std::size_t trailers_ = 0;
  unsigned status_ = 0;
  std::string reason_;
};

}  // namespace vmms::wire::http
