// The files of one simulated guest: what the scripts of src/guest/files/file_scripts/ and guest-file-* would do to
// them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::simulator {

/// In memory, gone when the guest's VM is; at most `most_bytes` of them. Variables are HOME=/root and TMPDIR=/tmp.
class SimulatedFiles {
 public:
  static constexpr std::uint64_t most_bytes = 64U << 20;

  struct Printed {
    std::string out;
    std::string err;
  };
  /// What a script prints; nothing when it is not one of those for files.
  std::optional<Printed> run(std::string_view script, const std::vector<std::string>& parameters,
                             const std::string& input);

  /// guest-file-*: a handle, or nothing when the agent would refuse.
  std::optional<std::int64_t> open(const std::string& path, std::string_view mode);
  bool write(std::int64_t handle, std::string_view bytes);
  /// Nothing: no such handle.
  std::optional<std::string> read(std::int64_t handle, std::size_t most);
  bool close(std::int64_t handle) { return handles_.erase(handle) == 1; }

 private:
  struct File {
    std::string content;
    std::string permissions = "644";
    std::int64_t modified = 0;
  };
  struct Handle {
    std::string path;
    std::size_t offset = 0;
  };
  using Words = const std::vector<std::string>&;

  Printed prepare(Words words);
  Printed receive(Words words, const std::string& input);
  Printed discard(Words words);
  /// Where a copy of `source` to `destination` goes.
  std::string target_of(const std::string& destination, const std::string& source) const;
  Printed describe(Words words) const;
  Printed list(Words words) const;
  Printed make_directory(Words words);
  Printed remove(Words words);
  Printed send(Words words) const;
  bool is_directory(const std::string& path) const { return directories_.contains(path); }
  std::uint64_t bytes() const;
  std::string line(const std::string& path, const std::string& name) const;

  std::map<std::string, File> files_;
  std::set<std::string> directories_{"/", "/tmp", "/var", "/var/tmp", "/etc", "/root", "/home"};
  std::map<std::int64_t, Handle> handles_;
  std::int64_t last_handle_ = 1000;
};

}  // namespace vmms::hypervisor::simulator
