// Both sides of a transfer: the client's calls on one thread, the copy on another.
#include "providers/files/transfer.hpp"

#include <gtest/gtest.h>

#include <future>
#include <random>
#include <thread>
#include <tuple>

namespace vmms::providers {
namespace {

using namespace std::chrono_literals;

Transfer::Clock::time_point in(std::chrono::milliseconds time) { return Transfer::Clock::now() + time; }

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

std::string sha256(std::string_view bytes) {
  ContentHash hash(HashAlgorithm::sha256);
  hash.add(bytes);
  return hash.finish().substr(7);
}

Transfer::Request to_guest(std::uint64_t size) {
  Transfer::Request request;
  request.size = size;
  if (size > 0) request.pieces = {{0, size}};
  return request;
}

/// What a copy does with a source: takes it in chunks, then asks whether it is right.
struct Guest {
  explicit Guest(Transfer& client) : transfer(client), thread([this] { copy(); }) {}
  ~Guest() { thread.join(); }
  void copy() {
    Status done = transfer.begin([this] { return cancelled.load(); });
    const auto source = transfer.source();
    for (const ByteSource::Piece& piece : source->pieces())
      for (std::uint64_t at = 0; done && at < piece.length;) {
        const auto bytes = source->read(piece.offset + at, std::min<std::uint64_t>(64 << 10, piece.length - at));
        if (bytes) content += *bytes;
        if (bytes) at += bytes->size();
        done = bytes ? Status() : Status(bytes.error());
      }
    if (done) done = source->confirm();
    transfer.end(done);
  }
  Transfer& transfer;
  std::atomic<bool> cancelled = false;
  std::string content;
  std::thread thread;
};

TEST(Transfer, BytesArriveWhateverTheirOrder) {
  const std::string bytes = pattern(3'000'000);
  Transfer transfer(to_guest(bytes.size()));
  {
    Guest guest(transfer);
    std::vector<std::future<Status>> calls;
    std::mt19937 random(1);
    std::vector<std::size_t> offsets;
    for (std::size_t at = 0; at < bytes.size(); at += 500'000) offsets.push_back(at);
    std::shuffle(offsets.begin(), offsets.end(), random);
    for (const std::size_t at : offsets)
      calls.push_back(std::async(std::launch::async, [&, at] {
        // Some come twice, and reach into their neighbours.
        return transfer.write(at, bytes.substr(at, std::min<std::size_t>(500'100, bytes.size() - at)), in(10s));
      }));
    for (auto& call : calls) EXPECT_TRUE(call.get());
    EXPECT_TRUE(transfer.write(0, bytes.substr(0, 10), in(1s))) << "the guest has it already";
    const Status done = transfer.commit(bytes.size(), sha256(bytes), in(10s));
    EXPECT_TRUE(done) << done.error().message;
    EXPECT_TRUE(transfer.commit(bytes.size(), sha256(bytes), in(1s))) << "once more";
    EXPECT_EQ(transfer.held_bytes(), 0U);
    EXPECT_EQ(guest.content, bytes);
  }
}

TEST(Transfer, HolesAreNotWritten) {
  Transfer::Request request = to_guest(1ULL << 40);
  request.pieces = {{1'000'000, 100'000}, {900'000'000'000, 50'000}};
  Transfer transfer(request);
  Guest guest(transfer);
  const std::string first = pattern(100'000);
  const std::string second = pattern(50'000);
  auto far = std::async(std::launch::async, [&] { return transfer.write(900'000'000'000, second, in(10s)); });
  ASSERT_TRUE(transfer.write(1'000'000, first, in(10s)));
  ASSERT_TRUE(far.get());
  EXPECT_TRUE(transfer.commit(1ULL << 40, sha256(first + second), in(10s)));
  EXPECT_EQ(guest.content, first + second);
}

TEST(Transfer, WhatLiesInHolesIsNotTaken) {
  Transfer::Request request = to_guest(1ULL << 40);
  request.pieces = {{0, 100}, {200, 100}, {(1ULL << 40) - 1, 1}};
  Transfer transfer(request);
  const std::tuple<std::uint64_t, std::size_t> holes[] = {{100, 1},     {100, 100},      {99, 2},
                                                          {50, 200},    {199, 1},        {250, 51},
                                                          {300, 10000}, {1ULL << 39, 1}, {(1ULL << 40) - 2, 2}};
  for (const auto& [offset, size] : holes) {
    const Status written = transfer.write(offset, std::string(size, 'x'), in(0ms));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().kind, Failure::invalid_argument) << offset;
    EXPECT_NE(written.error().message.find("hole"), std::string::npos) << written.error().message;
  }
  EXPECT_EQ(transfer.held_bytes(), 0U);
  for (const std::uint64_t offset : {0ULL, 200ULL, (1ULL << 40) - 1})
    EXPECT_EQ(transfer.write(offset, "x", in(0ms)).error().kind, Failure::timed_out) << offset;
}

TEST(Transfer, WhatDiffersEndsIt) {
  const std::string bytes = pattern(100'000);
  for (const int what : {0, 1, 2}) {
    Transfer transfer(to_guest(bytes.size()));
    Guest guest(transfer);
    ASSERT_TRUE(transfer.write(0, what == 2 ? bytes.substr(0, 70'000) : bytes, in(10s)) || what == 2);
    const Status done = transfer.commit(what == 0 ? bytes.size() + 1 : bytes.size(),
                                        what == 1 ? sha256("other") : sha256(bytes), in(10s));
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().kind, Failure::failed) << done.error().message;
    EXPECT_FALSE(transfer.write(0, "x", in(1s)));
  }
}

TEST(Transfer, CallsAreBounded) {
  Transfer transfer(to_guest(1ULL << 30));
  EXPECT_EQ(transfer.write(1ULL << 30, "x", in(1s)).error().kind, Failure::invalid_argument);
  EXPECT_EQ(transfer.write(Transfer::window, "x", in(1s)).error().kind, Failure::invalid_argument);
  EXPECT_EQ(transfer.write(0, "x", in(1ms)).error().kind, Failure::timed_out) << "nobody takes it";
  std::vector<std::future<Status>> calls;
  for (unsigned i = 0; i < Transfer::most_calls; ++i)
    calls.push_back(std::async(std::launch::async, [&, i] { return transfer.write(100 + i, "x", in(10s)); }));
  while (transfer.held_bytes() < 1 + Transfer::most_calls) std::this_thread::yield();
  EXPECT_EQ(transfer.write(200, "x", in(1s)).error().kind, Failure::busy);
  EXPECT_TRUE(transfer.abort(error(Failure::invalid_state, "enough"), in(1s))) << "its job has not begun";
  for (auto& call : calls) EXPECT_EQ(call.get().error().message, "enough");
  EXPECT_EQ(transfer.held_bytes(), 0U);
}

TEST(Transfer, SmallPiecesCostNoMoreThanTheirBytes) {
  TransferWindow window;
  constexpr std::size_t size = 200'000;
  const std::string bytes = pattern(size);
  for (std::size_t at = 0; at < size; ++at) window.put(at, bytes.substr(at, 1));
  EXPECT_LE(window.pieces(), 8U);
  EXPECT_EQ(window.bytes(), size);
  EXPECT_EQ(window.end(), size);
  EXPECT_EQ(window.copy(0, size), bytes);
  window.drop(100'001);
  EXPECT_EQ(window.copy(100'001, 50), bytes.substr(100'001, 50));

  Transfer transfer(to_guest(1 << 20));
  for (std::size_t i = 0; i < Transfer::most_pieces; ++i)
    EXPECT_EQ(transfer.write(2 * i + 1, "x", in(0ms)).error().kind, Failure::timed_out);
  EXPECT_EQ(transfer.write(2 * Transfer::most_pieces + 1, "x", in(0ms)).error().kind, Failure::invalid_argument);
  EXPECT_EQ(transfer.write(0, "x", in(0ms)).error().kind, Failure::timed_out) << "what is missing is taken";
  EXPECT_EQ(transfer.held_bytes(), Transfer::most_pieces + 1);
}

TEST(Transfer, WhoeverCancelsTheJobEndsTheCalls) {
  Transfer transfer(to_guest(100));
  Guest guest(transfer);
  guest.cancelled = true;
  const Status written = transfer.write(50, "x", in(10s));
  ASSERT_FALSE(written);
  EXPECT_NE(written.error().message.find("cancelled"), std::string::npos);
}

TEST(Transfer, AFileOfTheGuestIsReadInPiecesAndAgain) {
  Transfer::Request request;
  request.direction = CopyDirection::from_guest;
  Transfer transfer(request);
  const std::string bytes = pattern(20'000'000);
  std::thread guest([&] {
    Status done = transfer.begin({});
    const auto sink = transfer.sink(1ULL << 40);
    for (std::size_t at = 0; done && at < bytes.size(); at += 100'000) done = sink->write(bytes.substr(at, 100'000));
    if (done) done = sink->commit(0644, 0);
    transfer.end(done);
  });
  std::string content;
  for (bool end = false; !end;) {
    auto piece = transfer.read(content.size(), 700'000, in(10s));
    ASSERT_TRUE(piece) << piece.error().message;
    EXPECT_EQ(transfer.read(content.size(), 100, in(10s))->bytes, piece->bytes.substr(0, 100));
    EXPECT_LE(transfer.held_bytes(), Transfer::window + Transfer::most_kept);
    content += piece->bytes;
    end = piece->end;
    if (end) {
      EXPECT_EQ(piece->sha256, sha256(bytes));
    }
  }
  EXPECT_EQ(content, bytes);
  EXPECT_EQ(transfer.read(0, 100, in(1s)).error().kind, Failure::invalid_argument) << "no longer kept";
  for (const std::uint64_t beyond :
       {std::uint64_t{bytes.size()}, bytes.size() + 5, std::uint64_t{1} << 63, UINT64_MAX - 1, UINT64_MAX}) {
    const auto nothing = transfer.read(beyond, 100, in(1s));
    ASSERT_TRUE(nothing) << nothing.error().message;
    EXPECT_TRUE(nothing->end && nothing->bytes.empty());
    EXPECT_EQ(nothing->size, bytes.size());
  }
  EXPECT_EQ(transfer.read(bytes.size() - 100, 1000, in(1s))->bytes, bytes.substr(bytes.size() - 100)) << "still kept";
  EXPECT_TRUE(transfer.commit(bytes.size(), sha256(bytes), in(10s)));
  guest.join();
}

TEST(Transfer, AFileThatIsTooLargeIsNotRead) {
  Transfer::Request request;
  request.direction = CopyDirection::from_guest;
  Transfer transfer(request);
  const auto sink = transfer.sink(1000);
  EXPECT_FALSE(sink->expect(1001));
  EXPECT_TRUE(sink->write(std::string(1000, 'x')));
  EXPECT_FALSE(sink->write("x"));
}

}  // namespace
}  // namespace vmms::providers
