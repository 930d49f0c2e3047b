#include "cim/job/jobs.hpp"

#include "base/caught_error.hpp"
#include "base/shortened.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>
#include <vector>

namespace vmms::cim::job {

std::uint16_t error_code(Failure failure) {
  switch (failure) {
    case Failure::access_denied:
      return 32769;
    case Failure::not_supported:
      return 32770;
    case Failure::unreachable:
      return 32771;  // status is unknown
    case Failure::timed_out:
      return 32772;
    case Failure::invalid_argument:
      return 32773;
    case Failure::busy:
      return 32774;
    case Failure::invalid_state:
      return 32775;
    case Failure::not_found:
      return 32777;  // system is not available
    case Failure::failed:
    case Failure::internal:
    case Failure::already_exists:
      break;
  }
  return 32768;
}

namespace {

constexpr int schema_version = 2;
// `debris` is Job::left_behind.
constexpr const char* create_table = R"(
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, caption TEXT NOT NULL, owner TEXT NOT NULL, affected TEXT NOT NULL, state INTEGER NOT NULL,
  percent INTEGER NOT NULL, error_code INTEGER NOT NULL, error_text TEXT NOT NULL, submitted INTEGER NOT NULL,
  changed INTEGER NOT NULL, class TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '',
  debris TEXT NOT NULL DEFAULT '') STRICT)";
// From version 1.
constexpr const char* add_columns = R"(
ALTER TABLE job ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN detail TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN debris TEXT NOT NULL DEFAULT '')";

class Statement {
 public:
  Statement(sqlite3* store, const char* text) {
    if (sqlite3_prepare_v2(store, text, -1, &statement_, nullptr) != SQLITE_OK) statement_ = nullptr;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  explicit operator bool() const { return statement_ != nullptr; }
  void bind(int index, std::string_view text) {
    sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
  void bind(int index, std::int64_t number) { sqlite3_bind_int64(statement_, index, number); }
  int step() { return sqlite3_step(statement_); }
  std::string text(int column) const {
    const auto* value = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return value ? value : "";
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

DateTime::TimePoint now() { return DateTime::now().time(); }
std::int64_t count(DateTime::TimePoint time) { return time.time_since_epoch().count(); }

/// SQLITE_DONE, or what went wrong.
int write(sqlite3* store, const Job& job) {
  Statement statement(store, "INSERT OR REPLACE INTO job VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)");
  if (!statement) return sqlite3_errcode(store);
  statement.bind(1, job.id);
  statement.bind(2, job.caption);
  statement.bind(3, job.owner);
  statement.bind(4, job.affected);
  statement.bind(5, static_cast<std::int64_t>(job.state));
  statement.bind(6, std::int64_t{job.percent});
  statement.bind(7, std::int64_t{job.error_code});
  statement.bind(8, job.error_text);
  statement.bind(9, count(job.submitted));
  statement.bind(10, count(job.changed));
  statement.bind(11, job.class_name);
  statement.bind(12, job.detail);
  statement.bind(13, job.left_behind);
  return statement.step();
}

/// Moves the write-ahead log into the store: the next job overwrites the log's beginning. False: it only grows.
bool empty_log(sqlite3* store) {
  return sqlite3_wal_checkpoint_v2(store, nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr) == SQLITE_OK;
}

}  // namespace

Result<std::unique_ptr<Jobs>> Jobs::open(const std::string& file, Submit submit, std::size_t most,
                                         std::function<Clock::time_point()> clock) {
  std::unique_ptr<Jobs> jobs(new Jobs(std::move(submit), most, std::move(clock)));
  jobs->shared_->jobs = jobs.get();
  if (!file.empty())
    if (const Status opened = jobs->open_store(file); !opened) return opened.error();
  return jobs;
}

Jobs::~Jobs() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->jobs = nullptr;
    ending_ = true;
    changed_.notify_all();
  }
  synchronizer_.join();
  if (log_ >= 0) ::close(log_);
  sqlite3_close(store_);
}

// A killed daemon loses nothing, since the kernel has what was written; a host that loses power keeps what is on disk.
void Jobs::synchronize() {
  std::unique_lock lock(shared_->mutex);
  while (!ending_) {
    changed_.wait(lock, [this] { return ending_ || unsynchronized_; });
    changed_.wait_for(lock, std::chrono::milliseconds(700), [this] { return ending_; });
    unsynchronized_ = false;
    lock.unlock();
    ::fdatasync(log_);
    lock.lock();
  }
}

Status Jobs::open_store(const std::string& file) {
  const auto failed = [&](const char* what) {
    return error(Failure::failed, fmt::format("the job store {} cannot be {}: {}; move it away to start with none",
                                              file, what, store_ ? sqlite3_errmsg(store_) : "out of memory"));
  };
  if (sqlite3_open_v2(file.c_str(), &store_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                      nullptr) != SQLITE_OK)
    return failed("opened");
  sqlite3_busy_timeout(store_, 2000);
  // The log holds some 16 jobs: on a disk that is nearly full it must not take what the store needs to grow.
  // A job's step is small: with the write-ahead log it costs no wait for the disk.
  sqlite3_exec(store_, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=64", nullptr,
               nullptr, nullptr);
  bool old = false;
  {
    Statement version(store_, "PRAGMA user_version");
    if (!version || version.step() != SQLITE_ROW) return failed("read");
    if (version.number(0) > schema_version)
      return error(Failure::failed,
                   fmt::format("the job store {} was written by a newer version of vmmsd; run that, or "
                               "move it away to start with none",
                               file));
    old = version.number(0) == 1;
  }
  if (old && sqlite3_exec(store_, add_columns, nullptr, nullptr, nullptr) != SQLITE_OK) return failed("converted");
  if (sqlite3_exec(store_, create_table, nullptr, nullptr, nullptr) != SQLITE_OK) return failed("prepared");
  sqlite3_exec(store_, fmt::format("PRAGMA user_version={}", schema_version).c_str(), nullptr, nullptr, nullptr);
  std::vector<Job> interrupted;
  {
    Statement all(store_,
                  "SELECT id,caption,owner,affected,state,percent,error_code,error_text,submitted,changed,class,detail,"
                  "debris FROM job");
    if (!all) return failed("read");
    while (all.step() == SQLITE_ROW) {
      Kept job;
      job.id = all.text(0);
      job.caption = all.text(1);
      job.owner = all.text(2);
      job.affected = all.text(3);
      job.state = static_cast<State>(all.number(4));
      job.percent = static_cast<std::uint16_t>(all.number(5));
      job.error_code = static_cast<std::uint16_t>(all.number(6));
      job.error_text = all.text(7);
      job.submitted = DateTime::TimePoint(DateTime::Microseconds(all.number(8)));
      job.changed = DateTime::TimePoint(DateTime::Microseconds(all.number(9)));
      job.class_name = all.text(10);
      job.detail = all.text(11);
      job.left_behind = all.text(12);
      if (!is_final(job.state)) {
        job.state = State::exception;
        job.error_code = error_code(Failure::failed);
        job.error_text = "vmmsd ended while this job was running; look at the virtual machine's state";
        job.changed = now();
        interrupted.push_back(job);
      }
      keep(std::move(job));
    }
  }
  for (const Job& job : interrupted)
    if (const Status saved = save(job); !saved) return saved;
  std::vector<const Job*> ended;
  for (const auto& [id, job] : jobs_) ended.push_back(&job);
  std::ranges::sort(ended, {}, &Job::changed);
  for (const Job* job : ended) {
    // How long ago, as far as the time of day can be trusted.
    const auto age = std::clamp<Clock::duration>(now() - job->changed, Clock::duration::zero(), kept_after_end);
    settle(*job, clock_() - age);
  }
  forget_old();
  empty_log(store_);  // what the last process left
  log_ = ::open((file + "-wal").c_str(), O_RDONLY | O_CLOEXEC);
  if (log_ < 0) return {};  // a file system without a log writes at once
  auto started = Thread::start("job-store", [this] { synchronize(); }, {.use = ThreadUse::service});
  if (!started) return started.error();
  synchronizer_ = std::move(*started);
  return {};
}

Status Jobs::save(const Job& job) {
  if (!store_) return {};
  // On a full disk the log is emptied and reuses its space. When there is room again, the store needs some for that
  // before the log takes it.
  if (full_) empty_log(store_);
  int written = write(store_, job);
  if (written == SQLITE_FULL && empty_log(store_)) written = write(store_, job);
  full_ = written == SQLITE_FULL;
  if (written == SQLITE_DONE) {
    unsaved_.erase(job.id);
    if (!std::exchange(unsynchronized_, true)) changed_.notify_all();
    return {};
  }
  const Error failed = error(Failure::failed, fmt::format("the job cannot be written to the job store in the state "
                                                          "folder: {}; see that its disk has room and is writable",
                                                          sqlite3_errmsg(store_)));
  spdlog::error("job {} ({}): {}", job.id, job.caption, failed.message);
  return failed;
}

/// The end of a job counts whether it can be written or not; it is written when that works again.
void Jobs::save_late() {
  while (!unsaved_.empty()) {
    const auto found = jobs_.find(*unsaved_.begin());
    if (found == jobs_.end()) {
      unsaved_.erase(unsaved_.begin());
    } else if (!save(found->second)) {
      return;
    }
  }
}

void Jobs::keep(Kept job) {
  ++owners_[job.owner].number;
  std::string id = job.id;
  jobs_.emplace(std::move(id), std::move(job));
}

/// From now on it may be forgotten.
void Jobs::settle(const Job& job, Clock::time_point ended) {
  if (is_final(job.state) && job.left_behind.empty()) owners_[job.owner].ended.emplace_back(job.id, ended);
}

void Jobs::forget_first(Owned& owned) {
  const std::string id = std::move(owned.ended.front().first);
  owned.ended.pop_front();
  --owned.number;
  jobs_.erase(id);
  unsaved_.erase(id);
  if (!store_) return;
  Statement statement(store_, "DELETE FROM job WHERE id = ?");
  if (!statement) return;
  statement.bind(1, id);
  statement.step();  // what stays is forgotten after the next start
}

void Jobs::forget_old() {
  const Clock::time_point limit = clock_() - kept_after_end;
  for (auto owner = owners_.begin(); owner != owners_.end();) {
    Owned& owned = owner->second;
    while (!owned.ended.empty() && owned.ended.front().second < limit) forget_first(owned);
    owner = owned.number == 0 ? owners_.erase(owner) : std::next(owner);
  }
}

/// Forgets an ended job: of this owner, or, without one, of the owner with most jobs.
bool Jobs::make_room(const std::string& owner) {
  auto found = owner.empty() ? owners_.end() : owners_.find(owner);
  if (owner.empty())
    for (auto each = owners_.begin(); each != owners_.end(); ++each)
      if (!each->second.ended.empty() && (found == owners_.end() || each->second.number > found->second.number))
        found = each;
  if (found == owners_.end() || found->second.ended.empty()) return false;
  forget_first(found->second);
  return true;
}

/// What the job costs, with its own ended ones making room, and then those of the owner with most.
Result<Charge> Jobs::charge_for(const Job& job) {
  // Also those that an earlier process left, which are charged to no account. Root's are bounded by the ledger alone.
  const bool administrator = job.account && job.account->is_administrator();
  while (!administrator && jobs_.size() >= most_)
    if (!make_room(job.owner) && !make_room({}))
      return error(Failure::busy, fmt::format("{} jobs are at work already; try again when some have ended", most_));
  const std::size_t bytes = sizeof(Kept) + job.caption.size() + job.owner.size() + job.affected.size() +
                            job.class_name.size() + job.detail.size();
  while (true) {
    auto charged = charge(job.account, Ledger::Item::job, bytes);
    if (charged || !make_room(job.owner)) return charged;
  }
}

/// The control of one job: it refers to the job by name and holds nothing of it.
class Jobs::Reporter : public Control {
 public:
  Reporter(std::shared_ptr<Shared> shared, std::string id) : shared_(std::move(shared)), id_(std::move(id)) {}

  void percent(std::uint16_t percent) override {
    change([&](Jobs&, Job& job) { job.percent = std::min<std::uint16_t>(percent, 99); });
  }
  bool cancelled() const override {
    const std::lock_guard lock(shared_->mutex);
    return !shared_->jobs || shared_->jobs->cancelled_.contains(id_);
  }
  Status leave_behind(std::string what) override {
    Status saved;
    change([&](Jobs& jobs, Job& job) {
      job.left_behind = std::move(what);
      saved = jobs.save(job);
    });
    return saved;
  }

 private:
  template <class Change>
  void change(Change change) {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->jobs) return;
    const auto found = shared_->jobs->jobs_.find(id_);
    if (found != shared_->jobs->jobs_.end()) change(*shared_->jobs, found->second);
  }

  const std::shared_ptr<Shared> shared_;
  const std::string id_;
};

Result<Job> Jobs::start(std::string caption, const Context& caller, std::string affected, std::string_view key,
                        std::function<Status()> work) {
  Description description{std::move(caption), caller.principal->id(), std::move(affected)};
  description.account = caller.account;
  return start(std::move(description), key, [work = std::move(work)](Control&) { return work(); });
}

Result<Job> Jobs::start(Description description, std::string_view key, std::function<Status(Control&)> work,
                        std::function<void(const Status&)> ended) {
  Kept job;
  static_cast<Description&>(job) = std::move(description);
  if (job.detail.size() > most_detail)
    return error(Failure::invalid_argument,
                 fmt::format("what the job would have to remember takes {} bytes, allowed are {}: ask for less in one "
                             "call",
                             job.detail.size(), most_detail));
  job.id = random_guid();
  job.state = State::running;
  job.submitted = job.changed = now();
  const Job answer = job;
  {
    const std::lock_guard lock(shared_->mutex);
    save_late();
    forget_old();
    auto charged = charge_for(job);
    if (!charged) return charged.error();
    job.charge = std::move(*charged);
    if (const Status saved = save(job); !saved) return saved.error();
    keep(std::move(job));
  }
  const Submit& submit = answer.lengthy && submit_lengthy_ ? submit_lengthy_ : submit_;
  const Status submitted = [&]() -> Status {
    try {
      auto task = [shared = shared_, id = answer.id, work = std::move(work), ended = std::move(ended)] {
        const Status outcome = [&]() -> Status {
          try {
            Reporter reporter(shared, id);
            return work(reporter);
          } catch (const std::exception&) {
            return caught_error();
          }
        }();
        {
          const std::lock_guard lock(shared->mutex);
          if (shared->jobs) shared->jobs->end(id, outcome);
        }
        if (ended) ended(outcome);
      };
      return submit(answer.account, key, std::move(task));
    } catch (const std::exception&) {
      return caught_error();
    }
  }();
  if (!submitted) {
    const std::lock_guard lock(shared_->mutex);
    end(answer.id, submitted);
    return submitted.error();
  }
  return answer;
}

// A job ends even without memory: only its text is missing then.
void Jobs::end(const std::string& id, const Status& outcome) noexcept {
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  Kept& job = found->second;
  const auto cancelled = cancelled_.extract(id);
  job.changed = now();
  if (outcome) {
    job.state = State::completed;
    job.percent = 100;
  } else {
    // What was cancelled has not gone wrong.
    job.state = cancelled ? cancelled.mapped() : State::exception;
    if (!cancelled) job.error_code = error_code(Failure::internal);
  }
  try {
    if (job.state == State::exception) {
      const Error why = outcome.error();
      job.error_code = error_code(why.kind);
      job.error_text = shortened(why.message);
    }
  } catch (const std::exception&) {  // what follows needs less
  }
  if (tell_end_) tell_end_(job);
  try {
    settle(job, clock_());
    if (!save(job)) unsaved_.insert(id);
  } catch (const std::exception& e) {
    spdlog::error("the end of a job is kept in memory alone: {}", e.what());
  }
}

Status Jobs::cancel(std::string_view id, State outcome) {
  const std::lock_guard lock(shared_->mutex);
  const auto found = jobs_.find(to_upper(id));
  if (found == jobs_.end()) return error(Failure::not_found, fmt::format("there is no job {:.100}", id));
  Job& job = found->second;
  if (is_final(job.state)) return error(Failure::invalid_state, fmt::format("job {} has ended already", job.id));
  if (!job.cancellable) return error(Failure::not_supported, fmt::format("job {} cannot be cancelled", job.id));
  if (job.state != State::shutting_down) {
    Job asked = job;
    asked.state = State::shutting_down;
    asked.changed = now();
    if (const Status saved = save(asked); !saved) return saved;
    job = std::move(asked);
  }
  cancelled_[job.id] = outcome;
  return {};
}

std::vector<Job> Jobs::interrupted(std::string_view class_name) const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<Job> found;
  for (const auto& [id, job] : jobs_)
    if (is_final(job.state) && !job.left_behind.empty() && job.class_name == class_name) found.push_back(job);
  return found;
}

void Jobs::forget_left_behind(std::string_view id) {
  const std::lock_guard lock(shared_->mutex);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  found->second.left_behind.clear();
  settle(found->second, clock_());
  if (!save(found->second)) unsaved_.insert(found->first);
}

std::optional<Job> Jobs::find(std::string_view id) const {
  const std::lock_guard lock(shared_->mutex);
  const auto found = jobs_.find(to_upper(id));
  if (found == jobs_.end()) return {};
  return found->second;
}

std::vector<Job> Jobs::list(std::string_view after, std::size_t limit) const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<Job> page;
  for (auto next = jobs_.upper_bound(after); next != jobs_.end() && page.size() < limit; ++next)
    page.push_back(next->second);
  return page;
}

}  // namespace vmms::cim::job
