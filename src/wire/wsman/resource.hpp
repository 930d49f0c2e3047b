// Resource URIs: how WS-Management names a class (DSP0227 5, MS-WSMV 2.2.5.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vmms::wire::wsman {

/// Two spellings are in use, and an answer keeps the one of its request: Microsoft's holds the namespace, the DMTF's
/// leaves it to a `__cimnamespace` selector.
enum class UriFamily { microsoft, dmtf };

struct Resource {
  UriFamily family = UriFamily::microsoft;
  std::string uri;             ///< as the request spelled it, without white space around
  std::string namespace_name;  ///< as spelled; empty in the DMTF's family until the selector is known
  std::string class_name;      ///< "*" for all classes
  bool is_schema = false;      ///< it is about classes themselves, not their instances

  bool is_all_classes() const { return class_name == "*"; }
};

/// nullopt when the URI is of neither family or names no class.
std::optional<Resource> parse_resource(std::string_view uri);

std::string class_uri(UriFamily family, std::string_view namespace_name, std::string_view class_name);

}  // namespace vmms::wire::wsman
