// The files that travel through clients' connections at this moment: their owners, and how many there may be.
#pragma once

#include "guest/files/files.hpp"
#include "providers/common/environment.hpp"
#include "providers/files/transfer.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::providers {

/// Thread-safe. A transfer that has ended is known for another minute, so that its result can be read again, unless
/// many newer ones of its user have ended meanwhile.
class FileTransfers {
 public:
  // Work in one guest at the same time: other callers want to reach it, too. The ledger bounds users.
  static constexpr std::size_t most_of_machine = 8;  ///< transfers that have not ended
  static constexpr unsigned most_calls_of_machine = 24;
  static constexpr std::chrono::seconds kept_after_end{60};
  static constexpr std::size_t most_kept_after_end = 64;  ///< of a user: no account is charged for them any more

  explicit FileTransfers(Environment& environment) : environment_(environment) {}

  struct Opened {
    std::string id;
    cim::ObjectPath job;
    std::optional<guest::FileInformation> file;  ///< from the guest
  };
  /// Errors: busy (too many), as of Files (from the guest: no such file …).
  Result<Opened> open(const cim::Context& context, const hypervisor::VirtualMachine& machine,
                      Transfer::Request request);

  /// Calls `use` with the caller's transfer of that VM. Errors: not_found (also for a transfer of another user), busy.
  template <class Use>
  auto with(const cim::Context& context, std::string_view machine_id, std::string_view id, Use use)
      -> decltype(use(std::declval<Transfer&>()));

  /// Ends it; its job is terminated then, not failed.
  Status abort(const cim::Context& context, std::string_view machine_id, std::string_view id,
               guest::Clock::time_point deadline);

 private:
  struct Entry {
    std::shared_ptr<Transfer> transfer;
    std::string owner;
    std::string machine_id;
    std::string job_id;
  };

  /// While it lives, one more call waits for the guest.
  class Place;

  static std::string owner_of(const cim::Context& context);
  Result<Entry> find(const cim::Context& context, std::string_view machine_id, std::string_view id);
  Status check_room(const hypervisor::VirtualMachine& machine) const;
  void forget(const std::string& id) noexcept;
  void forget_ended(const std::string& owner);
  void sweep();

  Environment& environment_;
  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::map<std::string, unsigned, std::less<>> calls_;  ///< by VM
};

class FileTransfers::Place {
 public:
  Place(FileTransfers& transfers, std::string machine_id) : transfers_(transfers), machine_id_(std::move(machine_id)) {
    const std::lock_guard lock(transfers_.mutex_);
    unsigned& calls = transfers_.calls_[machine_id_];
    had_ = calls < most_calls_of_machine;
    if (had_) ++calls;
  }
  ~Place() {
    const std::lock_guard lock(transfers_.mutex_);
    const auto calls = transfers_.calls_.find(machine_id_);
    if (had_ && --calls->second == 0) transfers_.calls_.erase(calls);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool had() const { return had_; }

 private:
  FileTransfers& transfers_;
  const std::string machine_id_;
  bool had_ = false;
};

template <class Use>
auto FileTransfers::with(const cim::Context& context, std::string_view machine_id, std::string_view id, Use use)
    -> decltype(use(std::declval<Transfer&>())) {
  const Result<Entry> entry = find(context, machine_id, id);
  if (!entry) return entry.error();
  const Place place(*this, entry->machine_id);
  if (!place.had())
    return error(Failure::busy, "too many calls of transfers wait for this guest already; wait for their answers");
  return use(*entry->transfer);
}

}  // namespace vmms::providers
