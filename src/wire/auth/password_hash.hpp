// yescrypt hashes (crypt(5)), the ones that Debian keeps in /etc/shadow.
#pragma once

#include "base/result.hpp"

#include <string>

namespace vmms::wire::auth {

/// "$y$…" with a new salt. `cost` is crypt_gensalt's count, 1 to 11; 0 means its default, which takes 16 MiB and some
/// 30 ms, and so does verifying. Failure invalid_argument for an empty, too long or unclean password (RFC 7617 allows
/// no control characters).
Result<std::string> hash_password(const std::string& password, unsigned long cost = 0);

/// Slow on purpose: not for I/O threads. Failure busy when there is no memory for it.
Result<bool> verify_password(const std::string& password, const std::string& hash);

bool is_yescrypt_hash(const std::string& hash);

}  // namespace vmms::wire::auth
