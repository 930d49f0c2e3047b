#include "guest/file_copy.hpp"

#include "base/text.hpp"
#include "guest/file_copy_times.hpp"
#include "guest/file_scripts.hpp"
#include "guest/printable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <utility>

namespace vmms::guest {

namespace {

using namespace std::chrono_literals;

constexpr auto port_open_time = 20s;

constexpr std::string_view port_begin = "vmmsdata\n";

Status outcome(const Output& output, const std::string& path) {
  if (!line_value(output.out, "Done").empty()) return {};
  return file_error(line_value(output.out, "Error"), path, output.err);
}

}  // namespace

// Windows has an agent that runs programs, but not /bin/sh.
bool FileCopy::has_shell() const { return capabilities_.can_execute && capabilities_.os_id != "mswindows"; }

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

Result<std::string> FileCopy::to_guest(const SourceFile& source, const Destination& destination) {
  if (const Status checked = check_guest_path(destination.path); !checked) return checked.error();
  if (cancelled()) return cancelled_error();
  if (!has_shell()) return in_place(source, destination);
  const Result<Prepared> prepared = prepare(source, destination);
  if (!prepared) return prepared.error();
  if (observer_.has_part) observer_.has_part(prepared->part);
  const Status received = receive(source, *prepared, destination.overwrite);
  if (!received) {
    // The script removes its part file itself, unless it was never started or died with the agent.
    port_.reset();
    const Status discarded = Files(transport_, leftovers_).discard(prepared->part, Clock::now() + 10s);
    if (discarded && observer_.has_part) observer_.has_part({});
    return received.error();
  }
  if (observer_.has_part) observer_.has_part({});
  return prepared->target;
}

Result<FileCopy::Prepared> FileCopy::prepare(const SourceFile& source, const Destination& destination) const {
  const Script script{
      file_prepare_script,
      file_scripts::prepare,
      {destination.path, source.name(), destination.overwrite ? "1" : "0", destination.create_path ? "1" : "0",
       fmt::format(".vmms-{}.part", to_lower(random_guid())), std::to_string(source.data_bytes())},
      {}};
  const Result<Output> output = Execution(transport_, leftovers_, script).finish(soon());
  if (!output) return output.error();
  Prepared prepared{std::string(line_value(output->out, "Target")), std::string(line_value(output->out, "Part")),
                    line_value(output->out, "Hash") == "blake2b" ? HashAlgorithm::blake2b : HashAlgorithm::sha256};
  if (prepared.target.empty() || !check_guest_path(prepared.target) || !check_guest_path(prepared.part))
    return file_error(line_value(output->out, "Error"), destination.path, output->err);
  return prepared;
}

Script FileCopy::receive_script(std::string_view from, const SourceFile& source, const Prepared& prepared,
                                bool overwrite, std::string sums) const {
  Script script{
      file_receive_script,
      file_scripts::receive,
      {std::string(from), prepared.part, prepared.target, std::to_string(source.size()), overwrite ? "1" : "0",
       fmt::format("{:o}", source.permissions()), std::to_string(source.modified()), std::move(sums)},
      {}};
  for (const SourceFile::Piece& piece : source.pieces()) {
    script.parameters.push_back(std::to_string(piece.offset));
    script.parameters.push_back(std::to_string(piece.length));
  }
  return script;
}

Status FileCopy::receive(const SourceFile& source, const Prepared& prepared, bool overwrite) {
  if (source.data_bytes() <= at_once_limit) return at_once(source, prepared, overwrite);
  if (port()) {
    if (const auto agent = own_agent_ ? own_agent_() : nullptr) {
      const Status done = through_own_agent(*agent, source, prepared, overwrite);
      // It may end at any time; there are other ways.
      if (done || done.error().kind != Failure::unreachable || !port()) return done;
    }
    return through_port(source, prepared, overwrite);
  }
  if (capabilities_.can_write_files) return in_chunks(source, prepared, overwrite);
  return error(Failure::not_supported,
               "the virtual machine takes no data port and its agent forbids guest-file-write; allow it in the guest "
               "(docs/guest-services.md)");
}

Status FileCopy::at_once(const SourceFile& source, const Prepared& prepared, bool overwrite) {
  std::string bytes;
  for (const SourceFile::Piece& piece : source.pieces()) {
    const Result<std::string> read = source.read(piece.offset, piece.length);
    if (!read) return read.error();
    bytes += *read;
  }
  ContentHash hash(prepared.hash);
  hash.add(bytes);
  Script script = receive_script("-", source, prepared, overwrite, hash.finish());
  const std::size_t size = bytes.size();
  script.input = std::move(bytes);
  Execution execution(transport_, leftovers_, std::move(script));
  const Status finished = finish(execution, prepared, size);
  if (finished) moved(size);
  return finished;
}

Status FileCopy::through_port(const SourceFile& source, const Prepared& prepared, bool overwrite) {
  Execution execution(transport_, leftovers_, receive_script(port_->name(), source, prepared, overwrite, {}));
  if (const auto begun = execution.advance(soon())) return begun->error();
  std::optional<Result<Output>> ended;
  // Nothing of such a piece has gone when the port says that it timed out. Only then the guest is asked whether the
  // script still runs: each question takes time from it.
  const auto send = [&](std::string_view bytes) -> Status {
    for (const Clock::time_point patience = soon(); !ended;) {
      if (cancelled()) return cancelled_error();
      const Status written = port_->write(bytes, Clock::now() + port_time);
      if (written) return {};
      if (written.error().kind != Failure::timed_out) return written;
      ended = execution.poll(soon());
      if (!ended && Clock::now() >= patience)
        return error(Failure::timed_out, fmt::format("the guest has taken no data for {} s", stall_time.count()));
    }
    return error(Failure::failed, "the guest does not take the data");
  };

  ContentHash hash(prepared.hash);
  Status sent = send(port_begin);
  for (const SourceFile::Piece& piece : source.pieces()) {
    for (std::uint64_t at = 0; sent && at < piece.length; at += port_chunk) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(port_chunk, piece.length - at));
      const Result<std::string> bytes = source.read(piece.offset + at, length);
      sent = bytes ? send(*bytes) : Status(bytes.error());
      if (!sent) break;
      hash.add(*bytes);
      moved(length);
    }
  }
  if (sent && source.changed())
    sent = error(Failure::failed, fmt::format("the file {} changed while it was copied", source.path()));
  if (sent) {
    sent = send(hash.finish() + "\n");
  }
  if (ended) return *ended ? outcome(**ended, prepared.target) : Status((*ended).error());
  if (!sent) {
    port_.reset();  // the guest sees the end of the data and removes what it has
    finish(execution, prepared, 0);
    return sent;
  }
  return finish(execution, prepared, source.data_bytes());
}

Status FileCopy::through_own_agent(OwnAgentSession& agent, const SourceFile& source, const Prepared& prepared,
                                   bool overwrite) {
  std::vector<protocol::Segment> segments;
  for (const SourceFile::Piece& piece : source.pieces()) segments.push_back({piece.offset, piece.length});
  std::atomic<bool> stop{false};
  auto received = std::async(std::launch::async, [&, name = port_->name()] {
    return agent.receive_file(name, prepared.part, source.size(), std::move(segments), time_for(source.data_bytes()),
                              [&] { return stop.load(); });
  });
  const auto ended = [&] { return received.wait_for(0s) == std::future_status::ready; };
  ContentHash hash(HashAlgorithm::sha256);
  Status sent;
  for (const SourceFile::Piece& piece : source.pieces()) {
    for (std::uint64_t at = 0; sent && at < piece.length; at += port_chunk) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(port_chunk, piece.length - at));
      const Result<std::string> bytes = source.read(piece.offset + at, length);
      if (!bytes) sent = bytes.error();
      for (const Clock::time_point patience = soon(); sent;) {
        const Status written = port_->write(*bytes, Clock::now() + port_time);
        if (written) break;
        if (cancelled()) sent = cancelled_error();
        if (written.error().kind != Failure::timed_out || Clock::now() >= patience || ended()) sent = written;
      }
      if (cancelled()) sent = cancelled_error();
      if (!sent) break;
      hash.add(*bytes);
      moved(length);
    }
  }
  if (sent && source.changed())
    sent = error(Failure::failed, fmt::format("the file {} changed while it was copied", source.path()));
  if (!sent) {
    stop = true;
    port_.reset();
  }
  const Result<OwnAgentSession::Transfer> transfer = received.get();
  if (!sent && sent.error().kind != Failure::timed_out) return sent;
  if (!transfer) {
    port_.reset();
    const Failure kind = transfer.error().kind;
    return kind == Failure::failed ? file_error("write", prepared.target, transfer.error().message) : transfer.error();
  }
  if (!sent) return sent;
  std::string sum = "sha256:";
  for (const std::uint8_t byte : transfer->sha256) sum += fmt::format("{:02x}", byte);
  if (transfer->bytes != source.data_bytes() || !same_hash(hash.finish(), sum))
    return file_error("hash", prepared.target, {});
  Execution execution(transport_, leftovers_, receive_script("checked", source, prepared, overwrite, {}));
  return finish(execution, prepared, source.data_bytes());
}

Status FileCopy::in_chunks(const SourceFile& source, const Prepared& prepared, bool overwrite) {
  Agent agent(*transport_);
  const Result<std::int64_t> handle = agent.open_file(prepared.part, "r+", soon());
  if (!handle) return handle.error();
  ContentHash hash(prepared.hash);
  Status written = write_chunks(source, *handle, hash);
  const Status closed = agent.close_file(*handle, soon());
  if (written && !closed) written = closed;
  if (!written) return written;
  // Holes were written as zeros, so the whole is one piece.
  Script script = receive_script("file", source, prepared, overwrite, hash.finish());
  script.parameters.resize(8);
  if (source.size() > 0) {
    script.parameters.push_back("0");
    script.parameters.push_back(std::to_string(source.size()));
  }
  Execution execution(transport_, leftovers_, std::move(script));
  return finish(execution, prepared, source.size());
}

Status FileCopy::write_chunks(const SourceFile& source, std::int64_t handle, ContentHash& hash) {
  Agent agent(*transport_);
  for (std::uint64_t at = 0; at < source.size(); at += file_chunk) {
    if (cancelled()) return cancelled_error();
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(file_chunk, source.size() - at));
    const Result<std::string> bytes = source.read(at, length);
    if (!bytes) return bytes.error();
    hash.add(*bytes);
    if (const Status written = agent.write_file(handle, *bytes, soon()); !written) return written;
    moved(length);
  }
  if (source.changed())
    return error(Failure::failed, fmt::format("the file {} changed while it was copied", source.path()));
  return {};
}

// Without guest-exec there is no rename, no directory and no variable: the agent opens, writes and reads, no more.
Result<std::string> FileCopy::in_place(const SourceFile& source, const Destination& destination) {
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

Status FileCopy::finish(Execution& execution, const Prepared& prepared, std::uint64_t bytes) {
  const Clock::time_point patience = time_for(bytes);
  bool gave_up = false;
  while (Clock::now() < patience) {
    if (const auto ended = execution.advance(patience)) {
      const Status done = *ended ? outcome(**ended, prepared.target) : Status(ended->error());
      return done || !gave_up ? done : Status(cancelled_error());
    }
    // Without its part file the script fails, unless it has just put it into its place.
    if (cancelled() && !std::exchange(gave_up, true)) {
      port_.reset();
      Files(transport_, leftovers_).discard(prepared.part, soon()).has_value();
    }
  }
  return error(Failure::timed_out, "the guest has not finished writing \"" + printable(prepared.target, 1000) + "\"");
}

}  // namespace vmms::guest
