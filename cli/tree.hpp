// What is in a directory and below it, here and in a guest, for copies of whole directories.
#pragma once

#include "cli/guest_file.hpp"
#include "cli/session.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vmms::cli {

struct TreeEntry {
  std::string path;  ///< relative to the tree's directory; empty: that directory
  bool directory = false;
  std::uint32_t permissions = 0;
  std::uint64_t size = 0;
};

struct Tree {
  std::vector<TreeEntry> entries;     ///< each directory before what is in it
  std::vector<std::string> left_out;  ///< links, devices, pipes, sockets: neither followed nor copied
};

inline constexpr std::size_t most_tree_entries = 100'000;
inline constexpr std::size_t most_tree_depth = 64;

/// Whether a file of this machine may get that name from a guest: no separator, no control character, neither . nor ..
bool is_file_name(std::string_view name);

/// Whether a file of that name may go to a guest: characters that XML cannot carry would arrive as others.
bool can_be_sent(std::string_view name);

/// Errors: invalid_argument (a name that cannot be sent, too deep, too many), as of the file system.
Result<Tree> local_tree(const std::string& directory);
/// Errors also: failed, when the guest lists impossible names, or has more than it can list.
Result<Tree> guest_tree(Session& session, const VirtualMachine& machine, const std::string& directory);

}  // namespace vmms::cli
