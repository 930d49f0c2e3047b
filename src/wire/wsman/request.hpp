// A WS-Management request: the SOAP envelope read into a struct (DSP0226 5 and 6). Lenient where real clients differ,
// strict everywhere else.
#pragma once

#include "base/encoding.hpp"
#include "cim/object_path.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/wsman/resource.hpp"
#include "wire/xml/reader.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vmms::wire::wsman {

/// Defaults of a request, and the bounds of its values (MS-WSMV 2.2.4.10 and 3.1.4.1).
struct RequestLimits {
  std::chrono::microseconds operation_timeout = std::chrono::seconds(60);
  std::chrono::microseconds longest_operation_timeout = std::chrono::hours(1);
  std::size_t max_envelope_size = 500 * 1024;  ///< of a request without one
  std::size_t largest_envelope_size = 4 * 1024 * 1024;
  std::string default_namespace = "root/virtualization/v2";
};

/// One of an OptionSet (DSP0226 6.4).
struct Option {
  std::string name;  ///< without prefix
  std::string value;
};

/// A FragmentTransfer header (DSP0226 7.7), not yet parsed.
struct Fragment {
  std::string dialect;
  std::string expression;
};

struct Request {
  bool is_identify = false;  ///< wsmid:Identify, which has no headers
  std::string action;
  std::optional<std::string> message_id;  ///< unchanged
  std::optional<Resource> resource;
  std::vector<cim::KeyBinding> selectors;  ///< without __cimnamespace
  std::vector<Option> options;
  std::optional<Fragment> fragment;
  std::chrono::microseconds operation_timeout{};
  std::size_t max_envelope_size = 0;
  xml::Element body;  ///< the element inside s:Body, none when that is empty

  Encoding encoding;  ///< of the request, and so of its answer

  xml::Document document;  ///< what `body` points into

  /// Releases the memory of the document; `body` must not be used any more.
  void forget_document();
  /// Bytes, about.
  std::size_t footprint() const;
  /// Whether a boolean option is given and true; `otherwise` when it is not given.
  bool has_option(std::string_view name, bool otherwise = false) const;
};

/// Reads as much as can be: after a fault, `request` holds what an answer to it needs (the message id, the encoding).
/// `charset` is that of the HTTP request's media type.
OrFault<void> read_request(std::string text, std::string_view charset, const RequestLimits& limits, Request& request,
                           const xml::Afford& afford = {});

}  // namespace vmms::wire::wsman
