// The client's side of SOAP: requests are written, answers and faults are read. No sockets.
#pragma once

#include "base/result.hpp"
#include "cim/object_path.hpp"
#include "wire/wsman/client.hpp"
#include "wire/xml/reader.hpp"
#include "wire/xml/writer.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::wire::wsman::client {

/// The header of a request (DSP0226 5.1 and 5.4).
struct Head {
  std::string_view action;
  std::string_view resource_uri;
  std::string_view to;
  std::chrono::milliseconds operation_timeout{};
  const std::vector<cim::KeyBinding>* selectors = nullptr;
};

/// One envelope; `body` writes what stands in s:Body.
std::string write_envelope(const Head& head, const std::function<void(xml::Writer&)>& body);
std::string write_identify();

/// Appends `<w:SelectorSet>`; keys that are references become endpoint references (DSP0226 5.4.2.2).
void write_selectors(xml::Writer& writer, const std::vector<cim::KeyBinding>& selectors);

/// An answer to a request: the document, and its s:Body.
struct Answer {
  xml::Document document;
  xml::Element body;
};

/// Errors say what is wrong with the text, as the second half of a sentence.
Result<Answer> read_envelope(std::string text);

/// The fault that an answer holds: its reason in the server's words, and the kind of failure that its code means.
std::optional<Error> find_fault(const Answer& answer);

Record read_record(const xml::Element& element);

}  // namespace vmms::wire::wsman::client
