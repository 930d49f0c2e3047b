#include "cli/transfer.hpp"

#include "base/base64.hpp"
#include "base/caught_error.hpp"
#include "base/content_hash.hpp"
#include "base/thread.hpp"
#include "cim/datetime.hpp"
#include "cli/interrupts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

namespace vmms::cli {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t chunk = 768U << 10;       // its base64 is the most that a Write takes
constexpr std::size_t read_chunk = 512U << 10;  // an answer fits into our MaxEnvelopeSize of 1 MiB
constexpr std::size_t most_connections = 3;
// The server keeps 4 MiB before the last byte that was asked for.
constexpr std::uint64_t most_kept = 4U << 20;
constexpr auto look_interval = 50ms;
constexpr auto retry_interval = 200ms;
constexpr auto lost_time = 5s;  // for a connection to come back

std::size_t connections_for(std::uint64_t bytes) {
  return std::clamp<std::size_t>((bytes + chunk - 1) / chunk, 1, most_connections);
}

std::string sha256_of(ContentHash& hash) { return hash.finish().substr(std::string_view("sha256:").size()); }

std::uint64_t number(const wsman::Record& record, const char* name) { return record.number(name).value_or(0); }

}  // namespace

/// What the connections of a file to the guest share.
struct Transfers::Sending {
  const SourceFile& source;
  std::mutex mutex;
  ContentHash hash{HashAlgorithm::sha256};
  std::size_t piece = 0;   ///< of the source's pieces of data
  std::uint64_t next = 0;  ///< in that
};

/// And of one from it: pieces that came out of order wait for those before.
struct Transfers::Receiving {
  TargetFile& target;
  std::mutex mutex;
  std::condition_variable changed = {};
  ContentHash hash{HashAlgorithm::sha256};
  std::map<std::uint64_t, std::string> early = {};
  std::uint64_t next = 0;
  std::uint64_t written = 0;
  std::uint64_t size = UINT64_MAX;  ///< once the end was seen
  std::string sha256 = {};

  Status put(std::uint64_t offset, std::string bytes) {
    early.emplace(offset, std::move(bytes));
    while (!early.empty() && early.begin()->first == written) {
      const std::string& piece = early.begin()->second;
      if (const Status done = target.write(piece); !done) return done;
      hash.add(piece);
      written += piece.size();
      early.erase(early.begin());
    }
    changed.notify_all();
    return {};
  }
  /// Whether the next piece may be asked for: what a connection still waits for, and may have to ask for again, is
  /// kept.
  bool may_go_on() const { return next + read_chunk <= written + most_kept || next >= size; }
};

Result<wsman::Record> Transfers::open(const std::vector<wsman::Input>& inputs) {
  job_.clear();
  stop_ = false;
  auto outcome = session_.client().invoke(service_, "OpenTransfer", inputs);
  if (!outcome) return outcome.error();
  id_ = outcome->outputs.text("Transfer");
  const wsman::Field* job = outcome->outputs.find("Job");
  if (id_.empty() || !job || !job->reference)
    return error(Failure::failed, fmt::format("OpenTransfer returned {} without a transfer", outcome->return_value));
  job_ = job->reference->value("InstanceID");
  progress_.sign_of_life();
  return std::move(outcome->outputs);
}

// Repeats calls that may be repeated: a slow guest answers late, and connections break.
Result<wsman::Outcome> Transfers::call(wsman::Client& client, const char* method,
                                       const std::vector<wsman::Input>& inputs) {
  std::vector<wsman::Input> all{{"Transfer", id_}};
  all.insert(all.end(), inputs.begin(), inputs.end());
  for (auto heard = Clock::now();;) {
    auto outcome = client.invoke(service_, method, all);
    if (outcome || stop_) return outcome;
    const Failure kind = outcome.error().kind;
    const bool lost = kind == Failure::unreachable;
    if (!lost) heard = Clock::now();
    if ((kind != Failure::timed_out && kind != Failure::busy && !lost) || Clock::now() - heard > lost_time)
      return outcome;
    if (kind != Failure::timed_out) std::this_thread::sleep_for(retry_interval);
  }
}

void Transfers::abort() {
  stop_ = true;
  session_.client().invoke(service_, "AbortTransfer", {{"Transfer", id_}}).has_value();
}

Status Transfers::run(std::size_t connections, std::chrono::seconds more_time, const Work& work) {
  while (clients_.size() < connections) {
    auto client = session_.another_client();
    if (!client) {
      abort();
      return client.error();
    }
    clients_.push_back(*std::move(client));
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t running = connections;
  std::optional<Error> first;
  std::vector<Thread> threads;
  for (std::size_t i = 0; i < connections; ++i) {
    auto thread = Thread::start("copy-connection",
                                [&, i] {
                                  const Status done = [&]() -> Status {
                                    try {
                                      return work(clients_[i]);
                                    } catch (const std::exception&) {
                                      return caught_error();
                                    }
                                  }();
                                  const std::lock_guard lock(mutex);
                                  if (!done && !first) first = done.error();
                                  --running;
                                  changed.notify_all();
                                },
                                {.stack_bytes = 1U << 20});
    if (thread) {
      threads.push_back(*std::move(thread));
      continue;
    }
    // One connection does all of it, too.
    const std::lock_guard lock(mutex);
    running -= connections - i;
    if (i == 0) first = error(Failure::busy, "no thread can be started for the copy: " + thread.error().message);
    break;
  }
  std::optional<Error> aborted;
  std::unique_lock lock(mutex);
  while (running > 0) {
    changed.wait_for(lock, look_interval);
    if (aborted || running == 0) continue;
    if (Interrupts::happened()) {
      interrupted_ = true;
      aborted = error(Failure::invalid_state, "the copy was cancelled");
    } else if (progress_.stands_still() > session_.timeout() + more_time) {
      aborted =
          error(Failure::timed_out,
                fmt::format("the copy has stood still for {} s and was ended (--timeout); the guest does not take "
                            "or give data, or other copies of this VM come first",
                            (session_.timeout() + more_time).count()));
    } else if (first) {
      aborted = first;
    } else {
      continue;
    }
    lock.unlock();
    if (interrupted_) session_.console().progress("cancelling ...");
    abort();
    lock.lock();
  }
  lock.unlock();
  for (Thread& thread : threads) thread.join();
  if (aborted) return *aborted;
  if (!first) return {};
  abort();
  return *first;
}

Status Transfers::commit(std::uint64_t size, const std::string& sha256, std::chrono::seconds more_time) {
  return run(1, more_time, [&](wsman::Client& client) -> Status {
    const auto done = call(client, "CommitTransfer", {{"Size", std::to_string(size)}, {"SHA256", sha256}});
    return done ? Status() : Status(done.error());
  });
}

Status Transfers::send(const SourceFile& source, const Destination& destination) {
  std::vector<wsman::Input> inputs{{"Direction", "1"},
                                   {"Path", destination.path},
                                   {"Size", std::to_string(source.size())},
                                   {"Overwrite", destination.overwrite ? "true" : "false"},
                                   {"CreatePath", destination.create_path ? "true" : "false"},
                                   {"Name", source.name()},
                                   {"Permissions", std::to_string(source.permissions())}};
  const cim::DateTime::TimePoint modified{std::chrono::seconds(source.modified())};
  if (is_datetime(source.modified()))
    inputs.push_back({"LastModified", cim::DateTime::timestamp(modified).to_iso8601()});
  if (source.data_bytes() < source.size())
    for (const ByteSource::Piece& piece : source.pieces())
      for (const std::uint64_t number : {piece.offset, piece.length})
        inputs.push_back({"Pieces", std::to_string(number)});
  const auto opened = open(inputs);
  if (!opened) return opened.error();

  Sending sending{source, {}};
  const Status sent = run(connections_for(source.data_bytes()), 0s, [&](wsman::Client& client) -> Status {
    while (!stop_) {
      std::unique_lock lock(sending.mutex);
      if (sending.piece == source.pieces().size()) break;
      const ByteSource::Piece& piece = source.pieces()[sending.piece];
      const std::uint64_t offset = piece.offset + sending.next;
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, piece.length - sending.next));
      const Result<std::string> bytes = source.read(offset, length);
      if (!bytes) return bytes.error();
      sending.hash.add(*bytes);
      sending.next += length;
      if (sending.next == piece.length) {
        ++sending.piece;
        sending.next = 0;
      }
      lock.unlock();
      const auto written = call(client, "Write", {{"Offset", std::to_string(offset)}, {"Data", encode_base64(*bytes)}});
      if (!written) return written.error();
      progress_.moved(length);
    }
    return {};
  });
  if (!sent) return sent;
  if (const Status same = source.confirm(); !same) {
    abort();
    return same;
  }
  return commit(source.size(), sha256_of(sending.hash), writing_time(source.data_bytes()));
}

// The guest writes to its disk in the last step, and sends nothing until it has. A time-out that the user set holds for
// it, too.
std::chrono::seconds Transfers::writing_time(std::uint64_t bytes) const {
  return session_.timeout_is_given() ? 0s : std::chrono::seconds(bytes >> 20);
}

Status Transfers::receive(const std::string& path, const std::function<Result<TargetFile>()>& make_target) {
  const auto opened = open({{"Direction", "2"}, {"Path", path}});
  if (!opened) return opened.error();
  const auto file = read_guest_file(opened->text("File"));
  auto target = make_target();
  Status ready = target ? Status() : Status(target.error());
  if (ready) ready = target->expect(file ? file->size : 0);
  if (!ready) {
    abort();
    return ready;
  }
  Receiving receiving{*target, {}};
  const Status received = run(connections_for(file ? file->size : 0), 0s, [&](wsman::Client& client) -> Status {
    while (!stop_) {
      std::unique_lock lock(receiving.mutex);
      // One that broke takes its time; the others must not leave it behind.
      while (!stop_ && !receiving.may_go_on()) receiving.changed.wait_for(lock, look_interval);
      const std::uint64_t begin = receiving.next;
      if (begin >= receiving.size) break;
      receiving.next += read_chunk;
      lock.unlock();
      for (std::uint64_t offset = begin; offset < begin + read_chunk;) {
        const auto answer =
            call(client, "Read",
                 {{"Offset", std::to_string(offset)}, {"Length", std::to_string(begin + read_chunk - offset)}});
        if (!answer) return answer.error();
        auto bytes = decode_base64(answer->outputs.text("Data"));
        const bool end = answer->outputs.is_true("EndOfFile");
        if (!bytes || bytes->size() > begin + read_chunk - offset || (bytes->empty() && !end))
          return error(Failure::failed, "the server's answer to Read makes no sense");
        lock.lock();
        if (end) {
          receiving.size = number(answer->outputs, "Size");
          receiving.sha256 = answer->outputs.text("SHA256");
        }
        const std::size_t count = bytes->size();
        if (count > 0) {
          if (const Status put = receiving.put(offset, *std::move(bytes)); !put) return put;
        }
        lock.unlock();
        progress_.moved(count);
        offset += count;
        if (end) break;
      }
    }
    return {};
  });
  if (!received) return received;
  const std::string sha256 = sha256_of(receiving.hash);
  if (receiving.written != receiving.size || sha256 != receiving.sha256) {
    abort();
    return error(Failure::failed, fmt::format("\"{}\" arrived with another size or hash than it was sent with; copy it "
                                              "again",
                                              path));
  }
  if (const Status kept = target->commit(file ? static_cast<std::uint32_t>(file->permissions) : 0644U,
                                         file && file->modified_seconds
                                             ? *file->modified_seconds
                                             : std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
      !kept) {
    abort();
    return kept;
  }
  return commit(receiving.size, sha256, 0s);
}

}  // namespace vmms::cli
