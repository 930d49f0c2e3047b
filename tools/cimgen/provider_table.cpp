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
  std::string includes, specializations, calls;
  for (const cim::mof::ResolvedClass& each : input.schema.classes) {
    if (!each.has_provider) continue;
    const std::string provider = qualified_name(input.place, each.name) + "Provider";
    includes += fmt::format("#include \"{}\"\n", header_path(input.place, each.name));
    specializations +=
        fmt::format("template <>\nstd::unique_ptr<{0}> make_provider<{0}>(Environment& environment);\n", provider);
    calls += fmt::format("  manager.add({}, ::vmms::cim::adapt(::vmms::providers::make_provider<{}>(environment)));\n",
                         quoted(input.namespace_name), provider);
  }
  files[folder + "/providers.cpp"] = fmt::format(
      R"(// Written by cimgen. Do not edit.
#include "{2}/providers.hpp"

#include "cim/object_manager.hpp"
#include "cim/typed_adapter.hpp"
{0}
#include <memory>

namespace vmms::providers {{

template <class Base>
std::unique_ptr<Base> make_provider(Environment& environment);
{4}
}}  // namespace vmms::providers

namespace {3} {{

void add_providers([[maybe_unused]] ::vmms::cim::ObjectManager& manager,
                   [[maybe_unused]] ::vmms::providers::Environment& environment) {{
{1}}}

}}  // namespace {3}
)",
      includes, calls, folder, space, specializations);
}

}  // namespace vmms::cimgen
