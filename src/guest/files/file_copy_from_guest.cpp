#include "guest/agent/printable.hpp"
#include "guest/files/file_copy.hpp"
#include "guest/files/file_copy_times.hpp"
#include "guest/files/file_scripts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmms::guest {

namespace {

/// A file may grow while it is copied, and those of /proc hold more than their size; but not without end.
constexpr std::uint64_t most_growth = 64U << 20;
/// How long the port is waited for when all may have come.
constexpr std::chrono::milliseconds end_time{10};

Error changed_in_guest(const std::string& path) {
  return error(Failure::failed, "\"" + printable(path, 1000) +
                                    "\" changed in the guest while it was copied, or did not "
                                    "arrive as it was sent; copy it again");
}

Error endless(const std::string& path, std::uint64_t size) {
  return error(
      Failure::failed,
      fmt::format("\"{}\" in the guest said that it holds {} bytes, and goes on more than {} MiB beyond that; it "
                  "may have no end. Copy a part of it that has one",
                  printable(path, 1000), size, most_growth >> 20));
}

}  // namespace

/// What the send script said when it ended.
struct FileCopy::Told {
  std::uint64_t sent = 0;
  std::string_view sum;

  static Result<Told> read(const Output& output, const std::string& path) {
    if (const auto code = line_value(output.err, "Error"); !code.empty()) return file_error(code, path, output.err);
    const std::string_view text = line_value(output.err, "Sent");
    Told told{0, line_value(output.err, "Sum")};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), told.sent);
    if (text.empty() || code != std::errc() || end != text.data() + text.size())
      return file_error("read", path, output.err);
    return told;
  }
};

Status FileCopy::from_guest(const std::string& path, ByteSink& target) {
  if (cancelled()) return cancelled_error();
  if (!has_shell())
    return error(Failure::not_supported, "copying from a guest needs guest-exec; " +
                                             forbidden_error("guest-exec and guest-exec-status").message);
  const Result<FileInformation> file = Files(transport_, abandoned_).describe_content(path, soon());
  if (!file) return file.error();
  return from_guest(path, *file, target);
}

Status FileCopy::from_guest(const std::string& path, const FileInformation& file, ByteSink& target) {
  if (const Status room = target.expect(file.size); !room) return room;
  if (file.size <= answer_at_once_limit) {
    const Result<bool> whole = send_at_once(file, path, target);
    if (!whole) return whole.error();
    if (*whole) return target.commit(file.permissions & 0777U, file.modified);
  }
  const Status done = port() ? send_through_port(file, path, target) : read_chunks(file, path, target);
  if (!done) return done;
  return target.commit(file.permissions & 0777U, file.modified);
}

Script FileCopy::send_script(std::string_view to, const FileInformation& file, const std::string& path,
                             std::uint64_t most) {
  return {file_send_script,
          file_scripts::send,
          {std::string(to), path, std::to_string(file.size), std::to_string(most)},
          {}};
}

// False: it holds more than fits into an answer, whatever its size says.
Result<bool> FileCopy::send_at_once(const FileInformation& file, const std::string& path, ByteSink& target) {
  const Script script = send_script("-", file, path, answer_at_once_limit + 1);
  const Result<Output> output = Execution(transport_, abandoned_, script).finish(soon());
  if (!output) return output.error();
  const Result<Told> told = Told::read(*output, path);
  if (!told) return told.error();
  if (output->out.size() != told->sent) return changed_in_guest(path);
  if (told->sent > answer_at_once_limit) return false;
  if (const Status written = target.write(output->out); !written) return written.error();
  moved(output->out.size());
  return true;
}

Status FileCopy::send_through_port(const FileInformation& file, const std::string& path, ByteSink& target) {
  const std::uint64_t most = file.size + most_growth;
  Execution execution(transport_, abandoned_, send_script(port_->name(), file, path, most + 1));
  if (const auto begun = execution.advance(soon())) return begun->error();
  ContentHash hash(HashAlgorithm::both);
  Clock::time_point patience = soon();
  std::uint64_t come = 0;
  std::optional<Told> told;
  std::optional<Result<Output>> ended;
  while (!told || come < told->sent) {
    if (cancelled()) return cancelled_error();
    const auto wanted = static_cast<std::size_t>(told ? std::min<std::uint64_t>(port_chunk, told->sent - come)
                                                      : std::uint64_t{port_chunk});
    const auto time = !told && come >= file.size ? end_time : port_time;
    const Result<std::string> bytes = port_->read(wanted, Clock::now() + time);
    if (!bytes && bytes.error().kind != Failure::timed_out) return bytes.error();
    if (bytes) {
      come += bytes->size();
      if (come > most) return endless(path, file.size);
      if (const Status written = target.write(*bytes); !written) return written;
      hash.add(*bytes);
      moved(bytes->size());
      patience = soon();
      continue;
    }
    if (told) return changed_in_guest(path);  // the script has ended, and less has come than it says
    ended = execution.poll(soon());
    if (ended && !*ended) return ended->error();
    if (ended) {
      const Result<Told> read = Told::read(**ended, path);
      if (!read) return read.error();
      told = *read;
      if (told->sent < come) return changed_in_guest(path);
      continue;
    }
    // It hashes what it has sent before it ends.
    const bool sending = come < file.size;
    if (Clock::now() >= (sending ? patience : patience + std::chrono::seconds(file.size >> 20)))
      return error(Failure::timed_out, fmt::format("the guest has sent no data for {} s", stall_time.count()));
  }
  if (!same_hash(hash.finish(), told->sum)) return changed_in_guest(path);
  return {};
}

Status FileCopy::read_chunks(const FileInformation& file, const std::string& path, ByteSink& target) {
  if (path.find('$') != std::string::npos)
    return error(Failure::not_supported, "variables in the path of so large a file need a data port");
  Agent agent(*transport_);
  const Result<std::int64_t> handle = agent.open_file(path, "r", soon());
  if (!handle) return file_error("read", path, handle.error().message);
  const std::uint64_t most = file.size + most_growth;
  ContentHash hash(HashAlgorithm::both);
  Status done;
  std::uint64_t come = 0;
  for (bool end = false; done && !end;) {
    if (cancelled()) done = cancelled_error();
    const Result<FilePiece> piece = agent.read_file(*handle, file_read_chunk, soon());
    if (done && !piece) done = piece.error();
    if (!done) break;
    come += piece->bytes.size();
    end = piece->end || piece->bytes.empty();
    if (come > most) done = endless(path, file.size);
    if (!done) break;
    hash.add(piece->bytes);
    moved(piece->bytes.size());
    done = target.write(piece->bytes);
  }
  agent.close_file(*handle, soon());
  if (!done) return done;
  if (file.size == 0) return {};  // each reading of it may give something else
  const Script script = send_script("sum", file, path, come);
  const Result<Output> output = Execution(transport_, abandoned_, script).finish(time_for(come));
  if (!output) return output.error();
  if (const auto code = line_value(output->err, "Error"); !code.empty()) return file_error(code, path, output->err);
  if (!same_hash(hash.finish(), line_value(output->err, "Sum"))) return changed_in_guest(path);
  if (come < file.size) {
    const Result<FileInformation> now = Files(transport_, abandoned_).describe_content(path, soon());
    if (!now) return now.error();
    if (now->size != file.size) return file_error("shrank", path, {});
  }
  return {};
}

}  // namespace vmms::guest
