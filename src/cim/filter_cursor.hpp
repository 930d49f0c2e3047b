// The instances of another enumeration that a WHERE clause selects.
#pragma once

#include "cim/enumeration.hpp"
#include "cim/wql/filter.hpp"

#include <functional>
#include <memory>
#include <utility>

namespace vmms::cim {

class FilterCursor : public BufferedEnumeration {
 public:
  /// Finds the object that a path names, of the class `within` where it is not null: ObjectManager::find_object.
  using Find = std::function<Result<Instance>(const Context& context, const ObjectPath& path, const Class* within)>;
  /// `few`: there are not many items to search. `find` is called where paths of the filter lack keys.
  FilterCursor(std::unique_ptr<Enumeration> all, wql::Filter filter, bool few = false, Find find = {})
      : all_(std::move(all)), filter_(std::move(filter)), few_(few), find_(std::move(find)) {
    if (filter_.open_paths() == 0) find_ = nullptr;
  }

  /// Also true when no guest is asked, but many items may have to be tested before one matches.
  bool waits() const override { return !few_ || find_ || all_->waits(); }

 protected:
  bool exhausted() const override { return done_; }
  Enumeration* source() const override { return all_.get(); }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  void find_paths(const Context& context, std::vector<Error>& failures);

  std::unique_ptr<Enumeration> all_;
  wql::Filter filter_;
  const bool few_;
  Find find_;  ///< none once the paths are found
  bool done_ = false;
};

}  // namespace vmms::cim
