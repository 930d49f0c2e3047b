#include "wire/wsman/endpoint_reference.hpp"

#include "base/text.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::wire::wsman {

namespace {

constexpr std::string_view namespace_selector = "__cimnamespace";

Error invalid(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

// libvirt sends CreationClassName="Msvm_ShutdownComponent" with the quotes inside the value.
std::string unquote(std::string value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') return value.substr(1, value.size() - 2);
  return value;
}

bool same_namespace(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char l, char r) { return to_lower(l == '\\' ? '/' : l) == to_lower(r == '\\' ? '/' : r); });
}

}  // namespace

namespace {

Result<cim::ObjectPath> read_reference(const xml::Element& element, std::string_view default_namespace, int depth);

Result<std::vector<cim::KeyBinding>> read_selectors(const xml::Element& selector_set,
                                                    std::string_view default_namespace, int depth) {
  std::vector<cim::KeyBinding> selectors;
  for (const xml::Element element : selector_set.children()) {
    if (!element.is(names::wsman, "Selector"))
      return invalid(fmt::format("SelectorSet: unexpected element {:.100}", element.name()));
    const auto name = element.attribute({}, "Name");
    if (!name || name->empty()) return invalid("SelectorSet: a Selector has no Name");
    if (selectors.size() == most_selectors)
      return invalid(fmt::format("SelectorSet: more than {} selectors", most_selectors));
    cim::KeyBinding selector{std::string(*name), {}, {}};
    if (const xml::Element inner = element.first_child()) {
      if (!inner.is(names::addressing, "EndpointReference"))
        return invalid(fmt::format("selector {:.100}: unexpected element {:.100}", *name, inner.name()));
      auto path = read_reference(element, default_namespace, depth + 1);
      if (!path) return path.error();
      selector.reference = std::make_shared<const cim::ObjectPath>(std::move(*path));
    } else {
      selector.value = unquote(element.text());
    }
    if (selector.name.size() + selector.value.size() > cim::ObjectPath::longest_key)
      return invalid(
          fmt::format("the selector {:.100} is longer than {} bytes", selector.name, cim::ObjectPath::longest_key));
    selectors.push_back(std::move(selector));
  }
  return selectors;
}

Result<cim::ObjectPath> read_reference(const xml::Element& element, std::string_view default_namespace, int depth) {
  if (depth > cim::ObjectPath::deepest)
    return invalid(fmt::format("references nest more than {} deep", cim::ObjectPath::deepest));
  const xml::Element wrapped = element.child(names::addressing, "EndpointReference");
  const xml::Element parameters = (wrapped ? wrapped : element).child(names::addressing, "ReferenceParameters");
  if (!parameters) return invalid("a reference without ReferenceParameters");
  auto resource = parse_resource(parameters.child(names::wsman, "ResourceURI").text());
  if (!resource || resource->is_all_classes()) return invalid("a reference whose ResourceURI does not name a class");
  auto selectors = read_selectors(parameters.child(names::wsman, "SelectorSet"), default_namespace, depth);
  if (!selectors) return selectors.error();
  if (auto status = take_namespace(*resource, *selectors, default_namespace); !status) return status.error();
  if (const auto* twice = cim::find_repeated(*selectors))
    return invalid(fmt::format("a reference has the selector {:.100} twice", twice->name));
  cim::ObjectPath path;
  path.namespace_name = std::move(resource->namespace_name);
  path.class_name = std::move(resource->class_name);
  path.keys = std::move(*selectors);
  return path;
}

}  // namespace

Result<std::vector<cim::KeyBinding>> read_selectors(const xml::Element& selector_set,
                                                    std::string_view default_namespace) {
  return read_selectors(selector_set, default_namespace, 0);
}

Result<cim::ObjectPath> read_reference(const xml::Element& element, std::string_view default_namespace) {
  return read_reference(element, default_namespace, 1);
}

Status take_namespace(Resource& resource, std::vector<cim::KeyBinding>& selectors, std::string_view default_namespace) {
  const auto selector = std::find_if(selectors.begin(), selectors.end(), [](const cim::KeyBinding& key) {
    return equals_no_case(key.name, namespace_selector);
  });
  if (selector != selectors.end()) {
    // Pretty-printed requests have blanks around it, as around the resource URI.
    std::string name(xml::trim(selector->value));
    selectors.erase(selector);
    if (resource.family == UriFamily::dmtf)
      resource.namespace_name = std::move(name);
    else if (!same_namespace(name, resource.namespace_name))
      return invalid(fmt::format("the resource URI names the namespace {:.200}, the __cimnamespace selector {:.200}",
                                 resource.namespace_name, name));
  }
  if (resource.namespace_name.empty()) resource.namespace_name = default_namespace;
  return {};
}

void declare_reference(xml::Writer& writer) {
  writer.constant("xmlns:a", names::addressing).constant("xmlns:w", names::wsman);
}

void write_reference(xml::Writer& writer, const cim::ObjectPath& path, const Spelling& spelling) {
  const std::string_view space = path.namespace_name.empty() ? spelling.namespace_name : path.namespace_name;
  writer.element("a:Address", names::anonymous)
      .start("a:ReferenceParameters")
      .element("w:ResourceURI", class_uri(spelling.family, space, path.class_name));
  // Some clients copy the text of a SelectorSet alone, so it declares its own prefix.
  writer.start("w:SelectorSet").constant("xmlns:w", names::wsman);
  if (spelling.family == UriFamily::dmtf)
    writer.start("w:Selector").attribute("Name", namespace_selector).text(space).end();
  for (const cim::KeyBinding& key : path.keys) {
    writer.start("w:Selector").attribute("Name", key.name);
    if (key.reference) {
      writer.start("a:EndpointReference");
      declare_reference(writer);
      write_reference(writer, *key.reference, spelling);
      writer.end();
    } else {
      writer.text(key.value);
    }
    writer.end();
  }
  writer.end().end();
}

}  // namespace vmms::wire::wsman
