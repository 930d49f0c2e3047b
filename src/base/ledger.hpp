// What clients and guests make the daemon hold: who pays for it, and what bounds it.
#pragma once

#include "base/result.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace vmms {

class Account;
class Charge;
using AccountPtr = std::shared_ptr<Account>;

/// Accounts for everything that outlasts the instant in which it was asked for. A charge names who pays and ends when
/// the thing itself ends, not when its caller stops waiting for it. Each kind of item is bounded in number, all bytes
/// together in size: for each account, and for all accounts. Thread-safe, without locks but in account().
class Ledger {
 public:
  enum class Item : std::uint8_t {
    stranger,    ///< a network connection without a signed-in user
    connection,  ///< a network connection with a signed-in user
    local,       ///< a connection to the local socket
    leaving,     ///< a connection whose client has closed its sending side, while its last request is answered
    body,        ///< the text of a request, or the part read so far, as far as it is kept
    answer,      ///< written and not yet sent
    task,        ///< waits for a thread, runs, or waits for a guest
    context,     ///< an open enumeration
    job,         ///< a job and its details, until it is forgotten
    transfer,    ///< a file on its way through a connection
    guest_data,  ///< what a guest said
  };
  static constexpr std::size_t items = 11;

  enum class Payer : std::uint8_t {
    principal,      ///< who signed in; the name is cim::Principal::id()
    address,        ///< a network address before a user signed in from it
    machine,        ///< a virtual machine whose guest sends data; the name is its id
    administrator,  ///< root on the local socket, for whom a part of everything is reserved
  };

  /// Most items of a kind; 0: not bounded in number.
  struct Bound {
    std::size_t principal = 0;
    std::size_t address = 0;
    std::size_t machine = 0;
    std::size_t all = 0;
  };

  struct Options {
    /// Bytes of everything together; 0: a quarter of the memory that this process may use (see available_memory()).
    std::size_t bytes = 0;
    /// Bytes of one principal, address and machine; 0: a quarter, a sixty-fourth and a quarter of all, the last at most
    /// 64 MiB. All machines together hold half of all.
    std::size_t bytes_of_principal = 0;
    std::size_t bytes_of_address = 0;
    std::size_t bytes_of_machine = 0;
    /// By Item.
    std::array<Bound, items> bounds = default_bounds();
    /// One in so many of everything is reserved for the administrator.
    std::size_t reserve_divisor = 8;
  };
  static std::array<Bound, items> default_bounds();

  Ledger();
  explicit Ledger(Options options);

  /// The account of that name: the same object while anything holds it.
  AccountPtr account(Payer payer, std::string_view name);

  std::size_t bytes() const;            ///< charged at this moment
  std::size_t most_bytes() const;       ///< what may be charged
  std::size_t number(Item item) const;  ///< of all accounts
  const Options& options() const;

 private:
  friend class Account;
  friend class Charge;
  struct State;
  std::shared_ptr<State> state_;
};

/// One thing that an account pays for, given back by the destructor. Movable; an empty one holds nothing.
class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept
      : account_(std::move(other.account_)), item_(other.item_), bytes_(std::exchange(other.bytes_, 0)) {}
  Charge& operator=(Charge&& other) noexcept {
    Charge(std::move(other)).swap(*this);
    return *this;
  }
  ~Charge() { reset(); }

  /// Changes its cost to `bytes`. Failure busy, and nothing changed, when that is too much; a lower cost never fails.
  Status resize(std::size_t bytes);
  Status grow(std::size_t more) { return resize(bytes_ + more); }
  std::size_t bytes() const { return bytes_; }
  const AccountPtr& account() const { return account_; }
  void reset() noexcept;
  void swap(Charge& other) noexcept {
    std::swap(account_, other.account_);
    std::swap(item_, other.item_);
    std::swap(bytes_, other.bytes_);
  }

 private:
  friend class Account;
  Charge(AccountPtr account, Ledger::Item item, std::size_t bytes)
      : account_(std::move(account)), item_(item), bytes_(bytes) {}

  AccountPtr account_;
  Ledger::Item item_{};
  std::size_t bytes_ = 0;
};

/// Who pays.
class Account : public std::enable_shared_from_this<Account> {
 public:
  Account(const Account&) = delete;
  Account& operator=(const Account&) = delete;
  ~Account();

  /// One item more, of so many bytes. Failure busy says which bound was reached.
  Result<Charge> charge(Ledger::Item item, std::size_t bytes = 0);
  /// Whether its own bounds allow that: then charge() is refused for what others hold.
  bool can_hold(Ledger::Item item, std::size_t bytes) const;

  const std::string& name() const { return name_; }
  Ledger::Payer payer() const { return payer_; }
  bool is_administrator() const { return payer_ == Ledger::Payer::administrator; }
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  std::size_t number(Ledger::Item item) const {
    return numbers_[static_cast<std::size_t>(item)].load(std::memory_order_relaxed);
  }

 private:
  friend class Ledger;
  friend class Charge;
  Account(std::shared_ptr<Ledger::State> state, Ledger::Payer payer, std::string name);

  bool take_number(Ledger::Item item, Error& refusal);
  bool take_bytes(Ledger::Item item, std::size_t bytes, Error& refusal);
  void give_number(Ledger::Item item) noexcept;
  void give_bytes(std::size_t bytes) noexcept;
  std::string text() const;

  const std::shared_ptr<Ledger::State> state_;
  const Ledger::Payer payer_;
  const std::string name_;
  std::atomic<std::size_t> bytes_ = 0;
  std::array<std::atomic<std::size_t>, Ledger::items> numbers_{};
};

/// As account->charge(); without an account nothing is charged.
inline Result<Charge> charge(const AccountPtr& account, Ledger::Item item, std::size_t bytes = 0) {
  return account ? account->charge(item, bytes) : Result<Charge>(Charge());
}

/// Bytes that this process may use: the smaller of the host's memory and its control group's limit.
std::size_t available_memory();

}  // namespace vmms
