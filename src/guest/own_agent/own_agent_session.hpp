// A conversation with our own agent in a guest (agent/): services as it reports them, starts and stops, file streams.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "base/waiting.hpp"
#include "guest/protocol/frames.hpp"
#include "guest/services/service.hpp"
#include "guest/services/service_manager.hpp"
#include "guest/transport/port.hpp"

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::guest {

/// Thread-safe. One thread reads the port and keeps the session alive until it ends. What the guest sends is bounded
/// and validated, and invalid data ends the session. Failures:
///   unreachable  the session has ended, or the agent has lost the service manager; there are other ways
///   timed_out    the deadline passed
///   not_found    no such service
///   failed       the guest tried and failed
///   busy         too much is under way
class OwnAgentSession : public std::enable_shared_from_this<OwnAgentSession> {
 public:
  /// Requests under way in one guest.
  static constexpr std::size_t most_under_way = 128;
  /// An agent that does not answer for so long is given up.
  static constexpr std::chrono::seconds silent_time{3};

  /// How much of its data is kept, in bytes, whatever its virtual machine's account allows beyond that.
  static constexpr std::size_t most_bytes = std::size_t{16} << 20;
  /// How much it may send at once, and how fast it may go on: anything faster waits in the guest.
  static constexpr std::size_t burst_bytes = std::size_t{16} << 20;
  static constexpr std::size_t bytes_a_second = std::size_t{256} << 10;
  /// What a message costs beside its bytes.
  static constexpr std::size_t message_cost = 64;

  /// Waits for the agent's hello. `build` is the build that it must name, `account` pays for its data.
  static Result<std::shared_ptr<OwnAgentSession>> begin(std::unique_ptr<Port> port, std::string_view build,
                                                        Clock::time_point deadline, const AccountPtr& account = {});
  ~OwnAgentSession();

  bool alive() const;
  /// Why it ended.
  std::string end_reason() const;
  /// It ended because the agent sent more than is kept.
  bool told_too_much() const;
  /// Ends it and waits for nothing. `remove`: the agent ends and removes its file.
  void end(bool remove, std::string reason);
  /// Ends it with its virtual machine. Allocates nothing: a destructor calls it.
  void abandon();

  /// Everything that the service manager reported so far has arrived, apart from the last tenth of a second.
  Status current(Clock::time_point deadline);

  /// Counts changes of states, and of the files that define services.
  struct Versions {
    std::uint64_t states = 0;
    std::uint64_t files = 0;
    friend bool operator==(const Versions&, const Versions&) = default;
  };
  /// Nothing while not all loaded services are known.
  std::optional<Versions> versions() const;
  /// A loaded service, by its name or an alias, as last reported.
  std::optional<Service> loaded(const std::string& full_name) const;
  /// `list` as it is now, when the files that it was read from are still the same.
  ServiceList now(const ServiceList& list) const;

  /// Any service, also one that is not loaded: asks the guest.
  Result<Service> state(const std::string& full_name, Clock::time_point deadline);

  /// A start or stop under way: sent when made.
  class Act {
   public:
    /// Waits for its end; nothing when the deadline passed first.
    std::optional<Result<ServiceOutcome>> advance(Clock::time_point deadline);

   private:
    friend class OwnAgentSession;
    std::shared_ptr<OwnAgentSession> session_;
    std::string full_name_;
    bool start_ = false;
    std::uint32_t id_ = 0;
    std::shared_ptr<void> given_up_;  ///< with the last copy gone, no caller waits any more
  };
  Result<Act> start(const std::string& full_name) { return act(full_name, true); }
  Result<Act> stop(const std::string& full_name) { return act(full_name, false); }

  /// What travelled; the hash is of these bytes in their order, without holes.
  struct Transfer {
    std::uint64_t bytes = 0;
    std::array<std::uint8_t, 32> sha256{};
  };
  /// The guest reads the segments' bytes, which the caller writes meanwhile, from the port of that name into the file
  /// `path` (made with mode 0600 or emptied first; `size` bytes long, and on disk, at the end). `cancelled` is asked
  /// now and then; the file is then left as it is. A text that starts with "errno N: " is the guest's own failure.
  Result<Transfer> receive_file(std::string_view port_name, std::string_view path, std::uint64_t size,
                                std::vector<protocol::Segment> segments, Clock::time_point deadline,
                                const std::function<bool()>& cancelled = {});
  /// The guest writes at most `length` bytes of the file from `offset` on to the port, which the caller reads
  /// meanwhile.
  Result<Transfer> send_file(std::string_view port_name, std::string_view path, std::uint64_t offset,
                             std::uint64_t length, Clock::time_point deadline,
                             const std::function<bool()>& cancelled = {});

 private:
  struct Loaded {
    Service service;
    std::vector<std::string> names;
    std::size_t bytes = 0;  ///< with its aliases
  };
  using Answer = protocol::ToHost;
  struct Waiting {
    std::optional<Answer> answer;
    std::size_t bytes = 0;
  };

  /// A request that waits for its answer while this is held.
  struct Sent {
    std::uint32_t id = 0;
    std::shared_ptr<void> given_up;
  };

  explicit OwnAgentSession(std::unique_ptr<Port> port) : port_(std::move(port)) {}

  void read();
  void listen();
  /// Slows down a guest that sends much.
  void slow_down(std::size_t bytes);
  Status take_frames(std::string_view bytes);
  Status take(protocol::ToHost message, std::size_t bytes);
  Status take_unit(const protocol::Unit& unit);
  /// Charges so much more, or less, for its data.
  Status keep(std::size_t more);
  void keep_less(std::size_t less);
  std::map<std::uint32_t, Waiting>::node_type no_longer_waiting(std::uint32_t id);
  void forget_unit(const std::string& name);
  Result<Act> act(const std::string& full_name, bool start);
  Result<Transfer> transfer(const Sent& request, std::string_view path, Clock::time_point deadline,
                            const std::function<bool()>& cancelled);

  template <class Message>
  Result<Sent> send(Message message);
  /// The answer to a request; nothing when the deadline passed first. Checks now and then that the agent is there.
  std::optional<Result<Answer>> await(std::uint32_t id, Clock::time_point deadline);
  void give_up(std::uint32_t id);
  void close(std::string reason);
  Error ended() const;

  const std::unique_ptr<Port> port_;
  // Of the reading thread.
  protocol::FrameReader frames_;
  std::size_t messages_ = 0;
  double allowance_ = static_cast<double>(burst_bytes);
  Clock::time_point allowed_at_ = Clock::now();

  TaskMutex writing_;  ///< held while a frame goes into the port, which may wait

  mutable std::mutex mutex_;
  mutable Condition changed_;
  bool greeted_ = false;
  std::string build_;
  std::optional<std::string> end_reason_;
  bool leaving_ = false;  ///< asked to exit
  std::uint32_t last_id_ = 0;
  std::map<std::uint32_t, Waiting> waiting_;
  std::uint64_t events_ = 0;
  Clock::time_point current_as_of_{};
  bool synchronized_ = false;
  Versions versions_;
  std::map<std::string, Loaded> loaded_;
  std::map<std::string, std::string> canonical_;  ///< of aliases
  std::size_t bytes_ = 0;                         ///< of loaded_, canonical_ and the answers in waiting_
  Charge charge_;                                 ///< for them
  bool too_much_ = false;

  friend struct OwnAgentSessionFuzz;
};

/// A service as the guest reported it, with every text bounded and printable; nothing when it is not one.
std::optional<Service> service_of(const protocol::Unit& unit);

}  // namespace vmms::guest
