#include "base/ledger.hpp"

#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <fstream>
#include <mutex>
#include <unordered_map>

namespace vmms {

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;
constexpr std::size_t least_bytes = 64 * mib;
constexpr auto relaxed = std::memory_order_relaxed;

constexpr std::array<std::string_view, Ledger::items> item_names = {"open connections on which nobody signed in",
                                                                    "open connections",
                                                                    "open connections to the local socket",
                                                                    "requests left by their clients",
                                                                    "requests",
                                                                    "answers",
                                                                    "operations at work",
                                                                    "open enumerations",
                                                                    "jobs",
                                                                    "file transfers",
                                                                    "guest data"};

/// Adds unless that passes `most`.
bool take(std::atomic<std::size_t>& counter, std::size_t more, std::size_t most) {
  if (counter.fetch_add(more, relaxed) + more <= most) return true;
  counter.fetch_sub(more, relaxed);
  return false;
}

std::size_t read_limit(const std::string& file) {
  std::size_t bytes = 0;
  std::ifstream stream(file);
  return stream >> bytes ? bytes : SIZE_MAX;  // "max", or no such file
}

/// The least limit of this process's control group and those above it, of either version.
std::size_t control_group_limit() {
  std::size_t least = SIZE_MAX;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const bool second = line.starts_with("0::");
    const std::size_t memory = line.find(":memory:");
    if (!second && memory == std::string::npos) continue;
    std::string path = line.substr(second ? 3 : memory + 8);
    const std::string root = second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
    const char* name = second ? "/memory.max" : "/memory.limit_in_bytes";
    for (;; path.erase(path.rfind('/'))) {
      if (path == "/") path.clear();
      least = std::min(least, read_limit(root + path + name));
      if (path.find('/') == std::string::npos) break;
    }
  }
  return least;
}

}  // namespace

struct Ledger::State {
  explicit State(Options given) : options(given) {
    if (options.bytes == 0) options.bytes = std::max(available_memory() / 4, least_bytes);
    if (options.bytes_of_principal == 0) options.bytes_of_principal = options.bytes / 4;
    if (options.bytes_of_address == 0) options.bytes_of_address = options.bytes / 64;
    if (options.bytes_of_machine == 0) options.bytes_of_machine = std::min(options.bytes / 4, 64 * mib);
  }

  std::size_t most_of_one(Payer payer, Item item) const {
    const Bound& bound = options.bounds[static_cast<std::size_t>(item)];
    std::size_t most = 0;
    switch (payer) {
      case Payer::principal:
        most = bound.principal;
        break;
      case Payer::address:
        most = bound.address;
        break;
      case Payer::machine:
        most = bound.machine;
        break;
      case Payer::administrator:
        break;
    }
    return most == 0 ? SIZE_MAX : most;
  }
  std::size_t most_bytes_of_one(Payer payer) const {
    switch (payer) {
      case Payer::principal:
        return options.bytes_of_principal;
      case Payer::address:
        return options.bytes_of_address;
      case Payer::machine:
        return options.bytes_of_machine;
      case Payer::administrator:
        break;
    }
    return options.bytes;
  }
  std::size_t without_reserve(Payer payer, std::size_t all) const {
    return payer == Payer::administrator ? all : all - all / options.reserve_divisor;
  }
  std::size_t most_of_all(Payer payer, Item item) const {
    const std::size_t all = options.bounds[static_cast<std::size_t>(item)].all;
    return all == 0 ? SIZE_MAX : without_reserve(payer, all);
  }

  Options options;
  std::atomic<std::size_t> bytes = 0;
  std::atomic<std::size_t> machine_bytes = 0;  // of them, of all machines
  std::array<std::atomic<std::size_t>, items> numbers{};
  std::mutex mutex;
  std::array<std::unordered_map<std::string, std::weak_ptr<Account>>, 4> accounts;  // by Payer
};

std::array<Ledger::Bound, Ledger::items> Ledger::default_bounds() {
  std::array<Bound, items> bounds{};
  const auto set = [&bounds](Item item, Bound bound) { bounds[static_cast<std::size_t>(item)] = bound; };
  set(Item::stranger, {.address = 384, .all = 2048});
  set(Item::connection, {.principal = 512, .all = 2048});
  set(Item::local, {.principal = 64, .address = 64, .all = 256});
  set(Item::leaving, {.principal = 128, .address = 64, .all = 512});
  set(Item::task, {.principal = 1024, .address = 64, .all = 8192});
  set(Item::context, {.principal = 64, .all = 1024});
  set(Item::job, {.principal = 2500, .all = 10'000});
  set(Item::transfer, {.principal = 16, .all = 128});
  return bounds;
}

Ledger::Ledger() : Ledger(Options{}) {}

Ledger::Ledger(Options options) : state_(std::make_shared<State>(options)) {}

AccountPtr Ledger::account(Payer payer, std::string_view name) {
  const std::string key(name);
  auto& accounts = state_->accounts[static_cast<std::size_t>(payer)];
  {
    const std::lock_guard lock(state_->mutex);
    if (const auto found = accounts.find(key); found != accounts.end())
      if (AccountPtr account = found->second.lock()) return account;
  }
  // Outside of the lock, which its destructor takes: also where there is no memory for it.
  const AccountPtr made(new Account(state_, payer, key));
  const std::lock_guard lock(state_->mutex);
  std::weak_ptr<Account>& known = accounts[key];
  if (AccountPtr account = known.lock()) return account;  // another thread was quicker
  known = made;
  return made;
}

std::size_t Ledger::bytes() const { return state_->bytes.load(relaxed); }

std::size_t Ledger::most_bytes() const { return state_->options.bytes; }

std::size_t Ledger::number(Item item) const { return state_->numbers[static_cast<std::size_t>(item)].load(relaxed); }

const Ledger::Options& Ledger::options() const { return state_->options; }

Account::Account(std::shared_ptr<Ledger::State> state, Ledger::Payer payer, std::string name)
    : state_(std::move(state)), payer_(payer), name_(std::move(name)) {}

Account::~Account() {
  const std::lock_guard lock(state_->mutex);
  auto& accounts = state_->accounts[static_cast<std::size_t>(payer_)];
  // Another thread may have asked for the name since the last holder left, and got another account.
  if (const auto found = accounts.find(name_); found != accounts.end() && found->second.expired())
    accounts.erase(found);
}

std::string Account::text() const {
  switch (payer_) {
    case Ledger::Payer::principal:
      return "user " + name_;
    case Ledger::Payer::address:
      return "address " + name_;
    case Ledger::Payer::machine:
      return "virtual machine " + name_;
    case Ledger::Payer::administrator:
      break;
  }
  return "root on the local socket";
}

bool Account::take_number(Ledger::Item item, Error& refusal) {
  const auto index = static_cast<std::size_t>(item);
  const std::size_t most = state_->most_of_one(payer_, item);
  if (!take(numbers_[index], 1, most)) {
    refusal = error(Failure::busy, fmt::format("there are {} {} of {} already, the most for one; try again when some "
                                               "have ended",
                                               most, item_names[index], text()));
    return false;
  }
  const std::size_t most_of_all = state_->most_of_all(payer_, item);
  if (take(state_->numbers[index], 1, most_of_all)) return true;
  numbers_[index].fetch_sub(1, relaxed);
  refusal = error(Failure::busy, fmt::format("there are {} {} already, the most of all users; try again when some have "
                                             "ended",
                                             most_of_all, item_names[index]));
  return false;
}

bool Account::take_bytes(Ledger::Item item, std::size_t bytes, Error& refusal) {
  const auto index = static_cast<std::size_t>(item);
  const std::size_t most = state_->most_bytes_of_one(payer_);
  if (!take(bytes_, bytes, most)) {
    refusal = error(Failure::busy,
                    fmt::format("the {} of {} would need more than {} MiB together with what it has, the most for one; "
                                "try again when some have ended",
                                item_names[index], text(), most / mib));
    return false;
  }
  // Data from guests must leave room for the clients that use them.
  const bool is_machine = payer_ == Ledger::Payer::machine;
  const std::size_t most_of_machines = state_->options.bytes / 2;
  if (is_machine && !take(state_->machine_bytes, bytes, most_of_machines)) {
    bytes_.fetch_sub(bytes, relaxed);
    refusal = error(Failure::busy,
                    fmt::format("vmmsd holds {} MiB of what guests say already, half of what it may hold (--memory)",
                                most_of_machines / mib));
    return false;
  }
  const std::size_t most_of_all = state_->without_reserve(payer_, state_->options.bytes);
  if (take(state_->bytes, bytes, most_of_all)) return true;
  bytes_.fetch_sub(bytes, relaxed);
  if (is_machine) state_->machine_bytes.fetch_sub(bytes, relaxed);
  refusal = error(Failure::busy, fmt::format("vmmsd holds {} MiB for its clients and guests already, the most that it "
                                             "may (--memory); try again later",
                                             most_of_all / mib));
  return false;
}

void Account::give_number(Ledger::Item item) noexcept {
  const auto index = static_cast<std::size_t>(item);
  numbers_[index].fetch_sub(1, relaxed);
  state_->numbers[index].fetch_sub(1, relaxed);
}

void Account::give_bytes(std::size_t bytes) noexcept {
  bytes_.fetch_sub(bytes, relaxed);
  if (payer_ == Ledger::Payer::machine) state_->machine_bytes.fetch_sub(bytes, relaxed);
  state_->bytes.fetch_sub(bytes, relaxed);
}

Result<Charge> Account::charge(Ledger::Item item, std::size_t bytes) {
  Error refusal;
  if (!take_number(item, refusal)) return refusal;
  Charge charge(shared_from_this(), item, 0);  // from here on it gives back what was taken
  if (const Status paid = charge.resize(bytes); !paid) return paid.error();
  return charge;
}

bool Account::can_hold(Ledger::Item item, std::size_t more) const {
  return number(item) < state_->most_of_one(payer_, item) && bytes() + more <= state_->most_bytes_of_one(payer_);
}

Status Charge::resize(std::size_t bytes) {
  if (!account_) {
    bytes_ = bytes;
    return {};
  }
  if (bytes > bytes_) {
    Error refusal;
    if (!account_->take_bytes(item_, bytes - bytes_, refusal)) return refusal;
  } else {
    account_->give_bytes(bytes_ - bytes);
  }
  bytes_ = bytes;
  return {};
}

void Charge::reset() noexcept {
  if (!account_) return;
  account_->give_bytes(std::exchange(bytes_, 0));
  account_->give_number(item_);
  account_.reset();
}

std::size_t available_memory() {
  struct sysinfo information {};
  const std::size_t host =
      ::sysinfo(&information) == 0 ? std::size_t{information.totalram} * information.mem_unit : SIZE_MAX;
  return std::min(host, control_group_limit());
}

}  // namespace vmms
