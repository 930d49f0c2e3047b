// A client of qemu-guest-agent: one method per command, answers bounded and validated.
// Protocol: QEMU's "Guest Agent Protocol Reference" (qga/qapi-schema.json).
#pragma once

#include "base/result.hpp"
#include "guest/transport/transport.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::guest {

/// What runs a script. PowerShell gets name and values, each in base64, as lines on its standard input: it would run
/// everything after its option -Command as text.
enum class Shell : std::uint8_t { posix, powershell };

/// A fixed shell text and the values it takes. Values never become part of the text.
struct Script {
  std::string_view name;                ///< `$0`: stable, "vmms-systemd-start"
  std::string_view text;                ///< for /bin/sh -c; lives as long as the program
  std::vector<std::string> parameters;  ///< `$1` …
  std::string input = {};               ///< bytes on its standard input
  Shell shell = Shell::posix;
};

/// The result of a script that has ended.
struct Output {
  std::optional<int> exit_status;  ///< nothing: a signal ended it
  std::optional<int> signal;
  std::string out;
  std::string err;
};

/// guest-info.
struct AgentInformation {
  std::string version;
  std::set<std::string, std::less<>> commands;  ///< those that are enabled

  bool allows(std::string_view command) const { return commands.find(command) != commands.end(); }
};

/// What guest-file-read gives.
struct FilePiece {
  std::string bytes;
  bool end = false;  ///< of the file
};

/// guest-get-osinfo; empty where the guest reports nothing.
struct OperatingSystem {
  std::string id;
  std::string name;        ///< "Debian GNU/Linux 12 (bookworm)"
  std::string short_name;  ///< "Debian GNU/Linux"
  std::string version;
  std::string kernel_release;
  std::string kernel_version;
  std::string machine;
};

/// The longest wait for any command, whatever the caller's deadline: a silent agent is found within 5 s.
constexpr std::chrono::seconds command_time{4};
/// How much of a file is written in one command, in bytes. libvirt (9.0 at least) loses count of a command that its
/// socket does not take at once (about 200 KB): the agent then waits for the rest for ever.
constexpr std::size_t file_chunk = std::size_t{64} << 10;
/// How much of a file is read in one command; answers of megabytes arrive.
constexpr std::size_t file_read_chunk = std::size_t{1} << 20;
/// The largest answer that is read: 1 MiB of error output and 4 MiB of output as base64.
constexpr std::size_t answer_limit = std::size_t{7} << 20;

/// Failures are those of Transport::command, and
///   timed_out      the caller's deadline passed before the agent had its time to answer
///   unreachable    the agent is silent, was restarted during the call, or the guest's file systems are frozen
///   not_supported  the agent forbids the command or does not know it
///   failed         the agent tried and failed, or its answer is invalid
class Agent {
 public:
  explicit Agent(Transport& transport) : transport_(transport) {}

  Status ping(Clock::time_point deadline);
  Result<AgentInformation> information(Clock::time_point deadline);
  Result<OperatingSystem> operating_system(Clock::time_point deadline);
  /// guest-fsfreeze-status: whether the guest's file systems are frozen.
  Result<bool> frozen(Clock::time_point deadline);

  /// guest-exec of PowerShell, or of /bin/sh with a fixed environment (C locale, UTC, system directories in PATH): its
  /// process id.
  Result<std::int64_t> execute(const Script& script, Clock::time_point deadline);

  /// guest-exec-status: the result of the process, once; nothing while it runs.
  Result<std::optional<Output>> status(std::int64_t process, Clock::time_point deadline);

  /// guest-file-*: `mode` as of fopen(3). Handles are the agent's; it forgets them when it is restarted.
  Result<std::int64_t> open_file(std::string_view path, std::string_view mode, Clock::time_point deadline);
  /// Writes all of `bytes`, at most `file_chunk` of them.
  Status write_file(std::int64_t handle, std::string_view bytes, Clock::time_point deadline);
  Result<FilePiece> read_file(std::int64_t handle, std::size_t most, Clock::time_point deadline);
  /// Flushes, then closes.
  Status close_file(std::int64_t handle, Clock::time_point deadline);

 private:
  Transport& transport_;
};

/// The error of a caller whose deadline passed before a silent agent is found (timed_out): `text` says what it waited
/// for. Where the agent has been silent for half a second or more, the error says that instead.
Error late_error(const Transport& transport, std::string text);

/// What to do in a guest whose agent forbids what is needed.
constexpr std::string_view allow_advice =
    "allow it in the guest, where qemu-guest-agent is configured (block-rpcs or allow-rpcs in /etc/qemu/qemu-ga.conf, "
    "BLACKLIST_RPC or FILTER_RPC_ARGS in /etc/sysconfig/qemu-ga; in Windows the command line of the service QEMU-GA), "
    "and restart the agent";
/// The error of every call while the guest's file systems are frozen.
Error frozen_error();
/// The error of a call that needs commands which the agent does not allow.
Error forbidden_error(std::string_view commands);
/// The error of a call whose agent disconnected while the guest was working.
Error restarted_error();
/// The error of an agent that is connected and has not answered in time.
Error silent_error();

}  // namespace vmms::guest
