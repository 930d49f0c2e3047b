// An instance: its class and one value per property.
#pragma once

#include "cim/class.hpp"
#include "cim/value.hpp"

#include <string_view>
#include <vector>

namespace vmms::cim {

class Instance {
 public:
  explicit Instance(const Class& cim_class) : class_(&cim_class), values(cim_class.properties.size()) {}

  const Class& cim_class() const { return *class_; }
  const Value& operator[](std::string_view property_name) const;  ///< NULL when there is no such property
  bool set(std::string_view property_name, Value value);          ///< false when there is no such property
  ObjectPath path(std::string_view namespace_name = {}) const;    ///< from the keys

 private:
  const Class* class_;

 public:
  std::vector<Value> values;  ///< parallel to cim_class().properties
};

bool operator==(const Instance& left, const Instance& right);

}  // namespace vmms::cim
