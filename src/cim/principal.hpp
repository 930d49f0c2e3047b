// The caller of an operation. Authentication finds it; authorization, ownership, quotas and the audit use it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmms::cim {

/// The realm of the users in vmmsd's own password file.
inline constexpr const char* users_realm = "vmms";
/// The realm of this host's users, who connect to the local socket and are identified by the kernel.
inline constexpr const char* local_realm = "local";

/// A user who signed in. Two principals are the same when realm and name are: a user `root` of the password file is not
/// the host's root.
struct Principal {
  std::string realm = {};
  std::string name = {};
  std::string mechanism = {};              ///< how the identity was proven: "basic", "peer" …
  std::string address = {};                ///< of the peer, without port; IPv6: its /64 network
  std::optional<std::uint32_t> uid = {};   ///< of local callers
  std::vector<std::uint32_t> groups = {};  ///< of local callers: their primary group and the supplementary ones

  bool is_nobody() const { return name.empty(); }
  /// `realm\name`: what contexts, jobs, transfers and quotas belong to.
  std::string id() const { return realm + '\\' + name; }
  /// The host's root over the local socket, for whom a part of everything is reserved.
  bool is_local_root() const { return uid == 0u && realm == local_realm; }
};

using PrincipalPtr = std::shared_ptr<const Principal>;

/// Not signed in; never null.
inline const PrincipalPtr& nobody() {
  static const PrincipalPtr principal = std::make_shared<const Principal>();
  return principal;
}

}  // namespace vmms::cim
