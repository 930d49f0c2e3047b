// Many short pieces of markup and text at the price of one.
#pragma once

#include "wire/xml/writer.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

namespace vmms::wire::xml {

/// Markup that is written many times: copied in whole steps, whatever its length is.
class Markup {
 public:
  static constexpr std::size_t step = 16;

  Markup() = default;
  explicit Markup(std::string_view markup) : size_(markup.size()), padded_(markup) {
    padded_.resize((size_ + step - 1) / step * step);
  }
  /// What `write` does with a Writer.
  template <class Write>
  static Markup of(Write&& write) {
    std::string markup;
    Writer writer(markup);
    write(writer);
    return Markup(markup);
  }
  std::string_view text() const { return {padded_.data(), size_}; }
  std::size_t padded_size() const { return padded_.size(); }

 private:
  std::size_t size_ = 0;
  std::string padded_;
};

/// Copies text to where there is room for it. False when it has characters that must be escaped; the copy is useless
/// then.
inline bool copy_plain(std::string_view text, char* to) {
  using Word = std::uint64_t;
  constexpr Word ones = 0x0101010101010101, highs = 0x8080808080808080;
  const auto has_zero = [](Word bytes) { return (bytes - ones) & ~bytes & highs; };
  // Of eight bytes: anything outside ASCII, control characters, `<` or `>` (they differ in one bit), `"` or `&` (too).
  const auto special = [&](Word bytes) {
    return (bytes & highs) | ((bytes - 0x20 * ones) & ~bytes & highs) |
           has_zero((bytes & ~(0x02 * ones)) ^ 0x3C * ones) | has_zero((bytes & ~(0x04 * ones)) ^ 0x22 * ones);
  };
  const char* from = text.data();
  const std::size_t size = text.size();
  if (size < sizeof(Word)) {
    bool plain = true;
    for (std::size_t i = 0; i < size; ++i) {
      to[i] = from[i];
      plain = plain && plain_characters[static_cast<unsigned char>(from[i])];
    }
    return plain;
  }
  Word found = 0;
  const auto copy = [&](std::size_t offset) {
    Word bytes;
    std::memcpy(&bytes, from + offset, sizeof bytes);
    std::memcpy(to + offset, &bytes, sizeof bytes);
    found |= special(bytes);
  };
  for (std::size_t offset = 0; offset + sizeof(Word) < size; offset += sizeof(Word)) copy(offset);
  copy(size - sizeof(Word));
  return found == 0;
}

/// Puts pieces together in its own block of memory, which goes to the end of `out` when it is full, by `flush` and in
/// the destructor; until then nothing else may append to `out`. Mark each Block variable as uninitialized: otherwise it
/// is filled with zeros first, for each instance.
class Block {
 public:
  explicit Block(std::string& out) : out_(out) {}
  /// Throws when there is no memory; not while something else is thrown.
  ~Block() noexcept(false) {
    if (std::uncaught_exceptions() == exceptions_) flush();
  }
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

  Block& raw(const Markup& markup) {
    if (markup.padded_size() > room()) return raw(markup.text());
    const std::string_view text = markup.text();
    for (std::size_t i = 0; i < text.size(); i += Markup::step) std::memcpy(end_ + i, text.data() + i, Markup::step);
    end_ += text.size();
    return *this;
  }

  /// Character data, as Writer::text.
  Block& text(std::string_view value) {
    if (value.size() > room()) flush();
    if (value.size() <= room() && copy_plain(value, end_))
      end_ += value.size();
    else
      append_text(content(), value);
    return *this;
  }

  Block& number(std::uint64_t value) {
    constexpr std::size_t most_digits = 20;
    if (room() < most_digits) flush();
    end_ = std::to_chars(end_, bytes_.data() + bytes_.size(), value).ptr;
    return *this;
  }

  /// Where the next thing goes, for code that writes it in another way.
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
  const int exceptions_ = std::uncaught_exceptions();
  std::array<char, 4096> bytes_;  // NOLINT(cppcoreguidelines-pro-type-member-init): written before it is read
  char* end_ = bytes_.data();
};

}  // namespace vmms::wire::xml
