#include "hypervisor/libvirt/uri.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

namespace vmms::hypervisor::libvirt {

namespace {

int hexadecimal(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hexadecimal(text[i + 1]) >= 0 && hexadecimal(text[i + 2]) >= 0) {
      result += static_cast<char>(hexadecimal(text[i + 1]) * 16 + hexadecimal(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

/// The value of a parameter of the URI's query part, as libvirt reads it.
std::optional<std::string> parameter(std::string_view uri, std::string_view name) {
  std::size_t at = uri.find('?');
  while (at != std::string_view::npos) {
    uri.remove_prefix(at + 1);
    at = uri.find_first_of("&;");
    const std::string_view pair = uri.substr(0, at);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && decode(pair.substr(0, equals)) == name)
      return decode(pair.substr(equals + 1));
  }
  return std::nullopt;
}

std::filesystem::path directory_of(const char* variable, const char* fallback_in_home) {
  if (const char* set = std::getenv(variable); set != nullptr && *set == '/') return set;
  const char* home = std::getenv("HOME");
  if (fallback_in_home == nullptr || home == nullptr || *home != '/') return {};
  return std::filesystem::path(home) / fallback_in_home;
}

}  // namespace

std::string short_uri(std::string_view uri) { return std::string(uri.substr(0, uri.find('?'))); }

Result<std::optional<std::filesystem::path>> embedded_root(std::string_view uri) {
  const std::string head = short_uri(uri);
  if (!head.ends_with(":///embed")) return std::optional<std::filesystem::path>();
  const auto root = parameter(uri, "root");
  if (!root || root->empty() || root->front() != '/') {
    return error(Failure::invalid_argument,
                 fmt::format("\"{}\" lacks the directory of the embedded driver: write {}?root=/DIR with an absolute, "
                             "short path",
                             uri, head));
  }
  std::string path = std::filesystem::path(*root).lexically_normal().string();
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return std::optional<std::filesystem::path>(path);
}

bool in_process(std::string_view uri) {
  const std::string head = short_uri(uri);
  return head.ends_with(":///embed") || head.starts_with("test://");
}

LocalFiles local_files(std::string_view uri) {
  if (const auto root = embedded_root(uri); root && *root) return {**root / "etc/qemu", **root / "run/qemu"};
  const std::string head = short_uri(uri);
  if (head == "qemu:///system") return {"/etc/libvirt/qemu", "/run/libvirt/qemu"};
  if (head == "qemu:///session") {
    const auto configuration = directory_of("XDG_CONFIG_HOME", ".config");
    auto runtime = directory_of("XDG_RUNTIME_DIR", nullptr);
    if (runtime.empty()) runtime = fmt::format("/run/user/{}", geteuid());
    if (configuration.empty()) return {};
    return {configuration / "libvirt/qemu", runtime / "libvirt/qemu/run"};
  }
  return {};
}

}  // namespace vmms::hypervisor::libvirt
