#include "base/worker_pool.hpp"

#include "base/task.hpp"
#include "base/thread.hpp"

#include <fmt/core.h>
#include <sched.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vmms {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a task computes before it gives way: others wait no longer than that, and it still makes progress while
/// they are always busy.
constexpr auto computing_time = std::chrono::microseconds(250);

/// Since when the thread's task computes without a break; never set on threads of no pool.
thread_local Clock::time_point computing_since = Clock::time_point::max();

}  // namespace

// Everything is under the mutex, but the tasks themselves. What is moved between the queues has its place in them from
// the beginning (a list of one element, or a node of the timers), so that nothing but submit() needs memory.
struct WorkerPool::State : std::enable_shared_from_this<WorkerPool::State> {
  struct Flow;
  struct Payer;
  struct PoolTask;
  using TaskPtr = std::shared_ptr<PoolTask>;
  using Timers = std::multimap<Clock::time_point, TaskPtr>;

  struct PoolTask final : Task {
    PoolTask(std::shared_ptr<State> s, Flow& l, Charge c, std::function<void()> work)
        : Task(std::move(work), s->options.stack_bytes), state(std::move(s)), flow(l), charge(std::move(c)) {
      Timers one;
      timer_node = one.extract(one.emplace(Clock::time_point(), nullptr));
    }
    TaskPtr self() { return std::static_pointer_cast<PoolTask>(shared_from_this()); }
    void wake() override;
    bool go_on() { return run(); }
    using Task::wait_deadline;

    const std::shared_ptr<State> state;
    Flow& flow;
    const Charge charge;
    bool waits = false;                 // on no thread, until wake() or its timer
    bool woken = false;                 // before it waited
    std::list<TaskPtr> place{nullptr};  // empty while the task is in a queue of its flow
    Timers::node_type timer_node;       // empty while it is among the timers:
    Timers::iterator timer;
  };

  /// The tasks of one account and key: a flow of the fair queuing.
  struct Flow {
    Flow(Payer& p, std::string_view k, const Options& options)
        : payer(p),
          key(k),
          most_running(k.empty() ? options.threads : options.running_per_key),
          most_begun(k.empty() ? SIZE_MAX : options.begun_per_key) {}
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;

    Payer& payer;
    const std::string key;
    const std::size_t most_running;
    const std::size_t most_begun;
    std::list<TaskPtr> waiting = {};  // not begun
    std::list<TaskPtr> woken = {};    // begun, and ready to go on
    std::size_t running = 0;          // that hold a thread
    std::size_t begun = 0;            // running ones included
    std::list<Flow*> place = {this};  // empty while it is in Payer::ready, where it is at:
    std::list<Flow*>::iterator at = place.begin();
    bool ready() const { return place.empty(); }
    bool has_work() const {
      return running < most_running && (!woken.empty() || (!waiting.empty() && begun < most_begun));
    }
  };

  /// The tasks of one account.
  struct Payer {
    Payer(AccountPtr a, std::size_t most) : account(std::move(a)), most_running(most) {}
    Payer(const Payer&) = delete;
    Payer& operator=(const Payer&) = delete;

    const AccountPtr account;
    const std::size_t most_running;
    std::unordered_map<std::string_view, std::unique_ptr<Flow>> flows = {};
    std::list<Flow*> ready = {};  // each has a task that may run as far as the flow is concerned
    std::size_t running = 0;
    std::list<Payer*> place = {this};  // empty while it is in State::turns, where it is at:
    std::list<Payer*>::iterator at = place.begin();
    bool in_turn() const { return place.empty(); }
    bool is_administrator() const { return account && account->is_administrator(); }
  };

  explicit State(Options o) : options(o) {}

  Flow& flow_of(const AccountPtr& account, std::string_view key);
  static void queue(std::list<TaskPtr>& tasks, TaskPtr task);
  static TaskPtr take(std::list<TaskPtr>& tasks);
  void take_timer(PoolTask& task);
  void make_ready(Flow& flow);
  void make_ready(Payer& payer);
  void take_from_turns(Flow& flow);
  void forget(Flow& flow);
  /// Whether a task may begin or go on now; the ready payers are turned so that its payer is first.
  bool runnable();
  void call_thread();
  void work(std::unique_lock<std::mutex>& lock);
  void serve();
  void watch_clock();
  bool needed() const { return !stopping || begun > 0; }

  const Options options;
  std::mutex mutex;
  std::condition_variable changed;  // for idle threads
  std::condition_variable ended;    // for stop()
  std::condition_variable clock;    // for the thread that watches the timers
  std::map<Account*, std::unique_ptr<Payer>> payers;
  std::list<Payer*> turns;
  Timers timers;
  bool has_clock = false;
  std::size_t threads = 0;
  std::size_t idle = 0;     // of them, those that wait for work
  bool called = false;      // one is on its way to look for work
  std::size_t running = 0;  // tasks that hold a thread and are not the administrator's
  std::size_t waiting = 0;  // tasks that have not begun
  std::size_t begun = 0;    // tasks that have, and have not ended
  bool stopping = false;
};

void WorkerPool::State::PoolTask::wake() {
  const std::lock_guard lock(state->mutex);
  if (!waits) {
    woken = true;
    return;
  }
  waits = false;
  state->take_timer(*this);
  queue(flow.woken, self());
  state->make_ready(flow);
}

void WorkerPool::State::queue(std::list<TaskPtr>& tasks, TaskPtr task) {
  std::list<TaskPtr>& place = task->place;
  place.front() = std::move(task);
  tasks.splice(tasks.end(), place);
}

WorkerPool::State::TaskPtr WorkerPool::State::take(std::list<TaskPtr>& tasks) {
  TaskPtr task = std::move(tasks.front());
  task->place.splice(task->place.end(), tasks, tasks.begin());
  return task;
}

void WorkerPool::State::take_timer(PoolTask& task) {
  if (!task.timer_node.empty()) return;
  task.timer_node = timers.extract(task.timer);
  task.timer_node.mapped() = nullptr;
}

WorkerPool::State::Flow& WorkerPool::State::flow_of(const AccountPtr& account, std::string_view key) {
  auto payer = payers.find(account.get());
  if (payer != payers.end())
    if (const auto found = payer->second->flows.find(key); found != payer->second->flows.end()) return *found->second;
  const bool is_new = payer == payers.end();
  if (is_new) {
    const bool one_of_many = account && !account->is_administrator();
    payer =
        payers
            .emplace(account.get(), std::make_unique<Payer>(
                                        account, one_of_many ? std::max<std::size_t>(options.threads / options.share, 1)
                                                             : options.threads))
            .first;
  }
  try {
    auto made = std::make_unique<Flow>(*payer->second, key, options);
    const std::string_view own_key = made->key;
    return *payer->second->flows.emplace(own_key, std::move(made)).first->second;
  } catch (...) {
    if (is_new) payers.erase(payer);
    throw;
  }
}

/// The flow has nothing to run, or it goes.
void WorkerPool::State::take_from_turns(Flow& flow) {
  Payer& payer = flow.payer;
  if (flow.ready()) flow.place.splice(flow.place.end(), payer.ready, flow.at);
  if (payer.ready.empty() && payer.in_turn()) payer.place.splice(payer.place.end(), turns, payer.at);
}

void WorkerPool::State::forget(Flow& flow) {
  if (flow.begun > 0 || !flow.waiting.empty()) return;
  take_from_turns(flow);
  Payer& payer = flow.payer;
  payer.flows.erase(payer.flows.find(flow.key));
  if (payer.flows.empty()) payers.erase(payer.account.get());
}

void WorkerPool::State::make_ready(Flow& flow) {
  if (!flow.ready() && flow.has_work()) flow.payer.ready.splice(flow.payer.ready.end(), flow.place);
  make_ready(flow.payer);
}

void WorkerPool::State::make_ready(Payer& payer) {
  if (payer.in_turn() || payer.ready.empty() || payer.running >= payer.most_running) return;
  turns.splice(turns.end(), payer.place);
  if (runnable()) call_thread();
}

bool WorkerPool::State::runnable() {
  const bool others = running < options.threads - options.threads / options.reserve;
  for (std::size_t i = 0; i < turns.size(); ++i) {
    if (others || turns.front()->is_administrator()) return true;
    turns.splice(turns.end(), turns, turns.begin());
  }
  return false;
}

/// One at a time: it calls the next when it has taken a task and others are left. So tasks that sleep and wake often do
/// not fill the pool with threads.
void WorkerPool::State::call_thread() {
  if (called) return;
  if (idle > 0) {
    called = true;
    changed.notify_one();
  } else if (threads < options.threads) {
    // Those that run take the task when they are done.
    try {
      const Status started =
          start_thread("worker", [self = shared_from_this()] { self->serve(); }, {.stack_bytes = options.stack_bytes});
      if (started) {
        called = true;
        ++threads;
      } else {
        spdlog::warn("no thread can be started for another worker ({} run): {}", threads, started.error().message);
      }
    } catch (const std::exception& e) {
      spdlog::warn("no thread can be started for another worker ({} run): {}", threads, e.what());
    }
  }
}

void WorkerPool::State::serve() {
  std::unique_lock lock(mutex);
  called = false;
  while (needed()) {
    if (runnable()) {
      work(lock);
      continue;
    }
    ++idle;
    const std::cv_status status = changed.wait_for(lock, options.idle);
    --idle;
    called = false;
    // The last thread stays while tasks wait: it may be impossible to start one when they go on.
    if (status == std::cv_status::timeout && !runnable() && (threads > 1 || begun == 0)) break;
  }
  --threads;
  ended.notify_all();
}

void WorkerPool::State::work(std::unique_lock<std::mutex>& lock) {
  Payer& payer = *turns.front();
  payer.place.splice(payer.place.end(), turns, payer.at);
  Flow& flow = *payer.ready.front();
  flow.place.splice(flow.place.end(), payer.ready, flow.at);
  TaskPtr task;
  if (!flow.woken.empty()) {
    task = take(flow.woken);
    task->woken = false;
  } else {
    task = take(flow.waiting);
    --waiting;
    ++flow.begun;
    ++begun;
  }
  const std::size_t counted = payer.is_administrator() ? 0 : 1;
  ++flow.running;
  ++payer.running;
  running += counted;
  make_ready(flow);
  if (runnable()) call_thread();

  lock.unlock();
  computing_since = Clock::now();
  const bool done = task->go_on();
  const Clock::time_point deadline = task->wait_deadline();
  if (done && task.use_count() == 1) task.reset();  // gives its charge back, too
  lock.lock();

  --flow.running;
  --payer.running;
  running -= counted;
  if (done) {
    --flow.begun;
    if (--begun == 0 && stopping) {
      changed.notify_all();
      clock.notify_all();
    }
  } else if (task->woken) {
    queue(flow.woken, task);
  } else {
    task->waits = true;
    if (deadline != Clock::time_point::max()) {
      task->timer_node.key() = deadline;
      task->timer_node.mapped() = task;
      task->timer = timers.insert(std::move(task->timer_node));
      if (task->timer == timers.begin()) clock.notify_one();
    }
  }
  make_ready(flow);
  forget(flow);
}

void WorkerPool::State::watch_clock() {
  std::unique_lock lock(mutex);
  while (needed()) {
    const Clock::time_point now = Clock::now();
    while (!timers.empty() && timers.begin()->first <= now) {
      const TaskPtr task = timers.begin()->second;
      take_timer(*task);
      task->waits = false;
      queue(task->flow.woken, task);
      make_ready(task->flow);
    }
    if (timers.empty()) {
      clock.wait(lock);
    } else {
      const Clock::time_point next = timers.begin()->first;  // a copy: that timer may end meanwhile
      clock.wait_until(lock, next);
    }
  }
}

void WorkerPool::give_way() {
  const auto now = Clock::now();
  if (now < computing_since || now - computing_since < computing_time) return;
  ::sched_yield();
  computing_since = Clock::now();
}

WorkerPool::WorkerPool() : WorkerPool(Options{}) {}

WorkerPool::WorkerPool(Options options) : state_(std::make_shared<State>(options)) {}

WorkerPool::~WorkerPool() { stop(std::chrono::milliseconds(0)); }

Status WorkerPool::submit(const AccountPtr& account, std::string_view key, std::function<void()> work) {
  State& state = *state_;
  auto charged = charge(account, Ledger::Item::task, task_bytes);
  if (!charged) return charged.error();
  State::TaskPtr refused;  // destroyed after the lock: its destructor may answer a caller
  const std::scoped_lock lock(state.mutex);
  if (state.stopping) return error(Failure::busy, "the service is stopping; try again when it runs again");
  if (state.waiting >= state.options.waiting) {
    return error(Failure::busy,
                 fmt::format("{} operations already wait for a worker thread; try again when some have finished",
                             state.waiting));
  }
  if (!state.has_clock) {
    const Status started =
        start_thread("worker-clock", [self = state_] { self->watch_clock(); }, {.use = ThreadUse::service});
    if (!started) return error(Failure::busy, "no thread can be started for a worker: " + started.error().message);
    state.has_clock = true;
  }
  State::Flow& flow = state.flow_of(account, key);
  if (!key.empty() && flow.waiting.size() >= state.options.waiting_per_key) {
    return error(Failure::busy, fmt::format("{} operations already wait for \"{}\" and {} run; try again when some "
                                            "have finished",
                                            flow.waiting.size(), key, flow.running));
  }
  State::TaskPtr task;
  try {
    task = std::make_shared<State::PoolTask>(state_, flow, std::move(*charged), std::move(work));
  } catch (...) {
    state.forget(flow);
    throw;
  }
  State::queue(flow.waiting, std::move(task));
  ++state.waiting;
  state.make_ready(flow);
  if (state.threads == 0) {
    // No thread exists that could ever run it. It is the only task: others would have found no thread either.
    refused = State::take(flow.waiting);
    --state.waiting;
    state.forget(flow);
    return error(Failure::busy, "no thread can be started on this host; raise its limit of tasks or free memory");
  }
  return {};
}

bool WorkerPool::stop(std::chrono::milliseconds limit) {
  State& state = *state_;
  std::vector<std::list<State::TaskPtr>> dropped;  // destroyed after the lock
  std::unique_lock lock(state.mutex);
  state.stopping = true;
  state.waiting = 0;
  std::vector<State::Flow*> flows;
  for (const auto& [account, payer] : state.payers)
    for (const auto& [key, flow] : payer->flows) flows.push_back(flow.get());
  for (State::Flow* flow : flows) {
    dropped.push_back(std::exchange(flow->waiting, {}));
    if (flow->woken.empty()) state.take_from_turns(*flow);
    state.forget(*flow);
  }
  state.changed.notify_all();
  state.clock.notify_all();
  lock.unlock();
  dropped.clear();
  lock.lock();
  return state.ended.wait_for(lock, limit, [&state] { return state.threads == 0; });
}

std::size_t WorkerPool::threads() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->threads;
}

}  // namespace vmms
