// For tests: operator new fails when the test says so. For a program that links memory_faults.cpp.
#pragma once

#include <cstddef>

namespace vmms::testing {

/// From now on the allocation number `n` (the first is 1) of all threads that are not exempt fails, once, or with
/// `lasting` that one and every later one, until the end of this object's life.
class MemoryFault {
 public:
  explicit MemoryFault(std::size_t n, bool lasting = false);
  ~MemoryFault() { end(); }
  MemoryFault(const MemoryFault&) = delete;
  MemoryFault& operator=(const MemoryFault&) = delete;

  void end();
  /// How many allocations failed. None: whatever was done needs fewer than n.
  std::size_t failed() const;
};

/// The allocations of the thread that makes it succeed as long as it lives.
class Exempt {
 public:
  Exempt();
  ~Exempt();
  Exempt(const Exempt&) = delete;
  Exempt& operator=(const Exempt&) = delete;

 private:
  const bool before_;
};

}  // namespace vmms::testing
