// Work that outlasts its call: the jobs of Msvm_ConcreteJob, kept in SQLite so that they survive the daemon.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "base/thread.hpp"
#include "base/waiting.hpp"
#include "cim/datetime.hpp"
#include "cim/provider.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct sqlite3;

namespace vmms::cim::job {

/// CIM_ConcreteJob.JobState.
enum class State : std::uint16_t {
  created = 2,
  starting = 3,
  running = 4,
  shutting_down = 6,  ///< a client asked for its end
  completed = 7,
  terminated = 8,
  killed = 9,
  exception = 10
};

constexpr bool is_final(State state) { return state >= State::completed; }

/// What is known of a job from its start.
struct Description {
  std::string caption;          ///< what it does, "Starting Virtual Machine"
  std::string owner;            ///< who asked for it: Principal::id()
  std::string affected;         ///< object path of the element that it changes; empty for none
  std::string class_name = {};  ///< of its instance; empty: Msvm_ConcreteJob
  std::string detail = {};      ///< what that class's provider needs to read back
  bool cancellable = false;
  bool lengthy = false;     ///< minutes rather than seconds: it must not hold up other work of its key
  AccountPtr account = {};  ///< who pays for it until it is forgotten
};

/// One job. Times are UTC.
struct Job : Description {
  std::string id;  ///< upper-case GUID, the InstanceID
  State state = State::created;
  std::uint16_t percent = 0;
  std::uint16_t error_code = 0;  ///< 0 or one of the documented 32768…32779
  std::string error_text;
  DateTime::TimePoint submitted{};
  DateTime::TimePoint changed{};  ///< of the last change of `state`
  std::string left_behind;        ///< what the work would leave behind if this process died now
};

/// How the work of a job reports and asks. Thread-safe; does nothing once the jobs are gone.
class Control {
 public:
  virtual ~Control() = default;
  virtual void percent(std::uint16_t percent) = 0;  ///< 0 to 99: only the end makes it 100
  virtual bool cancelled() const = 0;               ///< a client asked for its end: the work should fail soon
  /// Stores it with the job, at once. Where that fails nothing may be left behind, since nothing would record it.
  virtual Status leave_behind(std::string what) = 0;
};

/// How long an ended job can be read (TimeBeforeRemoval), unless newer jobs of its owner need its place.
inline constexpr std::chrono::minutes kept_after_end{5};

/// The most bytes of Description::detail.
inline constexpr std::size_t most_detail = 256 * 1024;

/// Thread-safe. Jobs are few (bounded by `most`, and for each owner by the ledger), so all of them are in memory as
/// well. What a caller was told about is on disk: it survives the end of this process at any instant. A job that cannot
/// be stored is refused.
class Jobs {
 public:
  /// Runs a task in the background for an account; the key groups tasks of one VM. Given by the daemon (its worker
  /// pool).
  using Submit = std::function<Status(const AccountPtr& account, std::string_view key, std::function<void()> task)>;
  using Clock = std::chrono::steady_clock;

  /// Where lengthy jobs run; without this, where all others do.
  void run_lengthy_on(Submit submit) { submit_lengthy_ = std::move(submit); }

  /// `tell` is called for each job that ends, with its final state. It must not throw, wait, or call these jobs.
  void on_end(std::function<void(const Job&)> tell) { tell_end_ = std::move(tell); }

  /// `file` may be empty: then nothing is kept. Jobs that were running when the daemon ended are marked as exceptions.
  /// `clock` measures how long ended jobs are kept: the time of day may jump.
  static Result<std::unique_ptr<Jobs>> open(const std::string& file, Submit submit, std::size_t most = 8'000,
                                            std::function<Clock::time_point()> clock = Clock::now);
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  /// Starts `work` in the background and returns its job. Work's failure becomes the job's ErrorCode and text.
  /// Errors: busy (too many jobs, of the caller or of all), failed (it cannot be stored).
  Result<Job> start(std::string caption, const Context& caller, std::string affected, std::string_view key,
                    std::function<Status()> work);

  /// Work that reports its progress and can be cancelled. `ended` is called with its outcome once the job has ended,
  /// for callers that wait for that; it must not throw.
  Result<Job> start(Description description, std::string_view key, std::function<Status(Control&)> work,
                    std::function<void(const Status&)> ended = {});

  /// Asks for the end of a job; it becomes `outcome` (terminated or killed) once its work has failed.
  /// Errors: not_found, invalid_state (it has ended), not_supported (it cannot be cancelled), failed (the store).
  Status cancel(std::string_view id, State outcome);

  /// Jobs of a class that the process before this one did not end, and that left something behind.
  std::vector<Job> interrupted(std::string_view class_name) const;
  void forget_left_behind(std::string_view id);

  std::optional<Job> find(std::string_view id) const;                      ///< id without case
  std::vector<Job> list(std::string_view after, std::size_t limit) const;  ///< ascending by id, after exclusive

 private:
  struct Kept : Job {
    Charge charge;
  };
  /// Those of one owner.
  struct Owned {
    std::size_t number = 0;
    std::deque<std::pair<std::string, Clock::time_point>>
        ended;  ///< that left nothing behind, in the order of their ends
  };

  Jobs(Submit submit, std::size_t most, std::function<Clock::time_point()> clock)
      : submit_(std::move(submit)), most_(most), clock_(std::move(clock)) {}
  Status open_store(const std::string& file);
  void synchronize();
  // The rest needs the mutex.
  Status save(const Job& job);
  void save_late();
  void keep(Kept job);
  void settle(const Job& job, Clock::time_point ended);
  void forget_old();
  void forget_first(Owned& owned);
  bool make_room(const std::string& owner);
  Result<Charge> charge_for(const Job& job);
  void end(const std::string& id, const Status& outcome) noexcept;

  class Reporter;
  // Shared with the work in progress, which may outlive this object when the daemon ends in the middle of it.
  struct Shared {
    std::mutex mutex;
    Jobs* jobs = nullptr;
  };
  Submit submit_;
  Submit submit_lengthy_;
  std::function<void(const Job&)> tell_end_;
  const std::size_t most_;
  const std::function<Clock::time_point()> clock_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::map<std::string, Kept, std::less<>> jobs_;
  std::map<std::string, Owned, std::less<>> owners_;
  std::set<std::string, std::less<>> unsaved_;           ///< whose last state is not in the store yet
  std::map<std::string, State, std::less<>> cancelled_;  ///< what each will become
  sqlite3* store_ = nullptr;
  int log_ = -1;       ///< the store's write-ahead log
  bool full_ = false;  ///< the store's disk was, at the last attempt
  bool unsynchronized_ = false;
  bool ending_ = false;
  Condition changed_;    ///< one of these two
  Thread synchronizer_;  ///< has the log written to the disk within a second; no caller waits for that
};

/// The documented job error code (32768 Failed … 32778) for a failure.
std::uint16_t error_code(Failure failure);

}  // namespace vmms::cim::job
