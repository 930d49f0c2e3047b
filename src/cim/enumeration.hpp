// Running enumerations: cursors that hold a key and one page, never an inventory.
#pragma once

#include "cim/instance_buffer.hpp"
#include "cim/provider.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace vmms::cim {

/// A running enumeration. Not thread-safe.
class Enumeration {
 public:
  virtual ~Enumeration() = default;
  struct Batch {
    std::span<Instance> items;    ///< until the next call; they may be moved from
    std::vector<Error> failures;  ///< guests or hosts that could not be asked
    bool done = false;            ///< nothing comes after these
  };
  /// Up to `most` items; fewer, even none, when the context's deadline passes meanwhile. `done` comes with the last of
  /// them, so it looks one ahead.
  virtual Batch next(const Context& context, std::size_t most) = 0;
  /// Whether next() may wait for a guest, a host or a disk, or search many items.
  virtual bool waits() const = 0;
  /// No call will come for a while: releases the memory of the items of the last call.
  virtual void rest() = 0;
};

/// Looks one item ahead, for sources that can only add "some more".
class BufferedEnumeration : public Enumeration {
 public:
  Batch next(const Context& context, std::size_t most) final;
  void rest() final;

 protected:
  virtual bool exhausted() const = 0;
  /// Adds some items (or none) to `page_`, about `most` of them.
  virtual void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) = 0;

  /// What it reads from, when that is an enumeration, too.
  virtual Enumeration* source() const { return nullptr; }

  InstanceBuffer page_;

 private:
  void leave() { page_.drop(std::exchange(given_, 0)); }

  std::size_t given_ = 0;  ///< items at the front of `page_`, which the last call returned
};

}  // namespace vmms::cim
