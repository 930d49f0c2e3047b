#include "providers/files/transfer.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

namespace vmms::providers {

namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 200ms;  // how often a wait for the client looks for reasons to end

Error late(const char* what) { return error(Failure::timed_out, fmt::format("{}; call again", what)); }

}  // namespace

/// A call of the client, for as long as it lasts.
class Transfer::Call {
 public:
  explicit Call(Transfer& transfer) : transfer_(transfer) { ++transfer_.calls_; }
  ~Call() {
    --transfer_.calls_;
    transfer_.last_call_ = Clock::now();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  Transfer& transfer_;
};

class Transfer::Source : public ByteSource {
 public:
  explicit Source(Transfer& transfer) : transfer_(transfer) {}
  std::string name() const override { return transfer_.request_.name; }
  std::uint64_t size() const override { return transfer_.request_.size; }
  std::uint32_t permissions() const override { return transfer_.request_.permissions & 0777U; }
  std::int64_t modified() const override { return transfer_.request_.modified; }
  const std::vector<Piece>& pieces() const override { return transfer_.request_.pieces; }
  bool at_hand() const override { return false; }
  Result<std::string> read(std::uint64_t offset, std::size_t length) const override {
    return transfer_.take(offset, length);
  }
  Status confirm() const override { return transfer_.confirm(); }

 private:
  Transfer& transfer_;
};

class Transfer::Sink : public ByteSink {
 public:
  Sink(Transfer& transfer, std::uint64_t largest) : transfer_(transfer), largest_(largest) {}
  Status expect(std::uint64_t size) override {
    if (size <= largest_) return {};
    return error(Failure::failed, fmt::format("the file \"{}\" has {} bytes; at most {} are copied (--copy-largest)",
                                              transfer_.request_.path, size, largest_));
  }
  Status write(std::string_view bytes) override {
    size_ += bytes.size();
    if (const Status small_enough = expect(size_); !small_enough) return small_enough;
    return transfer_.give(bytes);
  }
  Status commit(std::uint32_t, std::int64_t) override { return transfer_.finish(); }

 private:
  Transfer& transfer_;
  const std::uint64_t largest_;
  std::uint64_t size_ = 0;
};

Transfer::Transfer(Request request) : request_(std::move(request)) {}

std::unique_ptr<ByteSource> Transfer::source() { return std::make_unique<Source>(*this); }
std::unique_ptr<ByteSink> Transfer::sink(std::uint64_t largest) { return std::make_unique<Sink>(*this, largest); }

// With the mutex held: why it ends, for the client. On these kinds of failure a client would call again.
std::optional<Error> Transfer::end_told() const {
  if (!aborted_ && (!outcome_ || *outcome_)) return std::nullopt;
  Error why = aborted_ ? *aborted_ : outcome_->error();
  if (why.kind == Failure::timed_out || why.kind == Failure::unreachable || why.kind == Failure::busy)
    why.kind = Failure::failed;
  return why;
}

// With the mutex held.
Status Transfer::check_call() const {
  if (const auto why = end_told()) return *why;
  if (outcome_) return error(Failure::invalid_state, "the transfer has ended: its file is complete");
  if (calls_ >= most_calls)
    return error(Failure::busy, fmt::format("{} calls of this transfer wait already; wait for their answers", calls_));
  return {};
}

// With the mutex held: the job ends with this as soon as it looks.
Status Transfer::fail(Error why) {
  if (!aborted_) aborted_ = std::move(why);
  changed_.notify_all();
  return *aborted_;
}

Status Transfer::write(std::uint64_t offset, std::string bytes, Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (request_.direction != CopyDirection::to_guest)
    return error(Failure::invalid_argument, "this transfer goes from the guest: it is read, not written");
  if (const Status possible = check_call(); !possible) return possible;
  const Call call(*this);
  if (offset > request_.size || bytes.size() > request_.size - offset)
    return error(Failure::invalid_argument,
                 fmt::format("{} bytes at offset {} go beyond the {} bytes that OpenTransfer announced", bytes.size(),
                             offset, request_.size));
  const std::uint64_t end = offset + bytes.size();
  // No read would take them: they would stay in memory, uncounted.
  if (data_before(end) - data_before(offset) != bytes.size())
    return error(Failure::invalid_argument,
                 fmt::format("the {} bytes at offset {} reach into a hole that OpenTransfer announced (Pieces); holes "
                             "are not written",
                             bytes.size(), offset));
  if (data_before(end) > data_before(taken_) + window)
    return error(Failure::invalid_argument,
                 fmt::format("the bytes at offset {} are too far ahead: the guest has taken {}, and at most {} beyond "
                             "that are held",
                             offset, taken_, window));
  if (window_.pieces() >= most_pieces && offset > window_.end())
    return error(Failure::invalid_argument,
                 fmt::format("{} pieces that lie apart wait already; write what is missing from offset {} on first",
                             window_.pieces(), window_.end()));
  if (end > window_.begin()) {
    if (const Status paid = charge_.resize(window_.bytes() + bytes.size()); !paid) return paid;
    window_.put(offset, std::move(bytes));
    changed_.notify_all();
  }
  changed_.wait_until(lock, deadline, [&] { return taken_ >= end || outcome_.has_value() || aborted_.has_value(); });
  if (const auto why = end_told()) return *why;
  return taken_ >= end || outcome_ ? Status() : late("the guest has not taken these bytes yet");
}

Result<Transfer::Piece> Transfer::read(std::uint64_t offset, std::uint64_t length, Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (request_.direction != CopyDirection::from_guest)
    return error(Failure::invalid_argument, "this transfer goes to the guest: it is written, not read");
  if (const Status possible = check_call(); !possible) return possible.error();
  const Call call(*this);
  if (length == 0) return error(Failure::invalid_argument, "Length is 0");
  length = std::min<std::uint64_t>(length, most_bytes);
  if (offset < window_.begin())
    return error(Failure::invalid_argument,
                 fmt::format("bytes before {} are no longer kept; read on from there", window_.begin()));
  if (!sha256_ && offset > window_.begin() + window + most_kept)
    return error(Failure::invalid_argument,
                 fmt::format("offset {} is too far ahead: {} bytes have come yet", offset, window_.end()));
  changed_.wait_until(lock, deadline, [&] {
    return window_.end() >= offset + length || sha256_ || outcome_.has_value() || aborted_.has_value();
  });
  if (const auto why = end_told()) return *why;
  const std::uint64_t end = window_.end();
  if (end <= offset && !sha256_) return late("the guest has not sent these bytes yet");
  Piece piece;
  if (end > offset) piece.bytes = window_.copy(offset, static_cast<std::size_t>(std::min(length, end - offset)));
  taken_ = std::max(taken_, std::min(offset, end) + piece.bytes.size());  // also where nothing is
  if (taken_ > most_kept) window_.drop(taken_ - most_kept);
  charge_.resize(window_.bytes()).has_value();  // giving back never fails
  changed_.notify_all();
  if (sha256_ && offset + piece.bytes.size() >= end) {
    piece.end = true;
    piece.size = end;
    piece.sha256 = *sha256_;
  }
  return piece;
}

Status Transfer::commit(std::uint64_t size, const std::string& sha256, Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (outcome_ && *outcome_) return {};
  if (const Status possible = check_call(); !possible) return possible;
  const bool to_guest = request_.direction == CopyDirection::to_guest;
  if (to_guest && size != request_.size)
    return fail(error(Failure::failed, fmt::format("CommitTransfer says {} bytes, OpenTransfer said {}; nothing of the "
                                                   "file is kept",
                                                   size, request_.size)));
  if (const std::uint64_t wanted = data_before(size); to_guest && received() < wanted && calls_ == 0)
    return fail(error(Failure::failed, fmt::format("CommitTransfer comes after {} bytes of {} were written; nothing of "
                                                   "the file is kept",
                                                   received(), wanted)));
  if (!to_guest && !sha256_)
    return error(Failure::invalid_state, "the file has not been read to its end yet (EndOfFile)");
  if (!to_guest && (size != window_.end() || to_lower(sha256) != *sha256_))
    return fail(
        error(Failure::failed,
              fmt::format("CommitTransfer says {} bytes with SHA-256 {}, but the guest sent {} with {}; read the "
                          "file again",
                          size, to_lower(sha256), window_.end(), *sha256_)));
  const Call call(*this);
  committed_ = to_lower(sha256);
  changed_.notify_all();
  changed_.wait_until(lock, deadline, [&] { return outcome_.has_value(); });
  if (const auto why = end_told()) return *why;
  return outcome_ ? Status() : late("the guest has not finished writing the file yet");
}

Status Transfer::abort(const Error& why, Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (outcome_) return {};
  fail(why).has_value();
  if (!begun_) {
    outcome_ = *aborted_;
    ended_at_ = Clock::now();
    let_go();
    return {};
  }
  const Call call(*this);
  changed_.wait_until(lock, deadline, [&] { return outcome_.has_value(); });
  return outcome_ ? Status() : late("the transfer is ending, but the guest has not removed its part file yet");
}

Status Transfer::begin(std::function<bool()> cancelled) {
  const std::lock_guard lock(mutex_);
  cancelled_ = std::move(cancelled);
  begun_ = true;
  if (aborted_) return *aborted_;
  return {};
}

void Transfer::end(const Status& outcome) noexcept {
  const std::lock_guard lock(mutex_);
  if (outcome_) return;
  try {
    // The reason why it ended, rather than a consequence of it.
    outcome_ = !outcome && aborted_ ? Status(*aborted_) : outcome;
  } catch (const std::exception&) {
    outcome_ = Status(Error{Failure::internal, "out of memory"});  // short enough to need none
  }
  ended_at_ = Clock::now();
  cancelled_ = nullptr;
  let_go();
  changed_.notify_all();
}

// With the mutex held.
void Transfer::let_go() {
  window_.clear();
  charge_.reset();
}

bool Transfer::ended() const {
  const std::lock_guard lock(mutex_);
  return outcome_.has_value();
}

std::optional<Transfer::Clock::time_point> Transfer::ended_at() const {
  const std::lock_guard lock(mutex_);
  return outcome_ ? std::optional(ended_at_) : std::nullopt;
}

bool Transfer::idle(Clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  return calls_ == 0 && now - last_call_ >= idle_time;
}

std::size_t Transfer::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return window_.bytes();
}

template <class Ready>
Status Transfer::wait_for_client(std::unique_lock<std::mutex>& lock, Ready ready) {
  while (true) {
    if (aborted_) return *aborted_;
    if (ready()) return {};
    if (calls_ == 0 && Clock::now() - last_call_ >= idle_time)
      return fail(
          error(Failure::timed_out,
                fmt::format("nobody has called this transfer for {} s; it has ended, and nothing of the file is "
                            "kept",
                            idle_time.count())));
    changed_.wait_until(lock, Clock::now() + look_interval);
    const auto cancelled = cancelled_;
    lock.unlock();
    const bool ends = cancelled && cancelled();
    lock.lock();
    if (ends) return error(Failure::invalid_state, "the copy was cancelled");
  }
}

std::uint64_t Transfer::data_before(std::uint64_t offset) const {
  std::uint64_t bytes = 0;
  for (const ByteSource::Piece& piece : request_.pieces) {
    if (piece.offset >= offset) break;
    bytes += std::min(piece.length, offset - piece.offset);
  }
  return bytes;
}

Result<std::string> Transfer::take(std::uint64_t offset, std::size_t most) {
  std::unique_lock lock(mutex_);
  taken_ = std::max(taken_, offset);
  window_.drop(offset);  // a hole may lie before
  changed_.notify_all();
  const auto next = std::find_if(request_.pieces.begin(), request_.pieces.end(),
                                 [&](const ByteSource::Piece& piece) { return piece.offset + piece.length > offset; });
  const std::uint64_t data_begin = next == request_.pieces.end() ? request_.size : next->offset;
  if (offset < data_begin)
    return std::string(static_cast<std::size_t>(std::min<std::uint64_t>(most, data_begin - offset)), '\0');
  if (const Status there = wait_for_client(lock, [&] { return window_.end() > offset; }); !there) return there.error();
  const std::uint64_t end = std::min({offset + most, next->offset + next->length, window_.end()});
  std::string bytes = window_.copy(offset, static_cast<std::size_t>(end - offset));
  window_.drop(end);
  charge_.resize(window_.bytes()).has_value();
  lock.unlock();
  hash_.add(bytes);  // one thread reads
  return bytes;
}

Status Transfer::confirm() {
  std::unique_lock lock(mutex_);
  taken_ = request_.size;
  sha256_ = hash_.finish().substr(std::string_view("sha256:").size());
  changed_.notify_all();
  if (const Status there = wait_for_client(lock, [&] { return committed_.has_value(); }); !there) return there;
  if (*committed_ == *sha256_) return {};
  return fail(error(Failure::failed,
                    fmt::format("what arrived has another SHA-256 ({}) than CommitTransfer says ({}); nothing of the "
                                "file is kept",
                                *sha256_, *committed_)));
}

Status Transfer::give(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  while (!bytes.empty()) {
    const auto full = [&] { return window_.end() - window_.begin() >= window; };
    if (const Status room = wait_for_client(lock, [&] { return !full(); }); !room) return room;
    const std::uint64_t end = window_.end();
    const std::size_t count =
        std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(window - (end - window_.begin())));
    if (const Status paid = charge_.resize(window_.bytes() + count); !paid) return paid;
    window_.put(end, std::string(bytes.substr(0, count)));
    hash_.add(bytes.substr(0, count));
    bytes.remove_prefix(count);
    changed_.notify_all();
  }
  return {};
}

Status Transfer::finish() {
  std::unique_lock lock(mutex_);
  sha256_ = hash_.finish().substr(std::string_view("sha256:").size());
  changed_.notify_all();
  return wait_for_client(lock, [&] { return committed_.has_value(); });
}

}  // namespace vmms::providers
