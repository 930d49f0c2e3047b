// Connections that are closed when their place is needed: those without a signed-in user, and those whose clients may
// have left.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace vmms::wire::http {

/// The places for connections of one kind. A connection that needs one and finds none free gets that of the connection
/// of the same account that has been dispensable for the longest; where the account has none to give and all together
/// have too many, that of the account which could give most. Any thread; takes a lock, so that the common connections,
/// those of signed-in users, have no place here.
class Places {
 public:
  class Place {
   public:
    explicit Place(Places& places) : places_(places) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { keep(); }

    /// May be taken away from now on, after all that may be already; one that may be keeps its turn. `close` is called
    /// then, without a lock, from any thread. False when it has been taken away already.
    bool offer(std::function<void()> close);
    /// May not be taken away any more. Without effect when it was.
    void keep();

   private:
    friend class Places;
    using Order = std::list<Place*>;

    Places& places_;
    Charge charge_;
    std::function<void()> close_;  // while it is offered
    Order::iterator among_all_;
    Order::iterator among_own_;
  };
  using PlacePtr = std::unique_ptr<Place>;

  explicit Places(Ledger::Item item) : item_(item) {}

  /// Failure busy says which bound was reached, when no connection can give up its place for that.
  Result<PlacePtr> take(const AccountPtr& account, std::size_t bytes);
  /// The same when a connection lacks something other than a place: closes one of the account.
  bool displace(const Account& account) { return make_room(&account); }

 private:
  bool make_room(const Account* account);  ///< by one of the account; null: of whichever has most
  void forget(Place& place);               ///< needs the mutex

  const Ledger::Item item_;
  std::mutex mutex_;
  Place::Order all_;
  std::unordered_map<const Account*, Place::Order> own_;
};

}  // namespace vmms::wire::http
