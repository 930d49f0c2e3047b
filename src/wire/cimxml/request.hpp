// A CIM-XML request (DSP0201 5.2.6), and how HTTP refuses what is not one (DSP0200 6 and 7).
#pragma once

#include "cim/object_path.hpp"
#include "wire/http/exchange.hpp"
#include "wire/xml/reader.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::wire::cimxml {

/// One operation: IMETHODCALL or METHODCALL.
struct Call {
  bool intrinsic = true;
  std::string name;             ///< as the client spelled it
  std::string namespace_name;   ///< "root/virtualization/v2"
  cim::ObjectPath target = {};  ///< of METHODCALL: an instance, or a class (then without keys)
  xml::Element target_element = {};
  std::vector<xml::Element> parameters;  ///< IPARAMVALUE or PARAMVALUE
};

struct Request {
  xml::Document document;  ///< holds the elements
  std::string message_id;
  bool multiple = false;         ///< MULTIREQ
  bool error_instances = false;  ///< the client's DTDVERSION has INSTANCE in ERROR (2.2 or later)
  std::vector<Call> calls;

  /// Releases the memory of the document; its elements must not be used any more.
  void forget_document();
  /// Bytes, about.
  std::size_t footprint() const;
};

/// A request that is no CIM operation: the HTTP status, the value of the CIMError header (may be empty), and a
/// sentence.
struct Refusal {
  unsigned status = 400;
  std::string_view cim_error;
  std::string message;
};

template <class T>
using OrRefusal = boost::system::result<T, Refusal>;

/// Operations in one MULTIREQ, at most.
inline constexpr std::size_t most_calls = 256;

/// Reads the body. Refusals: request-not-well-formed, request-not-valid, unsupported-cim-version,
/// unsupported-dtd-version, unsupported-protocol-version, unsupported-operation (exports); 503 when `afford` says no.
OrRefusal<Request> read_request(std::string body, const xml::Afford& afford = {});

/// Whether the HTTP request is a CIM operation request: content type and CIMOperation. Refusals: 415,
/// unsupported-operation, unsupported-protocol-version.
OrRefusal<void> check_http(const http::Request& request);

/// Whether CIMMethod, CIMObject and CIMBatch say the same as the body. Refusals: header-mismatch.
OrRefusal<void> check_headers(const http::Request& http_request, const Request& request);

}  // namespace vmms::wire::cimxml
