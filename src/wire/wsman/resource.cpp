#include "wire/wsman/resource.hpp"

#include "base/text.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/characters.hpp"

namespace vmms::wire::wsman {

namespace {

constexpr std::string_view dmtf_all_classes = "http://schemas.dmtf.org/wbem/wscim/1/*";  // DSP0227 5.2

bool starts_with_no_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() && equals_no_case(text.substr(0, start.size()), start);
}

}  // namespace

std::optional<Resource> parse_resource(std::string_view uri) {
  uri = xml::trim(uri);
  Resource resource;
  resource.uri = uri;
  if (starts_with_no_case(uri, names::microsoft_resource)) {
    const std::string_view rest = uri.substr(names::microsoft_resource.size());
    const std::size_t slash = rest.rfind('/');
    if (slash == std::string_view::npos) return {};
    resource.namespace_name = rest.substr(0, slash);
    resource.class_name = rest.substr(slash + 1);
    if (resource.namespace_name.empty()) return {};
  } else if (starts_with_no_case(uri, names::dmtf_resource)) {
    resource.family = UriFamily::dmtf;
    resource.class_name = uri.substr(names::dmtf_resource.size());
  } else if (equals_no_case(uri, names::schema_resource)) {
    resource.family = UriFamily::dmtf;
    resource.class_name = "*";
    resource.is_schema = true;
  } else if (equals_no_case(uri, dmtf_all_classes)) {
    resource.family = UriFamily::dmtf;
    resource.class_name = "*";
  } else {
    return {};
  }
  if (resource.class_name.empty() || resource.class_name.find('/') != std::string::npos) return {};
  return resource;
}

std::string class_uri(UriFamily family, std::string_view namespace_name, std::string_view class_name) {
  std::string uri;
  if (family == UriFamily::microsoft) {
    uri = names::microsoft_resource;
    uri += namespace_name;
    uri += '/';
  } else {
    uri = names::dmtf_resource;
  }
  uri += class_name;
  return uri;
}

}  // namespace vmms::wire::wsman
