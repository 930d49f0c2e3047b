#include "guest/file_copy.hpp"
#include "guest/file_copy_times.hpp"
#include "guest/file_scripts.hpp"
#include "guest/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::guest {

namespace {

Error changed_in_guest(const std::string& path) {
  return error(Failure::failed, "\"" + printable(path, 1000) +
                                    "\" changed in the guest while it was copied, or did not "
                                    "arrive as it was sent; copy it again");
}

}  // namespace

Status FileCopy::from_guest(const std::string& path, TargetFile& target) {
  if (cancelled()) return cancelled_error();
  if (!has_shell())
    return error(Failure::not_supported, "copying from a guest needs guest-exec; " +
                                             forbidden_error("guest-exec and guest-exec-status").message);
  const Result<FileInformation> file = Files(transport_, leftovers_).describe(path, soon());
  if (!file) return file.error();
  if (file->type == FileInformation::Type::directory)
    return error(Failure::invalid_argument, "\"" + printable(path, 1000) + "\" in the guest is a directory");
  Status done;
  if (file->size <= answer_at_once_limit) {
    done = send_at_once(*file, path, target);
  } else if (port()) {
    done = send_through_port(*file, path, target);
  } else {
    done = read_chunks(*file, path, target);
  }
  if (!done) return done;
  return target.commit(file->permissions, file->modified);
}

Status FileCopy::send_at_once(const FileInformation& file, const std::string& path, TargetFile& target) {
  const Script script{file_send_script, file_scripts::send, {"-", path, std::to_string(file.size)}, {}};
  const Result<Output> output = Execution(transport_, leftovers_, script).finish(soon());
  if (!output) return output.error();
  if (const auto code = line_value(output->err, "Error"); !code.empty()) return file_error(code, path, output->err);
  ContentHash hash(HashAlgorithm::both);
  hash.add(output->out);
  if (output->out.size() != file.size || !same_hash(hash.finish(), line_value(output->err, "Sum")))
    return changed_in_guest(path);
  moved(output->out.size());
  return target.write(output->out);
}

Status FileCopy::send_through_port(const FileInformation& file, const std::string& path, TargetFile& target) {
  const Script script{file_send_script, file_scripts::send, {port_->name(), path, std::to_string(file.size)}, {}};
  Execution execution(transport_, leftovers_, script);
  if (const auto begun = execution.advance(soon())) return begun->error();
  ContentHash hash(HashAlgorithm::both);
  Clock::time_point patience = soon();
  std::optional<Result<Output>> ended;
  for (std::uint64_t left = file.size; left > 0;) {
    if (cancelled()) return cancelled_error();
    const Result<std::string> bytes =
        port_->read(static_cast<std::size_t>(std::min<std::uint64_t>(port_chunk, left)), Clock::now() + port_time);
    if (!bytes && bytes.error().kind != Failure::timed_out) return bytes.error();
    if (bytes) {
      if (const Status written = target.write(*bytes); !written) return written;
      hash.add(*bytes);
      left -= bytes->size();
      moved(bytes->size());
      patience = soon();
      continue;
    }
    if (!ended) ended = execution.poll(soon());
    if (ended && !*ended) return ended->error();
    if (ended && !line_value((*ended)->err, "Error").empty())
      return file_error(line_value((*ended)->err, "Error"), path, (*ended)->err);
    if (ended) return changed_in_guest(path);
    if (Clock::now() >= patience)
      return error(Failure::timed_out, fmt::format("the guest has sent no data for {} s", stall_time.count()));
  }
  const Result<Output> output = ended ? *ended : execution.finish(time_for(file.size));
  if (!output) return output.error();
  if (!same_hash(hash.finish(), line_value(output->err, "Sum"))) return changed_in_guest(path);
  return {};
}

Status FileCopy::read_chunks(const FileInformation& file, const std::string& path, TargetFile& target) {
  if (path.find('$') != std::string::npos)
    return error(Failure::not_supported, "variables in the path of so large a file need a data port");
  Agent agent(*transport_);
  const Result<std::int64_t> handle = agent.open_file(path, "r", soon());
  if (!handle) return file_error("read", path, handle.error().message);
  ContentHash hash(HashAlgorithm::both);
  Status done;
  std::uint64_t left = file.size;
  while (done && left > 0) {
    if (cancelled()) done = cancelled_error();
    const Result<FilePiece> piece =
        agent.read_file(*handle, static_cast<std::size_t>(std::min<std::uint64_t>(file_read_chunk, left)), soon());
    if (done && !piece) done = piece.error();
    if (done && piece->bytes.empty()) done = changed_in_guest(path);
    if (!done) break;
    hash.add(piece->bytes);
    left -= piece->bytes.size();
    moved(piece->bytes.size());
    done = target.write(piece->bytes);
  }
  agent.close_file(*handle, soon());
  if (!done) return done;
  const Script script{file_send_script, file_scripts::send, {"sum", path, std::to_string(file.size)}, {}};
  const Result<Output> output = Execution(transport_, leftovers_, script).finish(time_for(file.size));
  if (!output) return output.error();
  if (!same_hash(hash.finish(), line_value(output->err, "Sum"))) return changed_in_guest(path);
  return {};
}

}  // namespace vmms::guest
