#include "agent/child.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <vector>

namespace vmms::agent {

namespace {

// The host's port and the service manager are not the child's.
void close_all_but(int kept) {
  std::vector<int> open;
  if (DIR* folder = opendir("/proc/self/fd")) {
    while (const dirent* entry = readdir(folder)) {
      const int descriptor = std::atoi(entry->d_name);
      if (descriptor > 2 && descriptor != kept && descriptor != dirfd(folder)) open.push_back(descriptor);
    }
    closedir(folder);
  }
  for (const int descriptor : open) close(descriptor);
}

}  // namespace

Child::Child(const std::function<void(int pipe)>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  process_ = fork();
  if (process_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close_all_but(ends[1]);
    work(ends[1]);
    _exit(0);
  }
  close(ends[1]);
  if (process_ < 0) {
    close(ends[0]);
    return;
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  pipe_ = ends[0];
}

Child::~Child() {
  kill();
  if (process_ > 0) waitpid(process_, nullptr, 0);
  if (pipe_ >= 0) close(pipe_);
}

void Child::kill() {
  if (process_ > 0) ::kill(process_, SIGKILL);
}

bool Child::work() {
  char bytes[4096];
  while (pipe_ >= 0) {
    const ssize_t count = read(pipe_, bytes, sizeof bytes);
    if (count > 0) {
      if (output_.size() < output_limit) output_.append(bytes, static_cast<std::size_t>(count));
      continue;
    }
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return false;
    close(pipe_);
    pipe_ = -1;
  }
  return true;
}

}  // namespace vmms::agent
