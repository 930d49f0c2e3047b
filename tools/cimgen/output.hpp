// The parts of cimgen's output. Each takes the whole schema and returns file contents by relative path.
#pragma once

#include "cim/mof/resolver.hpp"
#include "names.hpp"

#include <map>
#include <string>

namespace vmms::cimgen {

using Files = std::map<std::string, std::string>;

/// The input of a part: the classes of one CIM namespace, and where its output goes.
struct Input {
  const cim::mof::Schema& schema;
  std::string namespace_name;  ///< "root/cimv2"
  Place place = {};
};

/// All of the following.
Files generate(const Input& input);

/// schema/classes.hpp and schema/classes.cpp: constant class data, linked anywhere.
void write_class_data(const Input& input, Files& files);

/// One header per class: its struct, its methods' tags and, with the Provider qualifier, its provider's base class.
void write_typed_headers(const Input& input, Files& files);

/// schema/providers.hpp and schema/providers.cpp: every provider, linked by the daemon and provider tests only.
void write_provider_table(const Input& input, Files& files);

/// reference/<Class>.md for each class that clients meet: those with a provider or a join.
void write_reference(const Input& input, Files& files);

}  // namespace vmms::cimgen
