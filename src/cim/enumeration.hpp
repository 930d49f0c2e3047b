// Running enumerations: cursors that hold a key and one page, never an inventory.
#pragma once

#include "cim/provider.hpp"

#include <cstddef>
#include <deque>
#include <vector>

namespace vmms::cim {

/// A running enumeration. Not thread-safe.
class Enumeration {
 public:
  virtual ~Enumeration() = default;
  struct Batch {
    std::vector<Instance> items;
    std::vector<Error> failures;  ///< what could not be asked
    bool done = false;            ///< nothing comes after these
  };
  /// Up to `most` items; fewer, even none, when the context's deadline passes meanwhile. `done` comes with the last of
  /// them, so it looks one ahead.
  virtual Batch next(const Context& context, std::size_t most) = 0;
  /// Whether next() may wait for a guest, a host or a disk, or look through much.
  virtual bool waits() const = 0;
};

/// Looks one item ahead for those that can only say "some more".
class BufferedEnumeration : public Enumeration {
 public:
  Batch next(const Context& context, std::size_t most) final;

 protected:
  virtual bool exhausted() const = 0;
  /// Adds some items (or none) to `page_`, about `most` of them.
  virtual void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) = 0;

  std::deque<Instance> page_;
};

}  // namespace vmms::cim
