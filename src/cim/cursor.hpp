// The enumeration of a class and its subclasses: a key and one page at a time.
#pragma once

#include "cim/enumeration.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vmms::cim {

class Cursor : public BufferedEnumeration {
 public:
  Cursor() = default;  ///< of nothing
  Cursor(std::vector<Provider*> providers, std::vector<KeyBinding> keys, std::vector<std::string> wanted);
  bool waits() const override;

 protected:
  bool exhausted() const override { return present_ == providers_.size(); }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  std::vector<Provider*> providers_;  ///< those not read to the end yet, the current one first
  std::size_t present_ = 0;
  std::vector<KeyBinding> keys_;
  std::vector<std::string> wanted_;
  std::optional<Query> query_;  ///< to the current provider
};

}  // namespace vmms::cim
