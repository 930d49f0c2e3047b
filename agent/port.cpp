#include "agent/port.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace vmms::agent {

namespace {

constexpr const char* ports_folder = "/sys/class/virtio-ports";

std::string read_line(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[256];
  const ssize_t count = read(file, text, sizeof text);
  close(file);
  std::string line(text, count > 0 ? static_cast<std::size_t>(count) : 0);
  if (const std::size_t end = line.find('\n'); end != std::string::npos) line.resize(end);
  return line;
}

std::string device_of(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  DIR* folder = opendir(ports_folder);
  if (folder == nullptr) return {};
  std::string device;
  while (const dirent* entry = readdir(folder))
    if (entry->d_name[0] != '.' && read_line(std::string(ports_folder) + '/' + entry->d_name + "/name") == name)
      device = std::string("/dev/") + entry->d_name;
  closedir(folder);
  return device;
}

}  // namespace

int open_port(const std::string& name) {
  const std::string device = device_of(name);
  if (device.empty()) {
    errno = ENOENT;
    return -1;
  }
  return open(device.c_str(), O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void HostPort::send(std::string_view bytes) {
  if (out_.size() - begin_ + bytes.size() > backlog_limit) {
    broken_ = true;
    return;
  }
  out_.erase(0, begin_);
  begin_ = 0;
  out_ += bytes;
  flush();
}

void HostPort::flush() {
  while (begin_ < out_.size()) {
    const ssize_t count = write(descriptor_, out_.data() + begin_, out_.size() - begin_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno != EAGAIN) broken_ = true;
    if (count <= 0) return;
    begin_ += static_cast<std::size_t>(count);
  }
  out_.clear();
  begin_ = 0;
}

std::string_view HostPort::receive() {
  const ssize_t count = read(descriptor_, in_, sizeof in_);
  if (count > 0) {
    host_is_there_ = true;
    return {in_, static_cast<std::size_t>(count)};
  }
  // End of file is not the end: it lasts as long as no process holds the host's end. A pseudo-terminal reports EIO
  // instead.
  if (count == 0 || errno == EIO) host_is_there_ = false;
  if (count < 0 && errno == EAGAIN) host_is_there_ = true;
  if (count < 0 && errno != EAGAIN && errno != EINTR && errno != EIO) broken_ = true;
  return {};
}

}  // namespace vmms::agent
