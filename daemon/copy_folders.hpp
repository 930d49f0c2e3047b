// The folders of this host whose files requests may name, and the files that must stay outside them.
#pragma once

#include "base/host_files.hpp"
#include "daemon/options.hpp"

#include <memory>
#include <vector>

namespace vmms::daemon {

/// What no request may touch: our own files and libvirt's.
std::vector<HostFiles::Private> private_files(const Options& options);

/// Errors: as of HostFiles::open.
Result<std::shared_ptr<const HostFiles>> open_copy_folders(const Options& options);

}  // namespace vmms::daemon
