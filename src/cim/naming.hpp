// Which object a client's path names. An object is named by its class or a superclass, by all of its keys or by those
// that distinguish it from others, by its only key without the key's name, with or without namespace and host.
#pragma once

#include "cim/class.hpp"
#include "cim/object_path.hpp"

#include <string_view>
#include <vector>

namespace vmms::cim {

/// Whether a path's host is this server: none, ".", a name of the local machine, or the server's name, with or without
/// its domain; ports do not matter.
bool names_server(std::string_view host, std::string_view server);

/// As the class declares the keys: names the only key where the name is left out, reads references that came as text,
/// spells numbers and booleans as we do. Keys that the class does not have stay as they are. Errors (invalid_argument):
/// a key without a name where the class does not have exactly one key, a value that is not of the key's type.
Status complete_keys(std::vector<KeyBinding>& keys, const Class& cim_class);
/// Whether the path has all keys of the class.
bool has_all_keys(const Class& cim_class, const ObjectPath& path);
/// Adds the keys that have the same value for each instance of the class, where they are missing.
void add_fixed_keys(std::vector<KeyBinding>& keys, const Class& cim_class);

/// Where paths without host and namespace belong.
struct Home {
  std::string_view server;
  std::string_view namespace_name;
  const Schema* schema = nullptr;    ///< null: classes are compared by their names, keys by their texts
  std::string_view called_server{};  ///< what the client calls the server: one more of its names
};
/// Whether `written` fits an object, of which `object` has the own class and all keys. Key values compare without case.
/// A class without keys fits none but a singleton.
bool names_object(const ObjectPath& written, const ObjectPath& object, const Home& home);

}  // namespace vmms::cim
