// One job of copying files into or out of a guest, and the ways of doing it.
#pragma once

#include "base/content_hash.hpp"
#include "guest/agent/patient_transport.hpp"
#include "guest/files/files.hpp"
#include "guest/own_agent/own_agent_session.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vmms::guest {

/// Where a file goes in the guest.
struct Destination {
  std::string path;  ///< a file, or a directory that gets the file under its own name
  bool overwrite = false;
  bool create_path = false;
};

/// Copies files one after the other, by the quickest way that the guest offers:
///   up to 64 KiB    as standard input of the script that also checks and puts the file in its place; by
///   guest-file-write
///                   where they are still to come
///   above           through a data port, opened for the first such file and kept for the rest; our own agent reads it
///                   where it is in the guest (it hashes while it receives), else a script
///   without ports   guest-file-write in chunks of 64 KiB (about a twentieth of the speed)
///   no guest-exec   guest-file-write into the target itself, read back; nothing can be atomic then
/// A file appears in the guest whole, with the hash it was read with, or not at all: it is written beside its target
/// and renamed. Not thread-safe; takes as long as it needs, and gives up when the guest accepts nothing for a minute.
class FileCopy {
 public:
  /// Our own agent in the guest, if it is there now.
  using OwnAgent = std::function<std::shared_ptr<OwnAgentSession>()>;

  FileCopy(std::shared_ptr<Transport> transport, std::shared_ptr<AbandonedProcesses> abandoned,
           Capabilities capabilities, CopyObserver observer, OwnAgent own_agent = {})
      : transport_(std::make_shared<PatientTransport>(std::move(transport))),
        abandoned_(std::move(abandoned)),
        capabilities_(std::move(capabilities)),
        observer_(std::move(observer)),
        own_agent_(std::move(own_agent)) {}

  /// The path that the file has in the guest now. Failures: as of Files, invalid_state when it was cancelled.
  Result<std::string> to_guest(const ByteSource& source, const Destination& destination);

  /// A regular file of the guest, to its end, with its permissions and its time of modification. The size that the
  /// guest reports is believed only as long as the content agrees with it.
  Status from_guest(const std::string& path, ByteSink& target);
  /// The same with the result of an earlier Files::describe_content.
  Status from_guest(const std::string& path, const FileInformation& file, ByteSink& target);

 private:
  struct CopyTask {
    const ByteSource& source;
    const Destination& destination;
    const PartFile& part;
  };
  struct Prepared {
    std::string target;
    std::string part;
  };

  bool has_shell() const;
  bool cancelled() const { return observer_.cancelled && observer_.cancelled(); }
  void moved(std::size_t bytes) const {
    if (observer_.moved) observer_.moved(bytes);
  }
  Port* port();

  Result<Prepared> prepare(const CopyTask& task);
  static std::vector<std::string> place_parameters(const CopyTask& task);
  static Script receive_script(std::string_view from, const CopyTask& task,
                               const std::vector<ByteSource::Piece>& pieces, std::string sums);
  Result<std::string> receive(const CopyTask& task);
  Result<std::string> at_once(const CopyTask& task);
  Result<std::string> through_port(const CopyTask& task);
  Result<std::string> through_own_agent(OwnAgentSession& agent, const CopyTask& task);
  Result<std::string> in_chunks(const CopyTask& task);
  Result<std::string> in_place(const ByteSource& source, const Destination& destination);
  Status write_chunks(const ByteSource& source, std::int64_t handle, ContentHash& hash);
  Result<std::string> put_into_place(std::string_view from, const CopyTask& task, const Prepared& prepared,
                                     const std::vector<ByteSource::Piece>& pieces, std::string sums);
  Result<std::string> finish(Execution& execution, const CopyTask& task, std::uint64_t bytes);
  Result<std::string> outcome(const Output& output, const std::string& path);

  struct Told;
  Script send_script(std::string_view to, const FileInformation& file, const std::string& path, std::uint64_t most);
  Result<bool> send_at_once(const FileInformation& file, const std::string& path, ByteSink& target);
  Status send_through_port(const FileInformation& file, const std::string& path, ByteSink& target);
  Status read_chunks(const FileInformation& file, const std::string& path, ByteSink& target);

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<AbandonedProcesses> abandoned_;
  const Capabilities capabilities_;
  const CopyObserver observer_;
  const OwnAgent own_agent_;
  std::unique_ptr<Port> port_;
  bool no_port_ = false;  ///< none can be opened
  bool tidied_ = false;   ///< the guest has reported that no part file of the current copy is left
};

}  // namespace vmms::guest
