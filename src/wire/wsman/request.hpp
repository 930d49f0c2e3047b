// A WS-Management request: the SOAP envelope read into a struct (DSP0226 5 and 6). Lenient where real clients differ,
// strict everywhere else.
#pragma once

#include "cim/object_path.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/wsman/resource.hpp"
#include "wire/xml/reader.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace vmms::wire::wsman {

/// What holds where a request says nothing, and the bounds of what it may say (MS-WSMV 2.2.4.10 and 3.1.4.1).
struct RequestLimits {
  std::chrono::microseconds operation_timeout = std::chrono::seconds(60);
  std::chrono::microseconds longest_operation_timeout = std::chrono::hours(1);
  std::size_t max_envelope_size = 500 * 1024;  ///< also the most that a request may ask for
  std::string default_namespace = "root/virtualization/v2";
};

struct Request {
  bool is_identify = false;  ///< wsmid:Identify, which has no headers
  std::string action;
  std::optional<std::string> message_id;  ///< to the letter
  std::optional<Resource> resource;
  std::vector<cim::KeyBinding> selectors;  ///< without __cimnamespace
  std::chrono::microseconds operation_timeout{};
  std::size_t max_envelope_size = 0;
  xml::Element body;  ///< the element inside s:Body, none when that is empty

  xml::Document document;  ///< what `body` points into
};

/// Reads as much as can be: after a fault, `request` holds what an answer to it needs (the message id).
OrFault<void> read_request(std::string text, const RequestLimits& limits, Request& request);

}  // namespace vmms::wire::wsman
