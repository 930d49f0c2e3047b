// Guards against guessing, above all schemes: how many proofs of identity are looked at, in which order, and on whose
// threads.
#pragma once

#include "base/result.hpp"
#include "cim/principal.hpp"
#include "wire/auth/token_buckets.hpp"
#include "wire/http/authenticator.hpp"

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace vmms::wire::auth {

/// Tells one proof from another; keyed, so that it says nothing about it.
using Fingerprint = std::array<unsigned char, 32>;

/// What a scheme wants to have verified: that somebody is the user he says he is.
struct Claim {
  std::string user;  ///< as the client wrote it; whether there is such a user must make no difference
  Fingerprint fingerprint{};
  /// May take its time and much memory. Failure access_denied: the proof is wrong; any other: it could not be verified,
  /// which is our own failure and is held against nobody.
  std::function<Result<cim::PrincipalPtr>()> verify;
};

/// Each look costs a token of the address, of its network (IPv6: /48, whose owner has 65536 addresses in our sense),
/// and of the user at that address; what is right gives them back. Who finds none waits in a queue, without a thread,
/// until there is one: nobody is refused. In the queue these go first, and take turns by address:
///
/// 1. the very proof that was right last for this user at this address, which costs nothing
/// 2. a user who signed in from this address before, every second time; between them these are as the others
/// 3. others, but behind them
/// 4. those who never signed in from there as a user that much guessing goes on at, from wherever
/// 5. those whose clients said that they send no more, since most of those have left
///
/// Who has left is taken out without a look. Proofs are verified on threads of the guard's own, so that sign-in waits
/// for no other work.
class Guard {
 public:
  using Clock = std::chrono::steady_clock;
  using Done = std::function<void(const Result<cim::PrincipalPtr>&)>;

  struct Options {
    unsigned threads = 2;  ///< proofs at once; a hash takes 16 MiB
    TokenBuckets::Rate address = {20, std::chrono::seconds(1)};
    TokenBuckets::Rate network = {40, std::chrono::milliseconds(250)};
    TokenBuckets::Rate user_at_address = {5, std::chrono::seconds(1)};
    TokenBuckets::Rate user = {10, std::chrono::seconds(5)};
    std::size_t most_waiting = 4096;
    std::size_t most_known = 16384;  ///< pairs of a user and an address that are remembered
  };

  Guard();
  explicit Guard(Options options);
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard();  ///< answers nobody any more; a proof that is being verified is waited for, but not long

  /// Calls `done` later, from a thread of the guard's, unless the client has gone by then. The same proof from the same
  /// address is verified once for all who bring it meanwhile. Errors are those of Claim::verify; busy when there is no
  /// room for one more.
  void submit(const http::ConnectionState& client, Claim claim, Done done);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace vmms::wire::auth
