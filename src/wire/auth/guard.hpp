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

/// Distinguishes proofs; keyed, so that it reveals nothing about them.
using Fingerprint = std::array<unsigned char, 32>;

/// What a scheme wants to have verified: that a client is the user that it says it is.
struct Claim {
  std::string user;  ///< as the client wrote it; whether there is such a user must make no difference
  Fingerprint fingerprint{};
  /// May take its time and much memory. Failure access_denied: the proof is wrong; any other: it could not be verified,
  /// which is our own failure and counts against no client.
  std::function<Result<cim::PrincipalPtr>()> verify;
};

/// Each verification costs a token of the address, of its network (IPv6: /48, whose owner has 65536 addresses in our
/// sense), and of the user at that address; a right proof returns them. A claim without a token waits in a queue,
/// without a thread, until there is one: none is refused. The order in the queue, with turns by address:
///
/// 1. the very proof that was right last for this user at this address, which costs nothing
/// 2. a user who signed in from this address before, every second time; between them these are as the others
/// 3. others, but after them
/// 4. claims to be a user that is guessed at much, from anywhere, at an address where that user never signed in
/// 5. claims of clients that closed their sending side, since most of those have left
///
/// Claims of clients that have left are removed unverified. Proofs are verified on the guard's own threads, so that
/// sign-in waits for no other work.
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
  ~Guard();  ///< sends no more answers; waits for a proof that is being verified, but not long

  /// Calls `done` later, from a thread of the guard, unless the client has gone by then. The same proof from the same
  /// address is verified once for all claims with it meanwhile. Errors are those of Claim::verify; busy when there is
  /// no room for one more.
  void submit(const http::ConnectionState& client, Claim claim, Done done);

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with the threads
};

}  // namespace vmms::wire::auth
