// One file on its way through a client's connection: calls of the client on one side, a copy job on the other.
#pragma once

#include "base/byte_stream.hpp"
#include "base/content_hash.hpp"
#include "base/ledger.hpp"
#include "base/waiting.hpp"
#include "guest/transport/clock.hpp"
#include "providers/files/transfer_window.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace vmms::providers {

enum class CopyDirection : std::uint8_t { to_guest, from_guest };

/// Thread-safe. Neither side holds a lock while it waits for the other. At most `window` bytes are in memory between
/// the sides.
class Transfer {
 public:
  using Clock = guest::Clock;

  /// How far calls may be out of order, and how much of what was read is kept for repeated calls.
  static constexpr std::uint64_t window = 8U << 20;
  static constexpr std::uint64_t most_kept = 4U << 20;
  static constexpr std::size_t most_bytes = 768U << 10;  ///< of a Read
  static constexpr std::size_t most_pieces = 1024;       ///< that do not touch each other
  static constexpr unsigned most_calls = 8;              ///< that wait at the same time
  static constexpr std::chrono::seconds idle_time{60};

  /// What OpenTransfer asked for, and the owner.
  struct Request {
    CopyDirection direction = CopyDirection::to_guest;
    std::string path;                       ///< in the guest
    std::uint64_t size = 0;                 ///< to the guest
    std::vector<ByteSource::Piece> pieces;  ///< to the guest: where it has data; ascending, apart, not empty
    bool overwrite = false;
    bool create_path = false;
    std::string name;  ///< that the file gets where `path` is a directory
    std::uint32_t permissions = 0644;
    std::int64_t modified = 0;
  };

  struct Piece {
    std::string bytes;
    bool end = false;        ///< nothing follows it; then:
    std::uint64_t size = 0;  ///< of the file
    std::string sha256;      ///< 64 hexadecimal digits
  };

  explicit Transfer(Request request);

  const Request& request() const { return request_; }

  // The client's side. Each call waits until `deadline` at most: timed_out then, and may be repeated. Errors of all:
  // the reason why the transfer has ended; busy (too many calls wait).

  /// Returns when the guest has taken these bytes. Errors: invalid_argument (beyond the size, in a hole, too far ahead,
  /// or one piece too many apart from the others).
  Status write(std::uint64_t offset, std::string bytes, Clock::time_point deadline);
  /// Errors: invalid_argument (no longer kept, or too far ahead).
  Result<Piece> read(std::uint64_t offset, std::uint64_t length, Clock::time_point deadline);
  /// Returns when the file has its name. Size and hash that differ end the transfer: failed.
  Status commit(std::uint64_t size, const std::string& sha256, Clock::time_point deadline);
  /// Ends it with `why`, and returns when nothing is left of it.
  Status abort(const Error& why, Clock::time_point deadline);

  // The job's side.

  /// Before this call, abort() waits for nothing. `cancelled` is called while waiting for the client.
  Status begin(std::function<bool()> cancelled);
  std::unique_ptr<ByteSource> source();
  std::unique_ptr<ByteSink> sink(std::uint64_t largest);
  void end(const Status& outcome) noexcept;

  bool ended() const;
  std::optional<Clock::time_point> ended_at() const;
  /// No call came for so long, and none waits.
  bool idle(Clock::time_point now) const;
  /// Bytes in memory.
  std::size_t held_bytes() const;
  /// Pays for it, and for the bytes in memory, until it ends.
  void charge_to(Charge charge) { charge_ = std::move(charge); }

 private:
  class Call;
  class Source;
  class Sink;

  std::optional<Error> end_told() const;
  Status check_call() const;
  Status fail(Error why);
  std::uint64_t data_before(std::uint64_t offset) const;  ///< bytes of data, without holes
  std::uint64_t received() const { return data_before(window_.begin()) + window_.bytes(); }
  /// For the job's side: until `ready`, or a reason to end.
  template <class Ready>
  Status wait_for_client(std::unique_lock<std::mutex>& lock, Ready ready);
  Result<std::string> take(std::uint64_t offset, std::size_t most);
  Status confirm();
  Status give(std::string_view bytes);
  Status finish();
  void let_go();

  const Request request_;
  Charge charge_;

  mutable std::mutex mutex_;
  Condition changed_;
  std::function<bool()> cancelled_;
  bool begun_ = false;
  TransferWindow window_;
  std::uint64_t taken_ = 0;            ///< to the guest: what it has; from it: what the client has asked for
  std::optional<std::string> sha256_;  ///< of all bytes, once all have passed
  ContentHash hash_{HashAlgorithm::sha256};
  std::optional<std::string> committed_;  ///< the client's hash
  std::optional<Error> aborted_;
  std::optional<Status> outcome_;
  Clock::time_point ended_at_;
  unsigned calls_ = 0;
  Clock::time_point last_call_ = Clock::now();
};

}  // namespace vmms::providers
