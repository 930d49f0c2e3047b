// The instances of another enumeration that a WHERE clause selects.
#pragma once

#include "cim/enumeration.hpp"
#include "cim/wql/filter.hpp"

#include <memory>
#include <utility>

namespace vmms::cim {

class FilterCursor : public BufferedEnumeration {
 public:
  FilterCursor(std::unique_ptr<Enumeration> all, wql::Filter filter)
      : all_(std::move(all)), filter_(std::move(filter)) {}

  /// Also when nobody is asked: many may have to be looked at before one fits.
  bool waits() const override { return true; }

 protected:
  bool exhausted() const override { return done_; }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  std::unique_ptr<Enumeration> all_;
  wql::Filter filter_;
  bool done_ = false;
};

}  // namespace vmms::cim
