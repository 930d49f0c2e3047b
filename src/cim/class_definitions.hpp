// What a query for classes finds: each class as an instance of itself without values, as WMI's class objects are.
#pragma once

#include "cim/enumeration.hpp"

#include <memory>
#include <unordered_set>
#include <vector>

namespace vmms::cim {

class ClassDefinitions : public BufferedEnumeration {
 public:
  explicit ClassDefinitions(const std::vector<const Class*>& classes) {
    for (const Class* each : classes) page_.push_back(Instance(*each));
  }
  /// The classes of what an enumeration finds, each once.
  explicit ClassDefinitions(std::unique_ptr<Enumeration> instances) : instances_(std::move(instances)) {}
  bool waits() const override { return instances_ && instances_->waits(); }

 protected:
  bool exhausted() const override { return !instances_; }
  Enumeration* source() const override { return instances_.get(); }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  std::unique_ptr<Enumeration> instances_;
  std::unordered_set<const Class*> found_;
};

}  // namespace vmms::cim
