// The instances of another enumeration that a WHERE clause selects.
#pragma once

#include "cim/enumeration.hpp"
#include "cim/wql/filter.hpp"

#include <memory>
#include <utility>

namespace vmms::cim {

class FilterCursor : public BufferedEnumeration {
 public:
  /// `few`: there is not much to look through.
  FilterCursor(std::unique_ptr<Enumeration> all, wql::Filter filter, bool few = false)
      : all_(std::move(all)), filter_(std::move(filter)), few_(few) {}

  /// Also when nobody is asked, but many may have to be looked at before one fits.
  bool waits() const override { return !few_ || all_->waits(); }

 protected:
  bool exhausted() const override { return done_; }
  Enumeration* source() const override { return all_.get(); }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  std::unique_ptr<Enumeration> all_;
  wql::Filter filter_;
  const bool few_;
  bool done_ = false;
};

}  // namespace vmms::cim
