// Work that outlasts its call: the jobs behind Msvm_ConcreteJob, kept in SQLite so that they survive the daemon.
#pragma once

#include "base/result.hpp"
#include "cim/datetime.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace vmms::cim::job {

/// CIM_ConcreteJob.JobState.
enum class State : std::uint16_t {
  created = 2,
  starting = 3,
  running = 4,
  shutting_down = 6,  ///< somebody asked for its end
  completed = 7,
  terminated = 8,
  killed = 9,
  exception = 10
};

constexpr bool is_final(State state) { return state >= State::completed; }

/// What a job is from its begin.
struct Description {
  std::string caption;          ///< what it does, "Starting Virtual Machine"
  std::string owner;            ///< who asked for it
  std::string affected;         ///< object path of the element that it changes; empty for none
  std::string class_name = {};  ///< of its instance; empty: Msvm_ConcreteJob
  std::string detail = {};      ///< what that class's provider wants to know again
  bool cancellable = false;
  bool lengthy = false;  ///< minutes rather than seconds: it must not hold up other work of its key
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
  std::string debris;             ///< what the work leaves behind when this process dies now
};

/// What the work of a job says and asks. Thread-safe; does nothing once the jobs are gone.
class Control {
 public:
  virtual ~Control() = default;
  virtual void percent(std::uint16_t percent) = 0;  ///< 0 to 99: the end alone makes it 100
  virtual bool cancelled() const = 0;               ///< somebody asked for its end: the work should fail soon
  virtual void debris(std::string what) = 0;        ///< kept with the job at once
};

/// How long a job that ended can be read (TimeBeforeRemoval).
inline constexpr std::chrono::minutes kept_after_end{5};

/// Thread-safe. Jobs are few (bounded by `most`), so all of them are in memory as well.
class Jobs {
 public:
  /// Runs a task in the background; the key groups tasks of one VM. Given by the daemon (its worker pool).
  using Submit = std::function<Status(std::string_view key, std::function<void()> task)>;

  /// Where lengthy jobs run; without this, where all do.
  void run_lengthy_on(Submit submit) { submit_lengthy_ = std::move(submit); }

  /// `file` may be empty: then nothing is kept. Jobs that were running when the daemon ended are marked as exceptions.
  static Result<std::unique_ptr<Jobs>> open(const std::string& file, Submit submit, std::size_t most = 10'000);
  ~Jobs();
  Jobs(const Jobs&) = delete;
  Jobs& operator=(const Jobs&) = delete;

  /// Starts `work` in the background and returns its job. Work's failure becomes the job's ErrorCode and text.
  /// Errors: busy (too many jobs).
  Result<Job> start(std::string caption, std::string owner, std::string affected, std::string_view key,
                    std::function<Status()> work);

  /// Work that tells how far it is and can be cancelled.
  Result<Job> start(Description description, std::string_view key, std::function<Status(Control&)> work);

  /// Asks for the end of a job; it becomes `outcome` (terminated or killed) once its work has failed.
  /// Errors: not_found, invalid_state (it has ended), not_supported (it cannot be cancelled).
  Status cancel(std::string_view id, State outcome);

  /// Jobs of a class that this process's predecessor left with debris.
  std::vector<Job> interrupted(std::string_view class_name) const;
  void forget_debris(std::string_view id);

  std::optional<Job> find(std::string_view id) const;                      ///< id without case
  std::vector<Job> list(std::string_view after, std::size_t limit) const;  ///< ascending by id, after exclusive

 private:
  Jobs(Submit submit, std::size_t most) : submit_(std::move(submit)), most_(most) {}
  Status open_store(const std::string& file);
  void save(const Job& job);
  void forget_old();
  void end(const std::string& id, const Status& outcome);

  class Reporter;
  // Shared with the work in progress, which may outlive this object when the daemon ends in the middle of it.
  struct Shared {
    std::mutex mutex;
    Jobs* jobs = nullptr;
  };
  Submit submit_;
  Submit submit_lengthy_;
  std::size_t most_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  std::map<std::string, Job, std::less<>> jobs_;
  std::map<std::string, State, std::less<>> cancelled_;  ///< what each is to become
  sqlite3* store_ = nullptr;
};

/// The documented job error code (32768 Failed … 32778) for a failure.
std::uint16_t error_code(Failure failure);

}  // namespace vmms::cim::job
