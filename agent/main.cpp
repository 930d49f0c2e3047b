// vmms-agent: runs in a guest for the host that pushed it there. See README.md.
#include "agent/conversation.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs(
        "usage: vmms-agent PORT BUILD [BUS_ADDRESS…]\n"
        "Started by vmmsd through the guest's qemu-guest-agent; PORT is the name of a virtio port.\n",
        stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  umask(077);
  int port = -1;
  // It was plugged in just now.
  for (int tries = 0; tries < 250 && (port = vmms::agent::open_port(argv[1])) < 0; ++tries) usleep(20000);
  if (port < 0) {
    std::fprintf(stderr, "vmms-agent: the port %s cannot be opened: %s\n", argv[1], std::strerror(errno));
    return 1;
  }
  std::vector<std::string> addresses(argv + 3, argv + argc);
  if (addresses.empty())
    addresses = {"unix:path=/run/systemd/private", "unix:path=/run/dbus/system_bus_socket",
                 "unix:path=/var/run/dbus/system_bus_socket"};
  return vmms::agent::Conversation(port, argv[2], addresses).run();
}
