#include "wire/auth/guard.hpp"

#include "base/log_limiter.hpp"
#include "base/thread.hpp"

#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vmms::wire::auth {

namespace {

using http::Presence;

/// In the order in which they are verified.
enum class Rank { proven, known, ordinary, guessed_at, finished };

struct Client {
  std::shared_ptr<const std::atomic<Presence>> presence;
  Guard::Done done;
};

struct Attempt {
  std::string address;
  std::string network;
  std::string pair;  ///< address and user
  Claim claim;
  std::vector<Client> clients;

  Presence presence() const {
    Presence best = Presence::gone;
    for (const Client& client : clients)
      best = std::min(best, client.presence ? client.presence->load(std::memory_order_relaxed) : Presence::here);
    return best;
  }
};
using AttemptPtr = std::shared_ptr<Attempt>;

/// What waits from one address.
struct Line {
  std::deque<AttemptPtr> attempts;
  bool known_went_first = false;  ///< the next turn is for all: guesses at known users must not keep the others out
};
using Lines = std::map<std::string, Line>;

/// The latest right proofs, by pair; bounded, the one used longest ago is forgotten.
class Known {
 public:
  explicit Known(std::size_t most) : most_(most) {}
  const Fingerprint* find(const std::string& pair) const {
    const auto found = by_pair_.find(pair);
    return found == by_pair_.end() ? nullptr : &found->second->second;
  }
  void put(const std::string& pair, const Fingerprint& fingerprint) {
    erase(pair);
    if (entries_.size() >= most_) erase(std::string(entries_.back().first));
    Entries one;
    one.emplace_front(pair, fingerprint);
    by_pair_.emplace(pair, one.begin());  // what may throw comes first
    entries_.splice(entries_.begin(), one);
  }
  void erase(const std::string& pair) {
    const auto found = by_pair_.find(pair);
    if (found == by_pair_.end()) return;
    entries_.erase(found->second);
    by_pair_.erase(found);
  }

 private:
  using Entries = std::list<std::pair<std::string, Fingerprint>>;
  const std::size_t most_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> by_pair_;
};

}  // namespace

struct Guard::State {
  explicit State(Options given)
      : options(given),
        addresses(given.address),
        networks(given.network),
        pairs(given.user_at_address),
        users(given.user),
        known(given.most_known) {
    running.reserve(given.threads);
  }

  void work();
  AttemptPtr next(Clock::time_point now, Clock::time_point& ready);
  Rank rank_of(const Attempt& attempt, Clock::time_point now) const;
  Clock::time_point ready_at(const Attempt& attempt, Clock::time_point now) const;
  void pay(const Attempt& attempt, Clock::time_point now);
  void settle(const AttemptPtr& attempt, bool paid, const Result<cim::PrincipalPtr>& outcome) noexcept;
  void remember(const Attempt& attempt, bool paid, const Result<cim::PrincipalPtr>& outcome);

  const Options options;

  std::mutex mutex;
  std::condition_variable changed;
  bool stopping = false;
  unsigned threads = 0;
  Lines waiting;  // by address
  std::size_t number_waiting = 0;
  AttemptPtr last;  // whose turn it was
  std::vector<AttemptPtr> running;
  TokenBuckets addresses;
  TokenBuckets networks;
  TokenBuckets pairs;
  TokenBuckets users;
  Known known;
};

Rank Guard::State::rank_of(const Attempt& attempt, Clock::time_point now) const {
  if (const Fingerprint* right = known.find(attempt.pair))
    return *right == attempt.claim.fingerprint ? Rank::proven : Rank::known;
  if (attempt.presence() == Presence::finished) return Rank::finished;
  return users.is_ready(attempt.claim.user, now) ? Rank::ordinary : Rank::guessed_at;
}

Guard::Clock::time_point Guard::State::ready_at(const Attempt& attempt, Clock::time_point now) const {
  Clock::time_point ready = std::max(addresses.ready_at(attempt.address, now), pairs.ready_at(attempt.pair, now));
  if (!attempt.network.empty()) ready = std::max(ready, networks.ready_at(attempt.network, now));
  return ready;
}

void Guard::State::pay(const Attempt& attempt, Clock::time_point now) {
  addresses.take(attempt.address, now);
  pairs.take(attempt.pair, now);
  if (!attempt.network.empty()) networks.take(attempt.network, now);
}

/// The attempt whose turn it is, taken out of the queue, or none; then `ready` says when there may be one.
AttemptPtr Guard::State::next(Clock::time_point now, Clock::time_point& ready) {
  ready = Clock::time_point::max();
  std::optional<Rank> best;
  Lines::iterator line_of_best;
  std::size_t index_of_best = 0;
  const auto look = [&](Lines::iterator line) {
    auto& attempts = line->second.attempts;
    for (std::size_t i = 0; i < attempts.size();) {
      if (attempts[i]->presence() == Presence::gone) {
        attempts.erase(attempts.begin() + static_cast<std::ptrdiff_t>(i));
        --number_waiting;
        continue;
      }
      Rank rank = rank_of(*attempts[i], now);
      if (rank == Rank::known && line->second.known_went_first) rank = Rank::ordinary;
      if (!best || rank < *best) {
        const auto when = rank == Rank::proven ? now : ready_at(*attempts[i], now);
        ready = std::min(ready, when);
        if (when <= now) {
          best = rank;
          line_of_best = line;
          index_of_best = i;
        }
      }
      ++i;
    }
  };
  const auto first = last ? waiting.upper_bound(last->address) : waiting.begin();
  for (auto line = first; line != waiting.end(); ++line) look(line);
  for (auto line = waiting.begin(); line != first; ++line) look(line);
  AttemptPtr chosen;
  if (best) {
    auto& attempts = line_of_best->second.attempts;
    chosen = std::move(attempts[index_of_best]);
    attempts.erase(attempts.begin() + static_cast<std::ptrdiff_t>(index_of_best));
    --number_waiting;
    if (*best != Rank::proven) line_of_best->second.known_went_first = *best == Rank::known;
    last = chosen;
  }
  std::erase_if(waiting, [](const auto& line) { return line.second.attempts.empty(); });
  return chosen;
}

void Guard::State::work() {
  std::unique_lock lock(mutex);
  while (!stopping) {
    const Clock::time_point now = Clock::now();
    Clock::time_point ready;
    AttemptPtr attempt = next(now, ready);  // takes no memory
    if (!attempt) {
      if (ready == Clock::time_point::max())
        changed.wait(lock);
      else
        changed.wait_until(lock, ready);
      continue;
    }
    bool paid = false;
    Result<cim::PrincipalPtr> outcome = Error{Failure::busy, "out of memory"};  // short enough to need none
    try {
      if (rank_of(*attempt, now) != Rank::proven) {
        pay(*attempt, now);
        paid = true;
      }
      running.push_back(attempt);
      lock.unlock();
      outcome = attempt->claim.verify();
    } catch (const std::exception& e) {
      spdlog::error("a sign-in cannot be verified: {}", e.what());
    }
    if (lock.owns_lock()) lock.unlock();
    settle(attempt, paid, outcome);
    attempt.reset();
    lock.lock();
  }
}

/// This thread goes on whatever is thrown here: without it no user could sign in any more.
void Guard::State::settle(const AttemptPtr& attempt, bool paid, const Result<cim::PrincipalPtr>& outcome) noexcept {
  std::vector<Client> clients;
  bool wrong = !outcome;
  try {
    wrong = wrong && outcome.error().kind == Failure::access_denied;
  } catch (const std::exception&) {  // error() is a copy, and there is no memory for its text
  }
  {
    const std::scoped_lock lock(mutex);
    std::erase(running, attempt);
    if (!stopping) clients = std::move(attempt->clients);
    attempt->claim.verify = nullptr;                         // holds a password
    if (!wrong && number_waiting > 0) changed.notify_one();  // tokens come back
    try {
      remember(*attempt, paid, outcome);
    } catch (const std::exception&) {  // no memory: the tokens come back with time
    }
  }
  for (const Client& client : clients) {
    try {
      client.done(outcome);
    } catch (const std::exception& e) {  // its connection's deadline answers
      log_stranger(attempt->address, spdlog::level::err, "whoever signs in from {} cannot be answered: {}",
                   attempt->address, e.what());
    }
  }
}

/// With the mutex held.
void Guard::State::remember(const Attempt& attempt, bool paid, const Result<cim::PrincipalPtr>& outcome) {
  const Clock::time_point now = Clock::now();
  if (!outcome && outcome.error().kind == Failure::access_denied) {
    // It may have been right until the password was changed.
    if (const Fingerprint* right = known.find(attempt.pair); right && *right == attempt.claim.fingerprint)
      known.erase(attempt.pair);
    return users.take(attempt.claim.user, now);
  }
  if (outcome) known.put(attempt.pair, attempt.claim.fingerprint);
  if (!paid) return;
  addresses.give_back(attempt.address, now);
  pairs.give_back(attempt.pair, now);
  if (!attempt.network.empty()) networks.give_back(attempt.network, now);
}

Guard::Guard() : Guard(Options{}) {}

Guard::Guard(Options options) : state_(std::make_shared<State>(options)) {
  for (unsigned i = 0; i < options.threads; ++i) {
    {
      const std::scoped_lock lock(state_->mutex);
      ++state_->threads;
    }
    // Not joined: the end must not wait for a hash that takes long.
    const Status started = start_thread("sign-in",
                                        [state = state_] {
                                          state->work();
                                          OPENSSL_thread_stop();  // while the library is still there
                                          const std::scoped_lock lock(state->mutex);
                                          --state->threads;
                                          state->changed.notify_all();
                                        },
                                        {.use = ThreadUse::service});
    if (started) continue;
    const std::scoped_lock lock(state_->mutex);
    --state_->threads;
    throw std::runtime_error("no thread can be started that verifies passwords: " + started.error().message);
  }
}

Guard::~Guard() {
  constexpr auto patience = std::chrono::milliseconds(500);
  std::unique_lock lock(state_->mutex);
  state_->stopping = true;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, patience, [this] { return state_->threads == 0; });
}

void Guard::submit(const http::ConnectionState& client, Claim claim, Done done) {
  {
    const std::scoped_lock lock(state_->mutex);
    const std::string pair = client.address + '\n' + claim.user;
    const auto is_same = [&](const AttemptPtr& attempt) {
      return attempt->pair == pair && attempt->claim.fingerprint == claim.fingerprint;
    };
    Client one{client.presence, std::move(done)};
    if (const auto same = std::find_if(state_->running.begin(), state_->running.end(), is_same);
        same != state_->running.end()) {
      (*same)->clients.push_back(std::move(one));
      return;
    }
    auto line = state_->waiting.find(client.address);
    if (line != state_->waiting.end()) {
      const auto same = std::find_if(line->second.attempts.begin(), line->second.attempts.end(), is_same);
      if (same != line->second.attempts.end()) {
        (*same)->clients.push_back(std::move(one));
        return;
      }
    }
    if (state_->number_waiting < state_->options.most_waiting) {
      const auto attempt = std::make_shared<Attempt>();
      attempt->address = client.address;
      attempt->network = client.network;
      attempt->pair = pair;
      attempt->claim = std::move(claim);
      attempt->clients.push_back(std::move(one));
      if (line == state_->waiting.end()) line = state_->waiting.emplace(client.address, Line()).first;
      line->second.attempts.push_back(attempt);
      ++state_->number_waiting;
      state_->changed.notify_one();
      return;
    }
    done = std::move(one.done);
  }
  done(error(Failure::busy, "too many sign-ins wait to be verified; try again in a second"));
}

}  // namespace vmms::wire::auth
