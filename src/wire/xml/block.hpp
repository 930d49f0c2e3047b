// Many short pieces of markup and text at the price of one.
#pragma once

#include "wire/xml/writer.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace vmms::wire::xml {

/// Puts pieces together in a block of memory of its own, which goes to the end of `out` when it is full, by `flush` and
/// at last; until then nobody else may append to `out`.
class Block {
 public:
  explicit Block(std::string& out) : out_(out) {}
  ~Block() { flush(); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  /// Well-formed content, as it is.
  Block& raw(std::string_view markup) {
    if (markup.size() > room()) {
      flush();
      if (markup.size() > room()) {
        out_.append(markup);
        return *this;
      }
    }
    std::memcpy(end_, markup.data(), markup.size());
    end_ += markup.size();
    return *this;
  }

  /// Character data, as Writer::text.
  Block& text(std::string_view value) {
    const bool plain =
        std::all_of(value.begin(), value.end(), [](char c) { return plain_characters[static_cast<unsigned char>(c)]; });
    if (plain) return raw(value);
    append_text(content(), value);
    return *this;
  }

  Block& number(std::uint64_t value) {
    constexpr std::size_t most_digits = 20;
    if (room() < most_digits) flush();
    end_ = std::to_chars(end_, bytes_.data() + bytes_.size(), value).ptr;
    return *this;
  }

  /// Where the next thing goes, for who writes it in another way.
  std::string& content() {
    flush();
    return out_;
  }
  void flush() {
    out_.append(bytes_.data(), end_);
    end_ = bytes_.data();
  }

 private:
  std::size_t room() const { return static_cast<std::size_t>(bytes_.data() + bytes_.size() - end_); }

  std::string& out_;
  std::array<char, 2048> bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  char* end_ = bytes_.data();
};

}  // namespace vmms::wire::xml
