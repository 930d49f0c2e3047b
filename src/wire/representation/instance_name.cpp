#include "wire/representation/instance_name.hpp"

#include <fmt/format.h>

namespace vmms::wire::representation {

namespace {

Error malformed(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

std::string attribute(const xml::Element& element, std::string_view name) {
  return std::string(element.attribute({}, name).value_or(std::string_view{}));
}

std::string read_namespace(const xml::Element& local_path) {
  std::string name;
  for (const xml::Element part : local_path.children()) {
    if (!name.empty()) name += '/';
    name += attribute(part, "NAME");
  }
  return name;
}

Result<cim::ObjectPath> read_path(const xml::Element& element, int depth);

Result<cim::KeyBinding> read_key_value(std::string name, const xml::Element& value, int depth) {
  cim::KeyBinding key{std::move(name), {}, {}};
  if (value.name() == "KEYVALUE") key.value = value.text();
  if (key.name.size() + key.value.size() > cim::ObjectPath::longest_key)
    return malformed(
        fmt::format("the KEYBINDING {:.100} is longer than {} bytes", key.name, cim::ObjectPath::longest_key));
  if (value.name() == "KEYVALUE") return key;
  if (value.name() != "VALUE.REFERENCE") return malformed(fmt::format("KEYBINDING {:.100}: no value", key.name));
  auto path = read_path(value.first_child(), depth + 1);
  if (!path) return path.error();
  key.reference = std::make_shared<const cim::ObjectPath>(std::move(*path));
  return key;
}

Result<cim::KeyBinding> read_key(const xml::Element& binding, int depth) {
  std::string name = attribute(binding, "NAME");
  if (binding.name() != "KEYBINDING" || name.empty()) return malformed("INSTANCENAME: a KEYBINDING is expected");
  return read_key_value(std::move(name), binding.first_child(), depth);
}

Result<cim::ObjectPath> read_path(const xml::Element& element, int depth) {
  if (depth > cim::ObjectPath::deepest)
    return malformed(fmt::format("references nest more than {} deep", cim::ObjectPath::deepest));
  cim::ObjectPath path;
  xml::Element name = element;
  if (element.name() == "INSTANCEPATH") {
    const xml::Element space = element.first_child();
    if (space.name() != "NAMESPACEPATH") return malformed("INSTANCEPATH: a NAMESPACEPATH is expected");
    path.host = space.child({}, "HOST").text();
    path.namespace_name = read_namespace(space.child({}, "LOCALNAMESPACEPATH"));
    name = space.next_sibling();
  } else if (element.name() == "LOCALINSTANCEPATH") {
    path.namespace_name = read_namespace(element.first_child());
    name = element.first_child().next_sibling();
  }
  if (name.name() != "INSTANCENAME") return malformed("a reference without an INSTANCENAME");
  path.class_name = attribute(name, "CLASSNAME");
  if (path.class_name.empty()) return malformed("an INSTANCENAME without a CLASSNAME");
  // The value alone, of the class's only key.
  const xml::Element only = name.first_child();
  if (only && only.name() != "KEYBINDING" && !only.next_sibling()) {
    auto key = read_key_value({}, only, depth);
    if (!key) return key.error();
    path.keys.push_back(std::move(*key));
    return path;
  }
  for (const xml::Element binding : name.children()) {
    if (path.keys.size() == cim::ObjectPath::most_keys)
      return malformed(fmt::format("INSTANCENAME: more than {} keys", cim::ObjectPath::most_keys));
    auto key = read_key(binding, depth);
    if (!key) return key.error();
    path.keys.push_back(std::move(*key));
  }
  if (const auto* twice = cim::find_repeated(path.keys))
    return malformed(fmt::format("INSTANCENAME: the key {:.100} is given twice", twice->name));
  return path;
}

}  // namespace

Result<cim::ObjectPath> read_instance_path(const xml::Element& element) { return read_path(element, 0); }

void write_instance_path(xml::Writer& writer, const cim::ObjectPath& path) {
  const bool local = !path.namespace_name.empty();
  if (local) {
    writer.start("LOCALINSTANCEPATH").start("LOCALNAMESPACEPATH");
    std::string_view rest = path.namespace_name;
    while (!rest.empty()) {
      const std::string_view part = rest.substr(0, rest.find('/'));
      writer.start("NAMESPACE").attribute("NAME", part).end();
      rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    }
    writer.end();
  }
  writer.start("INSTANCENAME").attribute("CLASSNAME", path.class_name);
  for (const cim::KeyBinding& key : path.keys) {
    writer.start("KEYBINDING").attribute("NAME", key.name);
    if (key.reference) {
      writer.start("VALUE.REFERENCE");
      write_instance_path(writer, *key.reference);
      writer.end();
    } else {
      writer.start("KEYVALUE").attribute("VALUETYPE", "string").text(key.value).end();
    }
    writer.end();
  }
  writer.end();
  if (local) writer.end();
}

}  // namespace vmms::wire::representation
