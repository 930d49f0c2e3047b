// The parameters of intrinsic operations: IPARAMVALUE elements, read as what the operation declares.
#pragma once

#include "cim/instance.hpp"
#include "wire/cimxml/request.hpp"
#include "wire/cimxml/status.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::wire::cimxml {

/// As cim::complete_keys, where the class that is named has keys. Errors: invalid_argument.
Status complete_keys(cim::ObjectPath& path, const cim::Schema& schema);

/// Reads an INSTANCENAME, completed, and in the schema's namespace. Errors: invalid_argument.
Result<cim::ObjectPath> read_path(const xml::Element& instance_name, const cim::Schema& schema);

/// Reads parameters one after the other; the first error is kept, and done() returns it. Names are compared without
/// case. A parameter without a value is NULL, as is one that is not there.
class Parameters {
 public:
  Parameters(const Call& call, const cim::Schema& schema);

  enum class Need : bool { optional, required };

  bool boolean(std::string_view name, bool by_default);
  std::optional<std::uint32_t> number(std::string_view name, Need need = Need::optional);
  std::optional<std::string> text(std::string_view name, Need need = Need::optional);
  std::optional<std::vector<std::string>> texts(std::string_view name);
  std::string class_name(std::string_view name, Need need = Need::optional);  ///< empty for NULL
  cim::ObjectPath instance_name(std::string_view name);                       ///< required; with the namespace
  /// Required. An INSTANCENAME, or the name of a class (a CLASSNAME, or an INSTANCENAME without keys): then `is_class`
  /// is set, and there are no keys.
  cim::ObjectPath object_name(std::string_view name, bool& is_class);
  /// Whatever stands in the parameter; no element for NULL.
  xml::Element element(std::string_view name, Need need = Need::optional);
  /// Takes a parameter that is known but has no meaning here.
  void ignore(std::string_view name) { (void)boolean(name, false); }

  /// What was wrong, also a parameter that was never read. Errors: invalid_parameter with the parameter's name.
  OrError<void> done() const;

 private:
  xml::Element take(std::string_view name, Need need);
  /// The child, when it is of the kind; notes an error otherwise.
  xml::Element take(std::string_view name, Need need, std::string_view kind);
  void fail(std::string_view name, std::string_view why);
  cim::ObjectPath read_name(std::string_view name, const xml::Element& element);

  struct Parameter {
    std::string_view name;
    xml::Element value;
    bool taken = false;
  };
  std::string_view operation_;
  const cim::Schema& schema_;
  std::vector<Parameter> parameters_;
  std::optional<CimError> error_;
};

}  // namespace vmms::wire::cimxml
