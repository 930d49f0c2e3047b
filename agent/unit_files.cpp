#include "agent/unit_files.hpp"

#include <dirent.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cstdint>
#include <string>

namespace vmms::agent {

namespace {

constexpr std::uint32_t changes = IN_CREATE | IN_DELETE | IN_MOVE | IN_CLOSE_WRITE | IN_ONLYDIR;
// systemd.unit(5), "Unit File Load Path"; the transient ones matter only while they are loaded. The parents of those
// that may be missing are watched, to notice when they appear.
constexpr const char* folders[] = {
    "/etc/systemd/system.control",  "/run/systemd/system.control",  "/run/systemd/generator.early",
    "/etc/systemd/system",          "/etc/systemd/system.attached", "/run/systemd/system",
    "/run/systemd/system.attached", "/run/systemd/generator",       "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",      "/lib/systemd/system",          "/run/systemd/generator.late"};
constexpr const char* parents[] = {"/etc/systemd", "/run/systemd"};

}  // namespace

UnitFiles::UnitFiles() : descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) { watch(); }

UnitFiles::~UnitFiles() {
  if (descriptor_ >= 0) close(descriptor_);
}

void UnitFiles::watch() {
  if (descriptor_ < 0) return;
  for (const char* parent : parents)
    inotify_add_watch(descriptor_, parent, IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR);
  for (const char* path : folders) {
    if (inotify_add_watch(descriptor_, path, changes) < 0) continue;
    DIR* folder = opendir(path);
    if (folder == nullptr) continue;
    // .wants, .requires and .d
    while (const dirent* entry = readdir(folder))
      if (entry->d_name[0] != '.' && (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN))
        inotify_add_watch(descriptor_, (std::string(path) + '/' + entry->d_name).c_str(), changes);
    closedir(folder);
  }
}

bool UnitFiles::changed() {
  if (descriptor_ < 0) return false;
  alignas(inotify_event) char bytes[8192];
  bool any = false;
  while (true) {
    const ssize_t size = read(descriptor_, bytes, sizeof bytes);
    if (size <= 0) break;
    for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(bytes + at);
      any = any || (event->mask & IN_IGNORED) == 0;
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
  if (any) watch();
  return any;
}

}  // namespace vmms::agent
