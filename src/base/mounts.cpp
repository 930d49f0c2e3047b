#include "base/mounts.hpp"

#include <algorithm>
#include <charconv>
#include <unordered_set>

namespace vmms {

namespace {

/// The next word of a line; blanks inside of words are written as octal numbers.
std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const auto digits = text.substr(std::min(i + 1, text.size()), 3);
    if (text[i] == '\\' && digits.size() == 3 &&
        std::from_chars(digits.data(), digits.data() + 3, byte, 8).ptr == digits.data() + 3) {
      out += static_cast<char>(byte);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool take_number(std::string_view& line, std::uint64_t& number) {
  const std::string_view word = take_word(line);
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  return read.ec == std::errc() && read.ptr == word.data() + word.size();
}

bool lies_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

std::string joined(std::string_view folder, std::string_view path) {
  std::string result(folder == "/" ? "" : folder);
  result += path == "/" ? "" : path;
  return result.empty() ? "/" : result;
}

/// The folder of the device that a mount shows. NFS says "/" for all exports of a file system, and what it is in the
/// source.
std::string shown_by(const Mount& mount) {
  const std::size_t colon = mount.source.find(":/");
  if (!mount.type.starts_with("nfs") || colon == std::string::npos) return mount.root;
  return joined(std::string_view(mount.source).substr(colon + 1), mount.root);
}

/// The mount that a path leads into, as the kernel walks: from the root on, at each mount point into what is on it.
const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path) {
  std::unordered_set<std::uint64_t> ids;
  for (const Mount& mount : mounts) ids.insert(mount.id);
  const Mount* here = nullptr;
  for (const Mount& mount : mounts)
    if (!here && mount.mount_point == "/" && (mount.parent == mount.id || !ids.contains(mount.parent))) here = &mount;
  for (std::size_t steps = 0; here && steps < mounts.size(); ++steps) {
    const Mount* next = nullptr;
    for (const Mount& mount : mounts) {
      if (mount.parent != here->id || mount.id == here->id || !lies_below(path, mount.mount_point)) continue;
      if (!next || mount.mount_point.size() < next->mount_point.size()) next = &mount;
    }
    if (!next) break;
    here = next;
  }
  return here;
}

}  // namespace

std::vector<Mount> read_mountinfo(std::string_view text) {
  std::vector<Mount> mounts;
  while (!text.empty()) {
    // "36 35 98:0 /root /mount rw,noatime master:1 - ext3 /dev/root rw,errors=continue"
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    Mount mount;
    if (!take_number(line, mount.id) || !take_number(line, mount.parent)) continue;
    mount.device = take_word(line);
    mount.root = unescaped(take_word(line));
    mount.mount_point = unescaped(take_word(line));
    mount.options = take_word(line);
    for (std::string_view word = take_word(line); word != "-" && !word.empty(); word = take_word(line)) continue;
    mount.type = take_word(line);
    mount.source = unescaped(take_word(line));
    if (!mount.mount_point.starts_with('/')) continue;
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

bool MountedPlace::contains(const MountedPlace& other) const {
  return device == other.device && lies_below(other.path, path);
}

std::vector<MountedPlace> reached_by(const std::vector<Mount>& mounts, const std::string& path) {
  const Mount* const own = mount_of(mounts, path);
  if (!own) return {};
  std::string_view rest(path);
  if (own->mount_point != "/") rest.remove_prefix(own->mount_point.size());
  std::vector<MountedPlace> places = {{own->device, joined(shown_by(*own), rest), path}};
  for (const Mount& mount : mounts)
    if (mount.mount_point != path && lies_below(mount.mount_point, path))
      places.push_back({mount.device, shown_by(mount), mount.mount_point});
  return places;
}

}  // namespace vmms
