// The source and the target of a copy: files of this host, and files that travel through a connection.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmms {

/// The content of one file, on its way into a guest.
class ByteSource {
 public:
  /// A piece of data; between two of them is a hole, which reads as zeros.
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };

  virtual ~ByteSource() = default;

  virtual std::string name() const = 0;           ///< where the destination is a directory
  virtual std::uint64_t size() const = 0;         ///< holes included
  virtual std::uint32_t permissions() const = 0;  ///< the nine bits
  virtual std::int64_t modified() const = 0;      ///< seconds since 1970
  virtual const std::vector<Piece>& pieces() const = 0;
  virtual bool at_hand() const = 0;  ///< all of it can be read without waiting

  /// At most `length` bytes from `offset` on, at least one; all of them where all are at hand, otherwise those that
  /// have come, after waiting for the first. Each byte is read once, in ascending order; reading further says that the
  /// guest has taken those before.
  virtual Result<std::string> read(std::uint64_t offset, std::size_t length) const = 0;

  /// Called when the guest has taken all bytes, before the file gets its name: whether they are what the source holds.
  virtual Status confirm() const = 0;

  std::uint64_t data_bytes() const {
    std::uint64_t bytes = 0;
    for (const Piece& piece : pieces()) bytes += piece.length;
    return bytes;
  }
};

/// Where the content of a guest's file goes.
class ByteSink {
 public:
  virtual ~ByteSink() = default;

  /// Called first, with the size that the guest reports: whether there is room for so much.
  virtual Status expect(std::uint64_t size) = 0;
  /// Appends. May wait.
  virtual Status write(std::string_view bytes) = 0;
  /// All bytes have arrived and are right. `permissions`: the nine bits; `modified`: seconds since 1970.
  virtual Status commit(std::uint32_t permissions, std::int64_t modified) = 0;
};

}  // namespace vmms
