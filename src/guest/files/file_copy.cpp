#include "guest/files/file_copy.hpp"

#include "base/text.hpp"
#include "base/thread.hpp"
#include "base/waiting.hpp"
#include "guest/agent/printable.hpp"
#include "guest/files/file_copy_times.hpp"
#include "guest/files/file_scripts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

namespace vmms::guest {

namespace {

using namespace std::chrono_literals;

constexpr auto port_open_time = 20s;
constexpr auto answer_interval = 10ms;

/// A file that is still arriving takes its sender's time; the observer of the copy may end it sooner.
constexpr Clock::duration total_time(std::uint64_t bytes) { return 600s + std::chrono::seconds(bytes >> 14); }

constexpr std::size_t reply_limit = 16384;

/// Notes that the scope was left, however that happened.
struct AtEnd {
  std::atomic<bool>& left;
  ~AtEnd() { left = true; }
};

}  // namespace

// Windows has an agent that runs programs, but not /bin/sh.
bool FileCopy::has_shell() const { return capabilities_.can_execute && capabilities_.os_id != windows_id; }

Port* FileCopy::port() {
  if (port_ || no_port_) return port_.get();
  auto opened = transport_->open_port("data", Clock::now() + port_open_time);
  if (opened) {
    port_ = *std::move(opened);
  } else {
    no_port_ = true;
  }
  return port_.get();
}

Result<std::string> FileCopy::to_guest(const ByteSource& source, const Destination& destination) {
  if (const Status checked = check_guest_path(destination.path); !checked) return checked.error();
  if (cancelled()) return cancelled_error();
  if (!has_shell()) return in_place(source, destination);
  const PartFile part{fmt::format(".vmms-{}.part", to_lower(random_guid())), destination.path, source.name()};
  // Before anything begins, so that a crash of vmmsd at no moment leaves an unrecorded file.
  if (observer_.has_part) observer_.has_part(&part);
  tidied_ = false;
  Result<std::string> target = receive({source, destination, part});
  if (!target && !tidied_) {
    port_.reset();
    tidied_ = Files(transport_, abandoned_).discard(part, Clock::now() + 10s).has_value();
  }
  if ((target || tidied_) && observer_.has_part) observer_.has_part(nullptr);
  return target;
}

// A script that says how it ended has removed its part file or put it into its place. One that does not was never
// started, or died with the agent.
Result<std::string> FileCopy::outcome(const Output& output, const std::string& path) {
  const std::string_view code = line_value(output.out, "Error");
  const std::string target(line_value(output.out, "Target"));
  const bool named = check_guest_path(target).has_value();
  tidied_ = !code.empty() || !target.empty();
  if (!line_value(output.out, "Done").empty() && named) return target;
  return file_error(code, named ? target : path, output.err);
}

Result<FileCopy::Prepared> FileCopy::prepare(const CopyTask& task) {
  Script script{file_prepare_script, file_scripts::prepare, place_parameters(task), {}};
  const Result<Output> output = Execution(transport_, abandoned_, std::move(script)).finish(soon());
  if (!output) return output.error();
  Prepared prepared{std::string(line_value(output->out, "Target")), std::string(line_value(output->out, "Part"))};
  if (check_guest_path(prepared.target) && check_guest_path(prepared.part)) return prepared;
  const std::string_view code = line_value(output->out, "Error");
  tidied_ = !code.empty();
  return file_error(code, check_guest_path(prepared.target) ? prepared.target : task.destination.path, output->err);
}

std::vector<std::string> FileCopy::place_parameters(const CopyTask& task) {
  return {task.part.name,
          task.destination.path,
          task.part.source,
          task.destination.overwrite ? "1" : "0",
          task.destination.create_path ? "1" : "0",
          std::to_string(task.source.data_bytes())};
}

Script FileCopy::receive_script(std::string_view from, const CopyTask& task,
                                const std::vector<ByteSource::Piece>& pieces, std::string sums) {
  Script script{file_receive_script, file_scripts::receive, place_parameters(task), {}};
  script.parameters.insert(script.parameters.begin(), std::string(from));
  const ByteSource& source = task.source;
  script.parameters.insert(script.parameters.end(),
                           {std::to_string(source.size()), fmt::format("{:o}", source.permissions()),
                            std::to_string(source.modified()), std::move(sums)});
  for (const ByteSource::Piece& piece : pieces) {
    script.parameters.push_back(std::to_string(piece.offset));
    script.parameters.push_back(std::to_string(piece.length));
  }
  return script;
}

Result<std::string> FileCopy::receive(const CopyTask& task) {
  const bool small = task.source.data_bytes() <= at_once_limit;
  if (small && task.source.at_hand()) return at_once(task);
  // A port costs more than a few commands; but these would also write the holes.
  if (small && capabilities_.can_write_files && task.source.size() <= at_once_limit) return in_chunks(task);
  if (port()) {
    if (const auto agent = own_agent_ ? own_agent_() : nullptr) {
      Result<std::string> done = through_own_agent(*agent, task);
      if (done || done.error().kind != Failure::unreachable || !task.source.at_hand() || !port()) return done;
      // It may end at any time; there are other ways, and they start from the beginning.
      if (const Status gone = Files(transport_, abandoned_).discard(task.part, soon()); !gone) return gone.error();
    }
    return through_port(task);
  }
  if (capabilities_.can_write_files) return in_chunks(task);
  return error(Failure::not_supported,
               "the virtual machine takes no data port and its agent forbids guest-file-write; allow it in the guest "
               "(docs/guest-services.md)");
}

Result<std::string> FileCopy::at_once(const CopyTask& task) {
  std::string bytes;
  for (const ByteSource::Piece& piece : task.source.pieces()) {
    const Result<std::string> read = task.source.read(piece.offset, piece.length);
    if (!read) return read.error();
    bytes += *read;
  }
  ContentHash hash(HashAlgorithm::both);
  hash.add(bytes);
  Script script = receive_script("-", task, task.source.pieces(), hash.finish());
  const std::size_t size = bytes.size();
  script.input = std::move(bytes);
  Execution execution(transport_, abandoned_, std::move(script));
  Result<std::string> target = finish(execution, task, size);
  if (target) moved(size);
  return target;
}

Result<std::string> FileCopy::through_port(const CopyTask& task) {
  const ByteSource& source = task.source;
  Execution execution(transport_, abandoned_, receive_script(port_->name(), task, source.pieces(), {}));
  if (const auto begun = execution.advance(soon())) return begun->error();
  std::optional<Result<Output>> ended;
  // Only when the port has no data is the guest asked whether the script still runs: that takes its time.
  const auto still_runs = [&](Clock::time_point patience) -> Status {
    if (cancelled()) return cancelled_error();
    ended = execution.poll(soon());
    if (ended) return error(Failure::failed, "the guest does not take the data");
    if (Clock::now() < patience) return {};
    return error(Failure::timed_out, fmt::format("the guest has taken no data for {} s", stall_time.count()));
  };
  // Nothing of such a piece has gone when the port says that it timed out.
  const auto send = [&](std::string_view bytes) -> Status {
    for (const Clock::time_point patience = soon();;) {
      if (cancelled()) return cancelled_error();
      const Status written = port_->write(bytes, Clock::now() + port_time);
      if (written || written.error().kind != Failure::timed_out) return written;
      if (const Status runs = still_runs(patience); !runs) return runs;
    }
  };
  std::string reply;
  const auto read_reply = [&]() -> Status {
    for (const Clock::time_point patience = soon(); !reply.ends_with("\n\n");) {
      const Result<std::string> bytes = port_->read(reply_limit, Clock::now() + reply_time);
      if (bytes) reply += *bytes;
      if (reply.size() > reply_limit) return error(Failure::failed, "the guest's answer to a copy makes no sense");
      if (bytes) continue;
      if (bytes.error().kind != Failure::timed_out) return bytes.error();
      if (const Status runs = still_runs(patience); !runs) return runs;
    }
    return {};
  };

  Status sent = read_reply();
  ContentHash hash(line_value(reply, "Hash") == "blake2b" ? HashAlgorithm::blake2b : HashAlgorithm::sha256);
  for (const ByteSource::Piece& piece : source.pieces()) {
    for (std::uint64_t at = 0; sent && at < piece.length;) {
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(port_chunk, piece.length - at));
      const Result<std::string> bytes = source.read(piece.offset + at, most);
      sent = bytes ? send(*bytes) : Status(bytes.error());
      if (!sent) break;
      hash.add(*bytes);
      moved(bytes->size());
      at += bytes->size();
    }
  }
  if (sent) sent = source.confirm();
  if (sent) sent = send(hash.finish() + "\n");
  if (ended) return *ended ? outcome(**ended, task.destination.path) : Result<std::string>((*ended).error());
  if (!sent) {
    port_.reset();  // the guest sees the end of the data and removes what it has
    finish(execution, task, 0);
    return sent.error();
  }
  return finish(execution, task, source.data_bytes());
}

Result<std::string> FileCopy::through_own_agent(OwnAgentSession& agent, const CopyTask& task) {
  const ByteSource& source = task.source;
  const Result<Prepared> prepared = prepare(task);
  if (!prepared) return prepared.error();
  std::vector<protocol::Segment> segments;
  for (const ByteSource::Piece& piece : source.pieces()) segments.push_back({piece.offset, piece.length});
  std::atomic<bool> stop{false};
  std::atomic<bool> ended{false};
  Result<OwnAgentSession::Transfer> transfer = error(Failure::failed, "no memory for what its agent answers");
  Result<Thread> receiver = Thread::start("guest-receives", [&, name = port_->name()] {
    const AtEnd at_end{ended};
    transfer = agent.receive_file(name, prepared->part, source.size(), std::move(segments),
                                  Clock::now() + total_time(source.data_bytes()), [&] { return stop.load(); });
  });
  if (!receiver)
    return error(Failure::busy, "no thread can be started for the agent's answer: " + receiver.error().message);
  const AtEnd at_end{stop};  // before the thread is waited for
  ContentHash hash(HashAlgorithm::sha256);
  Status sent;
  for (const ByteSource::Piece& piece : source.pieces()) {
    for (std::uint64_t at = 0; sent && at < piece.length;) {
      const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(port_chunk, piece.length - at));
      const Result<std::string> bytes = source.read(piece.offset + at, most);
      if (!bytes) sent = bytes.error();
      for (const Clock::time_point patience = soon(); sent;) {
        const Status written = port_->write(*bytes, Clock::now() + port_time);
        if (written) break;
        if (cancelled()) sent = cancelled_error();
        if (written.error().kind != Failure::timed_out || Clock::now() >= patience || ended) sent = written;
      }
      if (cancelled()) sent = cancelled_error();
      if (!sent) break;
      hash.add(*bytes);
      moved(bytes->size());
      at += bytes->size();
    }
  }
  if (sent) sent = source.confirm();
  // The guest writes to its disk before it answers. A caller that cancels the copy does not wait for that, nor does a
  // thread.
  const Clock::time_point patience = time_for(source.data_bytes());
  std::optional<Error> given_up;
  while (sent && !ended && !given_up) {
    sleep_for(answer_interval);
    if (cancelled()) given_up = cancelled_error();
    if (Clock::now() >= patience)
      given_up =
          error(Failure::timed_out, "the guest has not finished writing \"" + printable(prepared->target, 1000) + "\"");
  }
  if (!sent || given_up) {
    stop = true;
    port_.reset();
  }
  receiver->join();
  if (given_up) return *given_up;
  if (!sent && sent.error().kind != Failure::timed_out) return sent.error();
  if (!transfer) {
    port_.reset();
    const Failure kind = transfer.error().kind;
    return kind == Failure::failed ? file_error("write", prepared->target, transfer.error().message) : transfer.error();
  }
  if (!sent) return sent.error();
  std::string sum = "sha256:";
  for (const std::uint8_t byte : transfer->sha256) sum += fmt::format("{:02x}", byte);
  if (transfer->bytes != source.data_bytes() || !same_hash(hash.finish(), sum))
    return file_error("hash", prepared->target, {});
  return put_into_place("checked", task, *prepared, source.pieces(), {});
}

Result<std::string> FileCopy::in_chunks(const CopyTask& task) {
  const ByteSource& source = task.source;
  const Result<Prepared> prepared = prepare(task);
  if (!prepared) return prepared.error();
  Agent agent(*transport_);
  const Result<std::int64_t> handle = agent.open_file(prepared->part, "r+", soon());
  if (!handle) return handle.error();
  ContentHash hash(HashAlgorithm::both);
  Status written = write_chunks(source, *handle, hash);
  const Status closed = agent.close_file(*handle, soon());
  if (written && !closed) written = closed;
  if (!written) return written.error();
  // Holes were written as zeros, so the whole is one piece.
  std::vector<ByteSource::Piece> whole;
  if (source.size() > 0) whole.push_back({0, source.size()});
  return put_into_place("file", task, *prepared, whole, hash.finish());
}

Result<std::string> FileCopy::put_into_place(std::string_view from, const CopyTask& task, const Prepared& prepared,
                                             const std::vector<ByteSource::Piece>& pieces, std::string sums) {
  Destination target = task.destination;
  target.path = prepared.target;
  const CopyTask placed{task.source, target, task.part};
  Execution execution(transport_, abandoned_, receive_script(from, placed, pieces, std::move(sums)));
  return finish(execution, placed, task.source.size());
}

Status FileCopy::write_chunks(const ByteSource& source, std::int64_t handle, ContentHash& hash) {
  Agent agent(*transport_);
  for (std::uint64_t at = 0; at < source.size();) {
    if (cancelled()) return cancelled_error();
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(file_chunk, source.size() - at));
    const Result<std::string> bytes = source.read(at, most);
    if (!bytes) return bytes.error();
    hash.add(*bytes);
    if (const Status written = agent.write_file(handle, *bytes, soon()); !written) return written;
    moved(bytes->size());
    at += bytes->size();
  }
  return source.confirm();
}

// Without guest-exec there is no rename, no directory and no variable: the agent can only open, write and read.
Result<std::string> FileCopy::in_place(const ByteSource& source, const Destination& destination) {
  if (!capabilities_.can_write_files) return forbidden_error("guest-exec and guest-file-write");
  if (destination.path.find('$') != std::string::npos)
    return error(Failure::not_supported, "variables in a path need guest-exec, which the guest's agent forbids");
  Agent agent(*transport_);
  std::string path = destination.path;
  if (path.ends_with('/')) path += source.name();
  if (!destination.overwrite) {
    if (const Result<std::int64_t> there = agent.open_file(path, "r", soon())) {
      agent.close_file(*there, soon());
      return file_error("exists", path, {});
    }
  }
  Result<std::int64_t> handle = agent.open_file(path, "w", soon());
  if (!handle) return file_error("write", path, handle.error().message);
  ContentHash hash(HashAlgorithm::sha256);
  Status written = write_chunks(source, *handle, hash);
  const Status closed = agent.close_file(*handle, soon());
  if (!written) return written.error();
  if (!closed) return closed.error();

  handle = agent.open_file(path, "r", soon());
  if (!handle) return handle.error();
  ContentHash arrived(HashAlgorithm::sha256);
  std::uint64_t size = 0;
  for (bool end = false; !end;) {
    const Result<FilePiece> piece = agent.read_file(*handle, file_read_chunk, soon());
    if (!piece) return piece.error();
    arrived.add(piece->bytes);
    size += piece->bytes.size();
    end = piece->end || piece->bytes.empty() || size > source.size();
  }
  agent.close_file(*handle, soon());
  if (size != source.size() || arrived.finish() != hash.finish()) return file_error("hash", path, {});
  return path;
}

Result<std::string> FileCopy::finish(Execution& execution, const CopyTask& task, std::uint64_t bytes) {
  const std::string& path = task.destination.path;
  const Clock::time_point patience = time_for(bytes);
  bool gave_up = false;
  while (Clock::now() < patience) {
    if (const auto ended = execution.advance(patience)) {
      Result<std::string> target = *ended ? outcome(**ended, path) : Result<std::string>(ended->error());
      return target || !gave_up ? target : Result<std::string>(cancelled_error());
    }
    // Without its part file the script fails, unless it has just put it into its place.
    if (cancelled() && !std::exchange(gave_up, true)) {
      port_.reset();
      Files(transport_, abandoned_).discard(task.part, soon()).has_value();
    }
  }
  return error(Failure::timed_out, "the guest has not finished writing \"" + printable(path, 1000) + "\"");
}

}  // namespace vmms::guest
