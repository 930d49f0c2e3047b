#include "daemon/host_identity.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <system_error>

namespace vmms::daemon {

namespace {

constexpr sd_id128_t application = {
    {0x5d, 0x0c, 0x9e, 0x1b, 0x7a, 0x44, 0x4f, 0x0b, 0x8b, 0x52, 0x61, 0xfd, 0x0c, 0x2e, 0x93, 0xa6}};
constexpr std::string_view file_name = "host-uuid";

}  // namespace

Result<std::string> host_identity(const StateFolder& state) {
  sd_id128_t id{};
  if (sd_id128_get_machine_app_specific(application, &id) < 0) return kept_identity(state);
  std::string text;
  for (std::size_t i = 0; i < sizeof id.bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02X}", id.bytes[i]);
  }
  return text;
}

Result<std::string> kept_identity(const StateFolder& state) {
  const auto path = state.private_file(file_name);
  if (!path) return path.error();
  std::string known;
  std::getline(std::ifstream(*path), known);
  if (is_guid(known)) return to_upper(known);
  const std::string made = random_guid();
  const std::string line = made + '\n';
  const int file = ::open(path->c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
  const bool kept =
      file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(file) == 0;
  const int reason = errno;
  if (file >= 0) ::close(file);
  if (!kept)
    return error(Failure::failed, fmt::format("the UUID of this host cannot be kept in {}: {}", *path,
                                              std::error_code(reason, std::generic_category()).message()));
  return made;
}

}  // namespace vmms::daemon
