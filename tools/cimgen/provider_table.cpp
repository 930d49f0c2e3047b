#include "names.hpp"
#include "output.hpp"

#include <fmt/format.h>

namespace vmms::cimgen {

Files generate(const Input& input) {
  Files files;
  write_class_data(input, files);
  write_typed_headers(input, files);
  write_provider_table(input, files);
  write_reference(input, files);
  return files;
}

void write_provider_table(const Input& input, Files& files) {
  const std::string& folder = input.place.folder;
  const std::string& space = input.place.space;
  files[folder + "/providers.hpp"] = fmt::format(
      R"(// Written by cimgen. Do not edit.
#pragma once

namespace vmms::cim {{
class ObjectManager;
}}
namespace vmms::providers {{
struct Environment;
}}

namespace {0} {{

/// Adds every provider that the schema names. The environment must outlive the object manager.
void add_providers(::vmms::cim::ObjectManager& manager, ::vmms::providers::Environment& environment);

}}  // namespace {0}
)",
      space);
  std::string includes, calls;
  for (const cim::mof::ResolvedClass& each : input.schema.classes) {
    if (!each.has_provider) continue;
    includes += fmt::format("#include \"{}\"\n", header_path(input.place, each.name));
    calls += fmt::format("  manager.add({}, ::vmms::cim::adapt({}::make_{}_provider(environment)));\n",
                         quoted(input.namespace_name), class_namespace(each.name), snake_case(struct_name(each.name)));
  }
  files[folder + "/providers.cpp"] = fmt::format(
      R"(// Written by cimgen. Do not edit.
#include "{2}/providers.hpp"

#include <cim/object_manager.hpp>
#include <cim/typed_adapter.hpp>
{0}
namespace {3} {{

void add_providers([[maybe_unused]] ::vmms::cim::ObjectManager& manager,
                   [[maybe_unused]] ::vmms::providers::Environment& environment) {{
{1}}}

}}  // namespace {3}
)",
      includes, calls, folder, space);
}

}  // namespace vmms::cimgen
