// The parts of what cimgen writes. Each takes the whole schema and gives file contents by relative path.
#pragma once

#include "cim/mof/resolver.hpp"

#include <map>
#include <string>

namespace vmms::cimgen {

using Files = std::map<std::string, std::string>;

/// All of the following.
Files generate(const cim::mof::Schema& schema, const std::string& namespace_name);

/// schema/classes.hpp and schema/classes.cpp: constant class data, linked anywhere.
void write_class_data(const cim::mof::Schema& schema, const std::string& namespace_name, Files& files);

/// One header a class: its struct, its methods' tags and, with the Provider qualifier, its provider's base class.
void write_typed_headers(const cim::mof::Schema& schema, Files& files);

/// schema/providers.hpp and schema/providers.cpp: every provider, linked by the daemon and provider tests only.
void write_provider_table(const cim::mof::Schema& schema, const std::string& namespace_name, Files& files);

/// reference/<Class>.md for each class that clients meet: those with a provider or a join.
void write_reference(const cim::mof::Schema& schema, Files& files);

}  // namespace vmms::cimgen
