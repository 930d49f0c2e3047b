// Bytes of a file that arrive in any order and are taken in ascending order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace vmms::providers {

class TransferWindow {
 public:
  std::uint64_t begin() const { return begin_; }         ///< bytes before it are gone
  std::size_t bytes() const { return bytes_; }           ///< held
  std::size_t pieces() const { return pieces_.size(); }  ///< in so many pieces, small ones joined

  /// The end of what is there without a gap from begin() on.
  std::uint64_t end() const {
    std::uint64_t end = begin_;
    for (const auto& [offset, piece] : pieces_) {
      if (offset > end) break;
      end = std::max(end, offset + piece.size());
    }
    return end;
  }

  /// What is there already, or is gone, is not replaced.
  void put(std::uint64_t offset, std::string bytes) {
    std::string_view rest = bytes;
    const auto skip = [&](std::uint64_t to) {
      const std::uint64_t count = std::min<std::uint64_t>(to > offset ? to - offset : 0, rest.size());
      rest.remove_prefix(count);
      offset += count;
    };
    skip(begin_);
    auto next = pieces_.upper_bound(offset);
    if (next != pieces_.begin()) skip(std::prev(next)->first + std::prev(next)->second.size());
    while (!rest.empty()) {
      next = pieces_.lower_bound(offset);
      const std::uint64_t gap =
          next == pieces_.end() ? rest.size() : std::min<std::uint64_t>(rest.size(), next->first - offset);
      if (gap > 0 && !append(next, offset, rest.substr(0, gap))) {
        if (gap == bytes.size())
          pieces_.emplace(offset, std::move(bytes));
        else
          pieces_.emplace(offset, rest.substr(0, gap));
      }
      bytes_ += gap;
      if (gap == rest.size()) return;
      rest.remove_prefix(gap);
      offset += gap;
      skip(next->first + next->second.size());
    }
  }

  /// [offset, offset + length) must be there.
  std::string copy(std::uint64_t offset, std::size_t length) const {
    std::string result;
    result.reserve(length);
    for (auto piece = std::prev(pieces_.upper_bound(offset)); result.size() < length; ++piece)
      result.append(piece->second, offset + result.size() - piece->first, length - result.size());
    return result;
  }

  /// Forgets the bytes before it.
  void drop(std::uint64_t before) {
    if (before <= begin_) return;
    while (!pieces_.empty() && pieces_.begin()->first + pieces_.begin()->second.size() <= before) {
      bytes_ -= pieces_.begin()->second.size();
      pieces_.erase(pieces_.begin());
    }
    begin_ = before;
  }

  void clear() {
    pieces_.clear();
    bytes_ = 0;
  }

 private:
  using Pieces = std::map<std::uint64_t, std::string>;

  // A client that sends one byte at a time must not get a piece for each.
  bool append(Pieces::iterator next, std::uint64_t offset, std::string_view bytes) {
    constexpr std::size_t most_joined = std::size_t{64} << 10;
    if (next == pieces_.begin()) return false;
    const auto before = std::prev(next);
    if (before->first + before->second.size() != offset || before->second.size() + bytes.size() > most_joined)
      return false;
    before->second.append(bytes);
    return true;
  }

  std::uint64_t begin_ = 0;
  std::size_t bytes_ = 0;
  Pieces pieces_;  ///< by offset; they do not overlap
};

}  // namespace vmms::providers
