#include "names.hpp"
#include "output.hpp"

#include <fmt/format.h>

namespace vmms::cimgen {

Files generate(const cim::mof::Schema& schema, const std::string& namespace_name) {
  Files files;
  write_class_data(schema, namespace_name, files);
  write_typed_headers(schema, files);
  write_provider_table(schema, namespace_name, files);
  write_reference(schema, files);
  return files;
}

void write_provider_table(const cim::mof::Schema& schema, const std::string& namespace_name, Files& files) {
  files["schema/providers.hpp"] =
      R"(// Written by cimgen. Do not edit.
#pragma once

namespace vmms::cim {
class ObjectManager;
}
namespace vmms::providers {
struct Environment;
}

namespace vmms::schema {

/// Adds every provider that the schema names. The environment must outlive the object manager.
void add_providers(::vmms::cim::ObjectManager& manager, ::vmms::providers::Environment& environment);

}  // namespace vmms::schema
)";
  std::string includes, calls;
  for (const cim::mof::ResolvedClass& each : schema.classes) {
    if (!each.has_provider) continue;
    includes += fmt::format("#include \"{}\"\n", header_path(each.name));
    calls += fmt::format("  manager.add({}, ::vmms::cim::adapt({}::make_{}_provider(environment)));\n",
                         quoted(namespace_name), class_namespace(each.name), snake_case(struct_name(each.name)));
  }
  files["schema/providers.cpp"] = fmt::format(
      R"(// Written by cimgen. Do not edit.
#include "schema/providers.hpp"

#include "cim/object_manager.hpp"
#include "cim/typed_adapter.hpp"
{}
namespace vmms::schema {{

void add_providers(::vmms::cim::ObjectManager& manager, ::vmms::providers::Environment& environment) {{
{}}}

}}  // namespace vmms::schema
)",
      includes, calls);
}

}  // namespace vmms::cimgen
