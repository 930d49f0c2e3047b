#include "base/host_files.hpp"

#include "base/mounts.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

namespace vmms {

namespace {

using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity(int descriptor) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

/// A folder and all above it, up to the root of the file systems.
std::vector<Identity> with_parents(FileDescriptor folder) {
  std::vector<Identity> found;
  for (auto here = identity(folder.get()); here; here = identity(folder.get())) {
    if (!found.empty() && found.back() == *here) break;  // the parent of / is /
    found.push_back(*here);
    folder = FileDescriptor(openat(folder.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  return found;
}

bool contains(const std::vector<Identity>& all, const std::optional<Identity>& one) {
  return one && std::find(all.begin(), all.end(), *one) != all.end();
}

FileDescriptor open_folder(const std::filesystem::path& path) {
  return FileDescriptor(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// Why clients cannot be given this folder.
Status check_folder(const HostFiles::Named& named, const char* key, const std::vector<HostFiles::Private>& all) {
  FileDescriptor folder = open_folder(named.folder);
  const std::optional<Identity> own = identity(folder.get());
  const std::vector<Identity> above = with_parents(std::move(folder));
  for (const HostFiles::Private& kept : all) {
    if (kept.path.empty()) continue;
    std::error_code problem;
    const std::filesystem::path path = std::filesystem::absolute(kept.path, problem);
    FileDescriptor itself = open_folder(path);
    const bool lies_in = itself && contains(above, identity(itself.get()));
    // Where it does not exist, what would contain it: the closest folder that does. A link's folder, and its target's.
    bool has = false;
    for (const std::filesystem::path& place : {path, std::filesystem::weakly_canonical(path, problem)})
      for (std::filesystem::path there = place;; there = there.parent_path()) {
        FileDescriptor closest = open_folder(there);
        if (closest) has = has || contains(with_parents(std::move(closest)), own);
        if (closest || there == there.parent_path()) break;
      }
    if (lies_in || has)
      return error(Failure::invalid_argument,
                   fmt::format("{} {}={}: the folder {} {} ({}), which no request may touch; name another folder", key,
                               named.name, named.folder, lies_in ? "lies in" : "contains", kept.what, path.string()));
  }
  return {};
}

/// What is mounted now.
Result<std::vector<Mount>> mounts_of(const std::string& file) {
  constexpr std::size_t most = std::size_t{64} << 20;  // the kernel gives a namespace at most 100,000 mounts
  std::ifstream stream(file, std::ios::binary);
  std::string text;
  std::array<char, 65536> part;
  while (text.size() <= most && (stream.read(part.data(), part.size()), stream.gcount() > 0))
    text.append(part.data(), static_cast<std::size_t>(stream.gcount()));
  std::vector<Mount> mounts = read_mountinfo(text);
  if (mounts.empty() || text.size() > most)
    return error(
        Failure::failed,
        fmt::format("what is mounted below the folders of copy-read and copy-write cannot be told from {}, {}: "
                    "leave these keys out, or have /proc mounted",
                    file, mounts.empty() ? "which says nothing" : "which is too large"));
  return mounts;
}

/// A folder's or a file's, where a link is one too.
std::vector<MountedPlace> places_of(const std::vector<Mount>& mounts, const std::filesystem::path& path) {
  std::error_code problem;
  std::vector<MountedPlace> places;
  for (const std::filesystem::path& each :
       {std::filesystem::weakly_canonical(path.parent_path(), problem) / path.filename(),
        std::filesystem::weakly_canonical(path, problem)}) {
    std::string text = (each.is_absolute() ? each : path).lexically_normal();
    if (text.size() > 1 && text.ends_with('/')) text.pop_back();
    for (MountedPlace& place : reached_by(mounts, text)) places.push_back(std::move(place));
  }
  return places;
}

/// As check_folder, for parts of a private folder that are mounted a second time, in the folder or as the folder.
Status check_mounts(const HostFiles::Named& named, const char* key, const std::vector<HostFiles::Private>& all,
                    const std::vector<Mount>& mounts) {
  std::error_code problem;
  const auto given = reached_by(mounts, std::filesystem::canonical(named.folder, problem));
  if (given.empty())
    return error(
        Failure::failed,
        fmt::format("{} {}={}: nothing says on which file system the folder lies, so that what is mounted below "
                    "it cannot be told; in a chroot, make its folder a mount (mount --bind)",
                    key, named.name, named.folder));
  for (const HostFiles::Private& kept : all) {
    if (kept.path.empty()) continue;
    const std::filesystem::path path = std::filesystem::absolute(kept.path, problem);
    for (const MountedPlace& own : places_of(mounts, path))
      for (const MountedPlace& place : given) {
        const bool lies_in = own.contains(place);
        if (!lies_in && !place.contains(own)) continue;
        return error(
            Failure::invalid_argument,
            fmt::format("{} {}={}: by a mount, {} {} {} ({}), which no request may touch; unmount what findmnt "
                        "lists there, or name another folder",
                        key, named.name, named.folder, place.where, lies_in ? "lies in" : "contains", kept.what,
                        own.where));
      }
  }
  return {};
}

/// Whether a path, or something below it, is this file. Where that cannot be seen (too many files, a folder that
/// disappears meanwhile), the answer is yes.
bool names_file(const std::string& path, const struct stat& file) {
  namespace fs = std::filesystem;
  const auto is_it = [&file](const std::string& name) {
    struct stat status {};
    return stat(name.c_str(), &status) == 0 && status.st_dev == file.st_dev && status.st_ino == file.st_ino;
  };
  if (path.empty()) return false;
  if (is_it(path)) return true;
  std::error_code problem;
  if (!fs::is_directory(path, problem)) return false;
  constexpr std::size_t most = 100'000;
  std::size_t seen = 0;
  fs::recursive_directory_iterator entry(path, fs::directory_options::skip_permission_denied, problem);
  for (; !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem))
    if (++seen > most || is_it(entry->path())) return true;
  return static_cast<bool>(problem);
}

std::string list_of(const auto& roots) {
  std::string text;
  for (const auto& root : roots)
    text += fmt::format("{}{} ({}/)", text.empty() ? "" : ", ", root.name, root.files.folder());
  return text;
}

}  // namespace

Result<HostFiles::Named> HostFiles::parse(const std::string& text) {
  const std::size_t equals = text.find('=');
  Named named{text.substr(0, equals), equals == std::string::npos ? std::string() : text.substr(equals + 1)};
  const bool good_name = !named.name.empty() && named.name.size() <= 64 &&
                         std::all_of(named.name.begin(), named.name.end(), [](unsigned char letter) {
                           return std::isalnum(letter) != 0 || letter == '-' || letter == '_' || letter == '.';
                         });
  if (!good_name || !named.folder.starts_with('/'))
    return error(Failure::invalid_argument,
                 fmt::format("\"{:.1000}\" is not NAME=/FOLDER: a name of letters, digits, '-', '_' and '.', and the "
                             "absolute path of a folder",
                             text));
  return named;
}

Result<std::shared_ptr<const HostFiles>> HostFiles::open(const Options& options) {
  auto files = std::make_shared<HostFiles>();
  files->largest_ = options.largest;
  files->options_ = options;
  files->keep_out_ = options.keep_out;
  if (options.read.empty() && options.write.empty()) return std::shared_ptr<const HostFiles>(std::move(files));
  const auto mounts = mounts_of(options.mountinfo);
  if (!mounts) return mounts.error();
  for (const auto& [named, roots, key] : {std::tuple(&options.read, &files->read_, "copy-read"),
                                          std::tuple(&options.write, &files->write_, "copy-write")}) {
    for (const Named& each : *named) {
      auto root = FileRoot::open(each.folder, FilePlace::host);
      if (!root) return error(root.error().kind, fmt::format("{} {}: {}", key, each.name, root.error().message));
      if (const Status usable = check_folder(each, key, options.keep_out); !usable) return usable.error();
      if (const Status usable = check_mounts(each, key, options.keep_out, *mounts); !usable) return usable.error();
      if (!root->works())
        spdlog::warn("{} {}={}: copies of its files will be refused, since the kernel or the container refuses openat2",
                     key, each.name, each.folder);
      roots->push_back({each.name, *std::move(root)});
    }
  }
  return std::shared_ptr<const HostFiles>(std::move(files));
}

Status HostFiles::check(const std::vector<Private>& keep_out) const {
  Options options = options_;
  options.keep_out = keep_out;
  const auto checked = open(options);
  return checked ? Status() : Status(checked.error());
}

void HostFiles::keep_out(std::vector<Private> keep_out) const {
  const std::lock_guard lock(mutex_);
  keep_out_.swap(keep_out);
}

// A path beneath a folder is safe; the file may have other names outside it.
bool HostFiles::is_private(const SourceFile& file) const {
  struct stat status {};
  if (fstat(file.descriptor(), &status) != 0) return true;
  if (status.st_nlink < 2) return false;
  const std::vector<Private> all = [this] {
    const std::lock_guard lock(mutex_);
    return keep_out_;
  }();
  return std::any_of(all.begin(), all.end(), [&](const Private& kept) { return names_file(kept.path, status); });
}

Result<HostFiles::Place> HostFiles::find(const std::vector<Root>& roots, const std::string& path, const char* key,
                                         const char* does) {
  if (roots.empty())
    return error(Failure::access_denied,
                 fmt::format("{:.1000}: vmmsd {} no files of its host by their path; its administrator allows a folder "
                             "with {} = [\"NAME=/FOLDER\"] (--{} NAME=/FOLDER); vmms copy without --on-server needs "
                             "none",
                             path, does, key, key));
  if (!path.starts_with('/') || path.find('\0') != std::string::npos)
    return error(Failure::invalid_argument, fmt::format("\"{:.1000}\" is not an absolute path on the host", path));
  Place place;
  for (const Root& root : roots) {
    const std::string& folder = root.files.folder();
    const bool below = path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
    if (!below || (place.root && folder.size() <= place.root->folder().size())) continue;
    const std::size_t begin = path.find_first_not_of('/', folder.size());
    place = {&root.files, begin == std::string::npos ? std::string() : path.substr(begin)};
  }
  if (place.root) return place;
  return error(Failure::access_denied,
               fmt::format("{:.1000} lies outside of the folders in which vmmsd {} files of its host ({}): {}", path,
                           does, key, list_of(roots)));
}

Result<SourceFile> HostFiles::source(const std::string& path) const {
  const auto place = find(read_, path, "copy-read", "reads");
  if (!place) return place.error();
  auto file = place->root->source(place->path);
  if (file && is_private(*file))
    return error(Failure::access_denied,
                 fmt::format("{:.1000} is a file of vmmsd or libvirt by another name (a hard link), which no request "
                             "may touch",
                             path));
  if (file && file->size() > largest_)
    return error(Failure::failed, fmt::format("the file {:.1000} has {} bytes; at most {} are copied (--copy-largest)",
                                              path, file->size(), largest_));
  return file;
}

Result<TargetFile> HostFiles::target(const std::string& path, const std::string& name, bool overwrite,
                                     bool create_path) const {
  const auto place = find(write_, path, "copy-write", "writes");
  if (!place) return place.error();
  auto file = place->root->target(place->path, name, overwrite, create_path);
  if (file) file->limit(largest_);
  return file;
}

}  // namespace vmms
