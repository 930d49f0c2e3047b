// The enumeration of a class and its subclasses: a key and one page at a time.
#pragma once

#include "cim/object_manager.hpp"

#include <deque>
#include <vector>

namespace vmms::cim {

class Cursor : public Enumeration {
 public:
  Cursor(std::vector<Provider*> providers, std::vector<KeyBinding> keys, std::vector<std::string> wanted);
  Batch next(const Context& context, std::size_t most) override;
  bool waits() const override;

 private:
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures);

  std::vector<Provider*> providers_;  ///< those not asked to the end yet, the present one first
  std::size_t present_ = 0;
  std::vector<KeyBinding> keys_;
  std::vector<std::string> wanted_;
  std::optional<std::vector<std::string>> after_;
  std::deque<Instance> page_;
};

}  // namespace vmms::cim
