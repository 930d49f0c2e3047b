#include "hypervisor/simulator/files.hpp"

#include "base/content_hash.hpp"
#include "guest/files/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vmms::hypervisor::simulator {

namespace {

constexpr std::size_t handles_limit = 100;

SimulatedFiles::Printed failed(std::string_view code, std::string_view target = {}) {
  return {fmt::format("Error={}\nTarget={}\n", code, target), {}};
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

std::string expand(std::string path) {
  for (const auto& [name, value] : {std::pair{"HOME", "/root"}, {"TMPDIR", "/tmp"}}) {
    replace_all(path, fmt::format("${{{}}}", name), value);
    replace_all(path, fmt::format("${}", name), value);
  }
  return path;
}

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

std::string parent_of(const std::string& path) { return without_slash(path.substr(0, path.rfind('/') + 1)); }

std::string part_of(const std::string& target, const std::string& name) {
  return target.substr(0, target.rfind('/') + 1) + name;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::string hash_of(std::string_view content) {
  ContentHash hash(HashAlgorithm::sha256);
  hash.add(content);
  return hash.finish();
}

}  // namespace

std::optional<SimulatedFiles::Printed> SimulatedFiles::run(std::string_view script, Words words,
                                                           const std::string& input) {
  if (script == guest::file_prepare_script && words.size() >= 6) return prepare(words);
  if (script == guest::file_receive_script && words.size() >= 11) return receive(words, input);
  if (script == guest::file_describe_script) return describe(words);
  if (script == guest::file_list_script) return list(words);
  if (script == guest::file_remove_script) return remove(words);
  if (script == guest::file_make_directory_script && words.size() >= 2) return make_directory(words);
  if (script == guest::file_send_script && words.size() >= 4) return send(words);
  if (script == guest::file_discard_script && words.size() >= 3) return discard(words);
  return std::nullopt;
}

std::uint64_t SimulatedFiles::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [path, file] : files_) sum += file.content.size();
  return sum;
}

std::string SimulatedFiles::target_of(const std::string& destination, const std::string& source) const {
  const std::string path = expand(destination);
  const std::string target = without_slash(path);
  if (!path.ends_with('/') && !is_directory(target)) return target;
  return (target == "/" ? "" : target) + "/" + source;
}

SimulatedFiles::Printed SimulatedFiles::prepare(Words words) {
  const std::string path = expand(words[1]);
  const bool create = words[4] == "1";
  if (!path.starts_with('/')) return failed("relative");
  if (path.ends_with('/') && !is_directory(without_slash(path)) && !create) return failed("no-directory");
  const std::string target = target_of(words[1], words[2]);
  if (is_directory(target)) return failed("directory", target);
  const std::string directory = parent_of(target);
  if (!is_directory(directory)) {
    if (!create) return failed("no-directory");
    for (std::string made = directory; !is_directory(made); made = parent_of(made)) directories_.insert(made);
  }
  if (words[3] != "1" && files_.contains(target)) return failed("exists", target);
  if (bytes() + number(words[5]) > most_bytes) return failed("space");
  const std::string part = part_of(target, words[0]);
  files_[part] = {{}, "600", 0};
  return {fmt::format("Target={}\nPart={}\n", target, part), {}};
}

SimulatedFiles::Printed SimulatedFiles::discard(Words words) {
  files_.erase(part_of(target_of(words[1], words[2]), words[0]));
  return {"Done=1\n", {}};
}

SimulatedFiles::Printed SimulatedFiles::receive(Words words, const std::string& input) {
  const bool here = words[0] == "-";
  if (here) {
    if (Printed prepared = prepare({words.begin() + 1, words.begin() + 7}); prepared.out.starts_with("Error"))
      return prepared;
  }
  const std::string target = here ? target_of(words[2], words[3]) : words[2];
  const auto part = files_.find(part_of(target, words[1]));
  if (part == files_.end()) return failed("denied");
  File file = std::move(part->second);
  files_.erase(part);
  const std::uint64_t size = number(words[7]);
  if (size > most_bytes) return failed("write");
  std::string data;
  if (here) {
    file.content.assign(size, '\0');
    std::size_t taken = 0;
    for (std::size_t i = 11; i + 1 < words.size() && !words[i].empty(); i += 2) {
      const std::uint64_t offset = number(words[i]);
      const std::uint64_t length = number(words[i + 1]);
      if (offset + length > size || taken + length > input.size()) return failed("hash");
      file.content.replace(offset, length, input, taken, length);
      taken += length;
    }
    data = input;
  } else {
    data = file.content;
  }
  if (file.content.size() != size || !same_hash(words[10], hash_of(data))) return failed("hash");
  const auto old = files_.find(target);
  if (old != files_.end() && words[4] != "1") return failed("exists", target);
  file.permissions = old != files_.end() ? old->second.permissions : words[8];
  file.modified = static_cast<std::int64_t>(number(words[9]));
  files_[target] = std::move(file);
  return {fmt::format("Done=1\nTarget={}\n", target), {}};
}

std::string SimulatedFiles::line(const std::string& path, const std::string& name) const {
  const auto file = files_.find(path);
  if (file == files_.end()) return fmt::format("41ed 4096 0 root root {}\n", name);
  unsigned permissions = 0;
  const std::string& text = file->second.permissions;
  std::from_chars(text.data(), text.data() + text.size(), permissions, 8);
  return fmt::format("{:x} {} {} root root {}\n", 0100000U | permissions, file->second.content.size(),
                     file->second.modified, name);
}

SimulatedFiles::Printed SimulatedFiles::describe(Words words) const {
  const std::string path = without_slash(expand(words[0]));
  if (!files_.contains(path) && !is_directory(path)) return failed("missing");
  return {"File=" + line(path, path), {}};
}

SimulatedFiles::Printed SimulatedFiles::list(Words words) const {
  const std::string path = without_slash(expand(words[0]));
  if (files_.contains(path)) return failed("not-directory");
  if (!is_directory(path)) return failed("missing");
  Printed printed{"File=" + line(path, path), {}};
  const auto add = [&](const std::string& entry) {
    if (entry != "/" && parent_of(entry) == path) printed.out += line(entry, "./" + entry.substr(entry.rfind('/') + 1));
  };
  for (const std::string& directory : directories_) add(directory);
  for (const auto& [name, file] : files_) add(name);
  return printed;
}

SimulatedFiles::Printed SimulatedFiles::remove(Words words) {
  const std::string path = without_slash(expand(words[0]));
  if (files_.erase(path) == 1) return {"Done=1\n", {}};
  if (!is_directory(path)) return failed("missing");
  const auto inside = [&](const std::string& entry) { return entry != "/" && parent_of(entry) == path; };
  const bool empty = std::none_of(directories_.begin(), directories_.end(), inside) &&
                     std::none_of(files_.begin(), files_.end(), [&](const auto& file) { return inside(file.first); });
  if (!empty) return failed("not-empty");
  directories_.erase(path);
  return {"Done=1\n", {}};
}

SimulatedFiles::Printed SimulatedFiles::make_directory(Words words) {
  const std::string path = without_slash(expand(words[0]));
  if (is_directory(path)) return {"Made=0\n", {}};
  if (files_.contains(path)) return failed("not-directory");
  if (!path.starts_with('/') || !is_directory(parent_of(path))) return failed("no-directory");
  directories_.insert(path);
  return {"Made=1\n", {}};
}

SimulatedFiles::Printed SimulatedFiles::send(Words words) const {
  const std::string path = expand(words[1]);
  const auto file = files_.find(path);
  if (file == files_.end()) return {{}, is_directory(path) ? "Error=not-file\n" : "Error=read\n"};
  const std::string content = file->second.content.substr(0, number(words[3]));
  if (words[0] == "-") return {content, fmt::format("Sent={}\n", content.size())};
  return {{}, fmt::format("Sent={}\nSum={}\n", content.size(), hash_of(content))};
}

std::optional<std::int64_t> SimulatedFiles::open(const std::string& path, std::string_view mode) {
  const bool exists = files_.contains(path);
  if (handles_.size() >= handles_limit || is_directory(path) || !is_directory(parent_of(path)) ||
      (!exists && mode.starts_with('r')))
    return std::nullopt;
  if (mode.starts_with('w')) files_[path].content.clear();
  handles_[++last_handle_] = {path, 0};
  return last_handle_;
}

bool SimulatedFiles::write(std::int64_t handle, std::string_view bytes_written) {
  const auto found = handles_.find(handle);
  if (found == handles_.end() || bytes() + bytes_written.size() > most_bytes) return false;
  const auto file = files_.find(found->second.path);
  if (file == files_.end()) return true;  // it was removed and is still open
  std::string& content = file->second.content;
  content.resize(std::max(content.size(), found->second.offset + bytes_written.size()));
  content.replace(found->second.offset, bytes_written.size(), bytes_written);
  found->second.offset += bytes_written.size();
  return true;
}

std::optional<std::string> SimulatedFiles::read(std::int64_t handle, std::size_t most) {
  const auto found = handles_.find(handle);
  if (found == handles_.end()) return std::nullopt;
  const auto file = files_.find(found->second.path);
  if (file == files_.end() || found->second.offset >= file->second.content.size()) return std::string();
  std::string piece = file->second.content.substr(found->second.offset, most);
  found->second.offset += piece.size();
  return piece;
}

}  // namespace vmms::hypervisor::simulator
