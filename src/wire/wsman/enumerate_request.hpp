// What stands inside Enumerate, Pull and Release (DSP0226 8.2, 8.3, 8.5).
#pragma once

#include "cim/object_path.hpp"
#include "wire/wsman/request.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vmms::wire::wsman {

enum class EnumerationMode { object, reference, object_and_reference };

struct EnumerateRequest {
  EnumerationMode mode = EnumerationMode::object;
  bool optimize = false;                              ///< answer with the first items
  std::size_t max_elements = 1;                       ///< of the first answer, when optimized
  std::optional<std::chrono::microseconds> lifetime;  ///< Expires
  std::vector<cim::KeyBinding> keys;                  ///< of a selector filter
  std::optional<std::string> query;                   ///< WQL
};
OrFault<EnumerateRequest> read_enumerate(const Request& request);

struct PullRequest {
  std::string context;
  std::size_t max_elements = 1;
  std::optional<std::size_t> max_characters;
  std::optional<std::chrono::microseconds> max_time;
};
OrFault<PullRequest> read_pull(const Request& request);

/// The context that a Release names.
OrFault<std::string> read_release(const Request& request);

}  // namespace vmms::wire::wsman
