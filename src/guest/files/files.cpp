#include "guest/files/files.hpp"

#include "guest/agent/printable.hpp"
#include "guest/files/file_scripts.hpp"
#include "guest/services/systemd_show.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmms::guest {

namespace {

constexpr std::size_t words_limit = 500;
constexpr std::size_t name_limit = 1024;
constexpr std::size_t word_limit = 64;
constexpr std::size_t path_limit = 4096;
constexpr std::size_t entries_limit = 20000;
constexpr std::size_t list_limit = 3000000;  // where the script cuts its output

constexpr std::uint32_t type_mask = 0170000;
constexpr std::uint32_t type_link = 0120000;
constexpr std::uint32_t type_file = 0100000;
constexpr std::uint32_t type_directory = 0040000;

template <class Number>
std::optional<Number> take_number(std::string_view& text, int base) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + space, value, base);
  if (code != std::errc() || end != text.data() + space) return std::nullopt;
  text.remove_prefix(space + 1);
  return value;
}

std::string take_word(std::string_view& text) {
  const std::size_t space = std::min(text.find(' '), text.size());
  std::string word = printable(text.substr(0, space), word_limit);
  text.remove_prefix(std::min(space + 1, text.size()));
  return word;
}

}  // namespace

std::string_view line_value(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=')
      return line.substr(key.size() + 1);
  }
  return {};
}

Error file_error(std::string_view code, const std::string& path, std::string_view words) {
  const std::string file = "\"" + printable(path, name_limit) + "\"";
  const std::string said = printable(words, words_limit);
  const auto with_words = [&](std::string text) { return said.empty() ? text : text + ": " + said; };
  if (code == "exists")
    return error(Failure::already_exists, "The file exists. (0x80070050) " + file +
                                              " is in the guest already; to replace it, set OverwriteExisting (vmms "
                                              "copy --overwrite)");
  if (code == "directory") return error(Failure::invalid_argument, file + " in the guest is a directory");
  if (code == "not-directory") return error(Failure::invalid_argument, file + " in the guest is no directory");
  if (code == "no-directory")
    return error(Failure::not_found, "the guest has no directory for " + file +
                                         "; to have it made, set CreateFullPath (vmms copy --create-path)");
  if (code == "relative")
    return error(Failure::invalid_argument, file +
                                                " is not an absolute path in the guest: it must begin with / or a "
                                                "variable that does");
  if (code == "space") return error(Failure::failed, "the guest has not enough free space for " + file);
  if (code == "denied") return error(Failure::access_denied, with_words("the guest refuses " + file));
  if (code == "missing") return error(Failure::not_found, "the guest has no file " + file);
  if (code == "not-empty") return error(Failure::invalid_state, "the directory " + file + " in the guest is not empty");
  if (code == "write") return error(Failure::failed, with_words("the guest cannot write " + file));
  if (code == "read") return error(Failure::failed, with_words("the guest cannot read " + file));
  if (code == "hash")
    return error(Failure::failed, file +
                                      " arrived in the guest with another size or hash than it was sent with; copy "
                                      "it again");
  if (code == "port") return error(Failure::failed, with_words("the guest does not find its data port for " + file));
  if (code == "not-file")
    return error(
        Failure::invalid_argument,
        file + " in the guest is no file but a directory, a device, a pipe or a socket; only files are copied");
  if (code == "shrank")
    return error(Failure::failed, file + " in the guest became shorter while it was copied; copy it again");
  if (code == "interrupted") return error(Failure::failed, "the guest ended the copy of " + file);
  return error(Failure::failed, with_words("the guest could not do it with " + file));
}

Error without_shell(const std::shared_ptr<const Capabilities>& known, const Error& why) {
  const bool was_reached = why.kind == Failure::failed || why.kind == Failure::not_supported;
  if (!was_reached || !known || known->os_id != windows_id) return why;
  return error(Failure::not_supported,
               "the guest runs Windows: files are only copied into it, one by one; listing, reading and removing them, "
               "and making directories, needs a POSIX shell in the guest");
}

Status check_guest_path(std::string_view path) {
  if (path.empty()) return error(Failure::invalid_argument, "the path in the guest is empty");
  if (path.size() > path_limit)
    return error(Failure::invalid_argument, "the path in the guest is longer than " + std::to_string(path_limit));
  if (std::any_of(path.begin(), path.end(), [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; }))
    return error(Failure::invalid_argument, "the path in the guest contains a control character");
  return {};
}

std::optional<FileInformation> read_stat_line(std::string_view line) {
  FileInformation file;
  const auto mode = take_number<std::uint32_t>(line, 16);
  const auto size = mode ? take_number<std::uint64_t>(line, 10) : std::nullopt;
  const auto modified = size ? take_number<std::int64_t>(line, 10) : std::nullopt;
  if (!modified) return std::nullopt;
  file.permissions = *mode & 07777U;
  file.size = *size;
  file.modified = *modified;
  file.owner = take_word(line);
  file.group = take_word(line);
  if (line.empty()) return std::nullopt;
  file.name = printable_name(line, name_limit);
  if ((*mode & type_mask) == type_link) file.type = FileInformation::Type::link;
  if ((*mode & type_mask) == type_file) file.type = FileInformation::Type::file;
  if ((*mode & type_mask) == type_directory) file.type = FileInformation::Type::directory;
  return file;
}

DirectoryListing read_listing(std::string_view text) {
  take_line(text);  // the directory itself
  DirectoryListing listing;
  listing.complete = text.size() < list_limit;
  while (!text.empty()) {
    const bool whole = text.find('\n') != std::string_view::npos;
    std::optional<FileInformation> file = read_stat_line(take_line(text));
    if (!whole || listing.entries.size() == entries_limit) {
      listing.complete = false;
      break;
    }
    if (!file || !file->name.starts_with("./")) continue;  // the rest of a name with a line break in it
    file->name.erase(0, 2);
    listing.entries.push_back(*std::move(file));
  }
  std::sort(listing.entries.begin(), listing.entries.end(),
            [](const FileInformation& left, const FileInformation& right) { return left.name < right.name; });
  return listing;
}

Result<std::string> Files::run(const Script& script, const std::string& path, Clock::time_point deadline) const {
  if (const Status checked = check_guest_path(path); !checked) return checked.error();
  Result<Output> output = Execution(transport_, abandoned_, script).finish(deadline);
  if (!output) return output.error();
  if (const std::string_view code = line_value(output->out, "Error"); !code.empty())
    return file_error(code, path, output->err);
  if (output->out.empty()) return file_error("", path, output->err);
  return std::move(output->out);
}

Result<FileInformation> Files::describe(const std::string& path, Clock::time_point deadline) const {
  return describe(path, false, deadline);
}

Result<FileInformation> Files::describe_content(const std::string& path, Clock::time_point deadline) const {
  Result<FileInformation> file = describe(path, true, deadline);
  if (file && file->type == FileInformation::Type::directory) return file_error("directory", path, {});
  if (file && file->type != FileInformation::Type::file) return file_error("not-file", path, {});
  return file;
}

Result<FileInformation> Files::describe(const std::string& path, bool follow, Clock::time_point deadline) const {
  const Result<std::string> text =
      run({file_describe_script, file_scripts::describe, {path, follow ? "1" : "0"}, {}}, path, deadline);
  if (!text) return text.error();
  std::optional<FileInformation> file = read_stat_line(line_value(*text, "File"));
  if (!file)
    return error(Failure::failed, "the guest's description of \"" + printable(path, name_limit) + "\" makes no sense");
  return *std::move(file);
}

Result<DirectoryListing> Files::list(const std::string& path, Clock::time_point deadline) const {
  const Result<std::string> output = run({file_list_script, file_scripts::list, {path}, {}}, path, deadline);
  if (!output) return output.error();
  return read_listing(*output);
}

Result<bool> Files::make_directory(const std::string& path, std::uint32_t permissions,
                                   Clock::time_point deadline) const {
  const Script script{
      file_make_directory_script, file_scripts::make_directory, {path, fmt::format("{:o}", permissions & 0777U)}, {}};
  const Result<std::string> text = run(script, path, deadline);
  if (!text) return text.error();
  return line_value(*text, "Made") == "1";
}

Status Files::remove(const std::string& path, Clock::time_point deadline) const {
  const Result<std::string> done = run({file_remove_script, file_scripts::remove, {path}, {}}, path, deadline);
  if (!done) return done.error();
  return {};
}

Status Files::discard(const PartFile& part, Clock::time_point deadline) const {
  const Script script{file_discard_script, file_scripts::discard, {part.name, part.destination, part.source}, {}};
  const Result<std::string> done = run(script, part.destination, deadline);
  if (!done) return done.error();
  return {};
}

}  // namespace vmms::guest
