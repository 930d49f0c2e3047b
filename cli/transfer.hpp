// One file through the connection to the server: Vmms_GuestFileService's transfers, over several connections at once.
#pragma once

#include "base/source_file.hpp"
#include "base/target_file.hpp"
#include "cli/guest_file.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vmms::cli {

/// Files of one VM, one after the other. INT and TERM abort the transfer, as does standing still for the session's
/// time-out (in the last step, in which the guest writes to its disk, a second longer for each MiB).
class Transfers {
 public:
  struct Destination {
    std::string path;  ///< in the guest; a directory gets the file under its own name
    bool overwrite = false;
    bool create_path = false;
  };

  Transfers(Session& session, const VirtualMachine& machine, Progress& progress)
      : session_(session), service_(out_of_guest(machine)), progress_(progress) {}

  Status send(const SourceFile& source, const Destination& destination);
  /// `make_target` is called once the guest has the file.
  Status receive(const std::string& path, const std::function<Result<TargetFile>()>& make_target);

  /// Whether the user interrupted it.
  bool interrupted() const { return interrupted_; }
  /// InstanceID of the last file's job.
  const std::string& job() const { return job_; }
  /// The last file's transfer was opened: a failure came after that.
  bool begun() const { return !job_.empty(); }

 private:
  struct Sending;
  struct Receiving;
  using Work = std::function<Status(wsman::Client&)>;

  Result<wsman::Record> open(const std::vector<wsman::Input>& inputs);
  /// Runs `work` on so many threads; the first error, or the reason for which it was aborted.
  Status run(std::size_t connections, std::chrono::seconds more_time, const Work& work);
  Status commit(std::uint64_t size, const std::string& sha256, std::chrono::seconds more_time);
  std::chrono::seconds writing_time(std::uint64_t bytes) const;
  void abort();
  Result<wsman::Outcome> call(wsman::Client& client, const char* method, const std::vector<wsman::Input>& inputs);

  Session& session_;
  const cim::ObjectPath service_;
  Progress& progress_;
  std::vector<wsman::Client> clients_;
  std::string id_;
  std::string job_;
  bool interrupted_ = false;
  std::atomic<bool> stop_ = false;
};

}  // namespace vmms::cli
