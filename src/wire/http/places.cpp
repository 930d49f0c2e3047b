#include "wire/http/places.hpp"

#include <algorithm>
#include <utility>

namespace vmms::wire::http {

bool Places::Place::offer(std::function<void()> close) {
  const std::scoped_lock lock(places_.mutex_);
  if (!charge_.account()) return false;
  if (!close_) {
    // Everything that may throw comes first.
    Order all = {this};
    Order own = {this};
    Order& owners = places_.own_[charge_.account().get()];
    among_all_ = all.begin();
    among_own_ = own.begin();
    places_.all_.splice(places_.all_.end(), all);
    owners.splice(owners.end(), own);
  }
  close_ = std::move(close);
  return true;
}

void Places::Place::keep() {
  const std::scoped_lock lock(places_.mutex_);
  if (close_) places_.forget(*this);
}

void Places::forget(Place& place) {
  all_.erase(place.among_all_);
  const auto own = own_.find(place.charge_.account().get());
  own->second.erase(place.among_own_);
  if (own->second.empty()) own_.erase(own);
  place.close_ = nullptr;
}

bool Places::make_room(const Account* account) {
  std::function<void()> close;
  {
    const std::scoped_lock lock(mutex_);
    auto owner = own_.find(account);
    if (account == nullptr)
      owner = std::max_element(own_.begin(), own_.end(),
                               [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    if (owner == own_.end()) return false;
    // Where no address has more than others it is the one that was offered first.
    Place& first = *(account == nullptr && owner->second.size() == 1 ? all_ : owner->second).front();
    close.swap(first.close_);
    forget(first);
    first.charge_.reset();
  }
  close();
  return true;
}

Result<Places::PlacePtr> Places::take(const AccountPtr& account, std::size_t bytes) {
  auto place = std::make_unique<Place>(*this);
  auto charged = account->charge(item_, bytes);
  if (!charged && (make_room(account.get()) || (account->can_hold(item_, bytes) && make_room(nullptr))))
    charged = account->charge(item_, bytes);
  if (!charged) return charged.error();
  place->charge_ = std::move(*charged);
  return place;
}

}  // namespace vmms::wire::http
