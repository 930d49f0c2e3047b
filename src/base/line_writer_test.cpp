#include "base/line_writer.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

namespace vmms {
namespace {

using namespace std::chrono_literals;

std::string report(std::uint64_t lost) { return "lost " + std::to_string(lost) + "\n"; }

/// Where lines go; can be held shut.
class Place {
 public:
  bool write(std::string_view lines) {
    std::unique_lock lock(mutex_);
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (fails_) return false;
    text_ += lines;
    return true;
  }
  LineWriter::Output output() {
    return [this](std::string_view lines) { return write(lines); };
  }
  void set(bool open, bool fails = false) {
    const std::scoped_lock lock(mutex_);
    open_ = open;
    fails_ = fails;
    changed_.notify_all();
  }
  void wait_for_call() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return calls_ > 0; });
  }
  std::string text() {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  bool fails_ = false;
  int calls_ = 0;
  std::string text_;
};

TEST(LineWriter, NobodyWaitsForASlowPlaceAndWhatIsLostIsCounted) {
  Place place;
  place.set(false);
  LineWriter writer(100, place.output(), report);
  EXPECT_TRUE(writer.add("first"));
  place.wait_for_call();  // it is being written, the queue is empty
  int taken = 0;
  for (int i = 0; i < 50; ++i) taken += writer.add("123456789");
  EXPECT_EQ(taken, 10);
  EXPECT_FALSE(writer.flush(20ms));
  place.set(true);
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_TRUE(writer.add("last"));
  EXPECT_TRUE(writer.flush(10s));
  std::string expected = "first\n";
  for (int i = 0; i < 10; ++i) expected += "123456789\n";
  EXPECT_EQ(place.text(), expected + "lost 40\nlast\n");
}

TEST(LineWriter, APlaceThatFailsIsToldOfWhenItWorksAgain) {
  Place place;
  place.set(true, true);
  LineWriter writer(1000, place.output(), report);
  writer.add("one");
  EXPECT_TRUE(writer.flush(10s));
  place.set(true, false);
  writer.add("two");
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(place.text(), "two\nlost 1\n");
}

TEST(LineWriter, APlaceThatThrowsEndsNothing) {
  std::atomic<int> calls = 0;
  LineWriter writer(
      1000,
      [&](std::string_view) -> bool {
        if (++calls == 1) throw std::runtime_error("full");
        return true;
      },
      report);
  writer.add("one");
  EXPECT_TRUE(writer.flush(10s));
  writer.add("two");
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(calls, 3) << "two, and the report of one";
}

TEST(LineWriter, LinesGoElsewhereFromNowOn) {
  Place before;
  Place after;
  LineWriter writer(1000, before.output(), report);
  writer.add("one");
  EXPECT_TRUE(writer.flush(10s));
  writer.replace(after.output());
  writer.add("two");
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(before.text(), "one\n");
  EXPECT_EQ(after.text(), "two\n");
}

TEST(LineWriter, ManyThreadsKeepTheirLinesWhole) {
  Place place;
  LineWriter writer(1 << 20, place.output(), report);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) writer.add(std::string(50, static_cast<char>('a' + t)));
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(writer.flush(10s));
  const std::string text = place.text();
  ASSERT_EQ(text.size(), 2000u * 51);
  for (std::size_t at = 0; at < text.size(); at += 51) EXPECT_EQ(text.substr(at, 51), std::string(50, text[at]) + '\n');
}

TEST(LineWriter, AFullPipeHoldsUpItsThreadAlone) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  {
    LineWriter writer(
        4096, [to = ends[1]](std::string_view lines) { return write_lines(to, lines); }, report);
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 2000; ++i) {
      writer.add(std::string(99, 'x'));
      if (i % 40 == 39) writer.flush(5ms);  // into the pipe, as long as it takes them
    }
    EXPECT_FALSE(writer.flush(50ms));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  }
  // Room again: the thread that was left behind ends.
  std::string rest(1 << 20, '\0');
  std::size_t read = 0;
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (rest.find("lost") == std::string::npos && std::chrono::steady_clock::now() < end) {
    const ssize_t more = ::read(ends[0], rest.data() + read, rest.size() - read);
    if (more > 0) read += static_cast<std::size_t>(more);
  }
  EXPECT_NE(rest.find("lost"), std::string::npos);
  ::close(ends[0]);  // the other end stays open for the thread
}

}  // namespace
}  // namespace vmms
