// Instances in a row, as enumerations hold them.
#pragma once

#include "cim/instance.hpp"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace vmms::cim {

/// A queue of instances. The slot of a removed one, with the memory of its values, is used again for a later one: a
/// long enumeration allocates nothing per instance.
class InstanceBuffer {
 public:
  std::span<Instance> items() { return std::span(places_).subspan(start_, size()); }
  std::size_t size() const { return end_ - start_; }
  bool empty() const { return start_ == end_; }
  Instance& back() { return places_[end_ - 1]; }

  /// Reserves room for so many more.
  void reserve(std::size_t more) { places_.reserve(end_ + more); }
  void push_back(Instance&& instance) {
    if (end_ < places_.size())
      std::swap(places_[end_], instance);
    else
      places_.push_back(std::move(instance));
    ++end_;
  }
  /// One more instance of the class, whose values are left over from an earlier one: the caller sets each of them.
  Instance& add_unset(const Class& cim_class) {
    if (end_ == places_.size())
      places_.emplace_back(cim_class);
    else if (&places_[end_].cim_class() != &cim_class || places_[end_].values.size() != cim_class.properties.size())
      places_[end_] = Instance(cim_class);
    return places_[end_++];
  }
  /// Removes the first `count`.
  void drop(std::size_t count) {
    start_ += count;
    const std::size_t rest = size();
    if (rest > start_) return;
    for (std::size_t i = 0; i < rest && start_ != 0; ++i) std::swap(places_[i], places_[start_ + i]);
    start_ = 0;
    end_ = rest;
  }
  /// Keeps only the first `count`.
  void truncate(std::size_t count) noexcept { end_ = start_ + count; }
  /// Releases the memory of removed ones.
  void shrink() {
    drop(0);
    places_.erase(places_.begin() + static_cast<std::ptrdiff_t>(end_), places_.end());
    places_.shrink_to_fit();
  }

 private:
  std::vector<Instance> places_;
  std::size_t start_ = 0;  ///< the queue: slots from here
  std::size_t end_ = 0;    ///< to here
};

}  // namespace vmms::cim
