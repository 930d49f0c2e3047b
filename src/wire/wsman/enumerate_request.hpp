// What stands inside Enumerate, Pull and Release (DSP0226 8.2, 8.3, 8.5).
#pragma once

#include "cim/association_query.hpp"
#include "wire/wsman/request.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vmms::wire::wsman {

enum class EnumerationMode { object, reference, object_and_reference };

/// What an enumeration of a class says of its subclasses (DSP0227 8.3).
enum class Polymorphism { include_subclass_properties, exclude_subclass_properties, none };

struct EnumerateRequest {
  EnumerationMode mode = EnumerationMode::object;
  Polymorphism polymorphism = Polymorphism::include_subclass_properties;
  bool optimize = false;                              ///< answer with the first items
  std::size_t max_elements = 1;                       ///< of the first answer, when optimized
  std::optional<std::chrono::microseconds> lifetime;  ///< Expires
  std::vector<cim::KeyBinding> keys;                  ///< of a selector filter
  std::optional<std::string> query;                   ///< WQL
  std::optional<cim::AssociationQuery> associations;  ///< of an association filter (DSP0227 8.2.2)
  std::vector<std::string> result_properties;         ///< of it, IncludeResultProperty; empty for all
};
OrFault<EnumerateRequest> read_enumerate(const Request& request);

struct PullRequest {
  std::string context;
  std::size_t max_elements = 1;
  std::optional<std::size_t> max_characters;
  std::optional<std::chrono::microseconds> max_time;
};
OrFault<PullRequest> read_pull(const Request& request);

/// Release, GetStatus and Renew.
struct ContextRequest {
  std::string context;
  std::optional<std::chrono::microseconds> lifetime;  ///< of Renew
};
OrFault<ContextRequest> read_context_request(const Request& request, std::string_view name);

}  // namespace vmms::wire::wsman
