// Instances and method results as people and programs read them.
#pragma once

#include "cim/class.hpp"
#include "wire/wsman/client.hpp"

#include <boost/json/object.hpp>

#include <span>
#include <string>

namespace vmms::cli {

/// What is known of the members of a record: a class's properties or a method's parameters. Without it each value is a
/// string, and arrays are those that came with more than one element.
class Members {
 public:
  Members() = default;
  explicit Members(const cim::Class* cim_class) : class_(cim_class) {}
  explicit Members(const cim::Method* method) : method_(method) {}

  struct Member {
    cim::Type type = cim::Type::string;
    bool is_array = false;
    std::span<const cim::ValueName> values = {};
  };
  std::optional<Member> find(std::string_view name) const;

 private:
  const cim::Class* class_ = nullptr;
  const cim::Method* method_ = nullptr;
};

/// The members under their names, numbers and booleans as such where the type is known; NULL is null, references are
/// object paths.
boost::json::object to_json(const wire::wsman::Record& record, const Members& members);

/// One "Name  value" line per member: `EnabledState  2 (Enabled)`, arrays in braces, NULL as such.
std::string to_text(const wire::wsman::Record& record, const Members& members);

}  // namespace vmms::cli
