// The messages between the host and the program in the guest (agent/), over their own port.
//
// Both ends are built from this folder, and a hello with another version ends the conversation: there is nothing to
// negotiate, since the host pushes the program that fits it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace vmms::guest::protocol {

inline constexpr std::uint32_t version = 2;

/// One unit, in systemd's own words.
struct Unit {
  std::string name;                ///< canonical
  std::vector<std::string> names;  ///< with the aliases
  std::string description;
  std::string load_state;
  std::string active_state;
  std::string sub_state;
  std::string unit_file_state;
  std::string type;
  std::string result;
  std::uint32_t main_process_id = 0;
  std::uint32_t end_code = 0;       ///< waitid's si_code of the last main process; 0: none ended
  std::uint32_t end_status = 0;     ///< its si_status
  std::uint64_t state_changed = 0;  ///< µs since 1970; 0: not known

  friend bool operator==(const Unit&, const Unit&) = default;
};

// From the host. A request's answer carries its id.

/// Answered by Pong once everything that the service manager reported before is on its way.
struct Ping {
  std::uint32_t id = 0;
};
struct Start {
  std::uint32_t id = 0;
  std::string unit;
};
struct Stop {
  std::uint32_t id = 0;
  std::string unit;
};
struct AskState {
  std::uint32_t id = 0;
  std::string unit;
};
/// Bytes of a file, in the order in which they travel; what lies between segments is a hole.
struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  friend bool operator==(const Segment&, const Segment&) = default;
};
/// Reads the segments' bytes from the port and writes them into the file, which is made (mode 0600) or emptied first
/// and is `size` bytes long and on disk at the end.
struct Receive {
  std::uint32_t id = 0;
  std::string port;  ///< name of the virtio port
  std::string path;
  std::uint64_t size = 0;
  std::vector<Segment> segments;
};
/// Writes `length` bytes of the file from `offset` on to the port; fewer when the file ends before.
struct Send {
  std::uint32_t id = 0;
  std::string port;
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
/// Ends a Receive or Send, which is then answered by Failed.
struct Cancel {
  std::uint32_t id = 0;
};
struct Exit {};

using ToAgent = std::variant<Ping, Start, Stop, AskState, Receive, Send, Cancel, Exit>;

// From the guest.

/// The first message.
struct Hello {
  std::uint32_t version = 0;
  std::string build;
};
struct Pong {
  std::uint32_t id = 0;
  std::uint64_t events = 0;  ///< Changed, Gone, FilesChanged, Synchronized and Lost that were sent so far
};
/// Which kind of check in a unit failed, so that nothing was started.
inline constexpr std::uint32_t unmet_condition = 1;
inline constexpr std::uint32_t unmet_assertion = 2;
/// A start or stop is done, or could not be begun.
struct Done {
  std::uint32_t id = 0;
  std::string job_result;              ///< done, failed, dependency, canceled, …; empty: there was no job
  std::string error;                   ///< why there was none, as a D-Bus error name
  std::string message;                 ///< and in words
  Unit unit;                           ///< the state afterwards
  std::vector<std::string> log_lines;  ///< the unit's last ones, unless it is as it was wanted
  std::uint32_t unmet = 0;             ///< one of the two above
};
struct State {
  std::uint32_t id = 0;
  Unit unit;
};
struct Transferred {
  std::uint32_t id = 0;
  std::uint64_t bytes = 0;
  std::array<std::uint8_t, 32> sha256{};  ///< of the bytes that travelled
};
struct Failed {
  std::uint32_t id = 0;
  std::uint32_t code = 0;  ///< errno, 0: none
  std::string message;
};
/// Event: a loaded service is now in another state, or was not known before.
struct Changed {
  Unit unit;
};
/// Event: the service is no longer loaded.
struct Gone {
  std::string unit;
};
/// Event: files that define services changed, so which services there are must be looked up again.
struct FilesChanged {};
/// Event: all loaded services have been reported since the last Lost.
struct Synchronized {};
/// Event: the connection to the service manager is lost; what was reported is void.
struct Lost {};

using ToHost =
    std::variant<Hello, Pong, Done, State, Transferred, Failed, Changed, Gone, FilesChanged, Synchronized, Lost>;

}  // namespace vmms::guest::protocol
