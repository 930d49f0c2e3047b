#include "daemon/copy_folders.hpp"

#include "hypervisor/libvirt/uri.hpp"

#include <cstdlib>
#include <string>
#include <utility>

namespace vmms::daemon {

namespace {

// Of libvirt's driver for one user: as libvirt finds them, by the XDG base directory specification.
std::vector<std::string> session_folders() {
  const char* home = std::getenv("HOME");
  const auto folder = [&](const char* variable, const char* below_home) -> std::string {
    const char* named = std::getenv(variable);
    if (named && *named) return std::string(named) + "/libvirt";
    return home && *below_home ? std::string(home) + below_home + "/libvirt" : std::string();
  };
  return {folder("XDG_CONFIG_HOME", "/.config"), folder("XDG_DATA_HOME", "/.local/share"),
          folder("XDG_CACHE_HOME", "/.cache"), folder("XDG_RUNTIME_DIR", "")};
}

}  // namespace

std::vector<HostFiles::Private> private_files(const Options& options) {
  std::vector<HostFiles::Private> files = {{"the state folder of vmmsd", options.state},
                                           {"the users file of vmmsd", options.users},
                                           {"the certificate of vmmsd", options.certificate},
                                           {"the key of vmmsd", options.key},
                                           {"the audit file of vmmsd", options.audit},
                                           {"the domain that vmmsd defines", options.define},
                                           {"the configuration of vmmsd", options.configuration},
                                           {"the configuration of vmmsd", "/etc/vmms"}};
  for (const char* folder :
       {"/etc/libvirt", "/var/lib/libvirt", "/run/libvirt", "/var/cache/libvirt", "/var/log/libvirt"})
    files.push_back({"a folder of libvirt", folder});
  if (options.connect.find("/session") != std::string::npos)
    for (std::string& folder : session_folders()) files.push_back({"a folder of libvirt", std::move(folder)});
  if (const auto root = hypervisor::libvirt::embedded_root(options.connect); root && *root)
    files.push_back({"the folder of the embedded libvirt", **root});
  return files;
}

Result<std::shared_ptr<const HostFiles>> open_copy_folders(const Options& options) {
  // Nothing is known of where an embedded libvirt without a folder would be.
  if (const auto root = hypervisor::libvirt::embedded_root(options.connect); !root) return root.error();
  return HostFiles::open({options.copy_read, options.copy_write, private_files(options), options.copy_largest});
}

}  // namespace vmms::daemon
