// For tests of the object manager: a small namespace whose instances are in memory.
#pragma once

#include "base/text.hpp"
#include "cim/object_manager.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace vmms::cim::testing {

// A schema by hand: Base (abstract) <- System, Service <- Unit; Host, a singleton service; an association by Join.
inline constexpr Property base_properties[] = {{.name = "Caption"}};
inline constexpr Property system_properties[] = {{.name = "Caption"}, {.name = "Name", .is_key = true}};
inline constexpr Property service_properties[] = {{.name = "Caption"},
                                                  {.name = "CreationClassName", .is_key = true},
                                                  {.name = "Name", .is_key = true},
                                                  {.name = "SystemName", .is_key = true}};
inline constexpr Property hosted_properties[] = {
    {.name = "Antecedent", .type = Type::reference, .is_key = true, .object_class = "T_System"},
    {.name = "Dependent", .type = Type::reference, .is_key = true, .object_class = "T_Service"}};
inline constexpr std::uint16_t system_keys[] = {1};
inline constexpr std::uint16_t service_keys[] = {1, 2, 3};
inline constexpr std::uint16_t hosted_keys[] = {0, 1};
inline constexpr Parameter start_parameters[] = {{.name = "Force", .type = Type::boolean, .is_in = true},
                                                 {.name = "Text", .type = Type::string, .is_out = true}};
inline constexpr Parameter aim_parameters[] = {
    {.name = "Target", .type = Type::reference, .is_in = true, .object_class = "T_System"},
    {.name = "Targets", .type = Type::reference, .is_array = true, .is_in = true, .object_class = "T_System"}};
inline constexpr Method service_methods[] = {{.name = "Aim", .parameters = aim_parameters, .implemented = true},
                                             {.name = "Reset", .parameters = {}, .not_supported = 1},
                                             {.name = "Start", .parameters = start_parameters, .implemented = true},
                                             {.name = "Vanish", .parameters = {}}};

inline constexpr Class t_base{
    .name = "T_Base", .properties = base_properties, .keys = {}, .methods = {}, .is_abstract = true};
inline constexpr Class t_system{
    .name = "T_System", .superclass = &t_base, .properties = system_properties, .keys = system_keys, .methods = {}};
inline constexpr Class t_service{.name = "T_Service",
                                 .superclass = &t_base,
                                 .properties = service_properties,
                                 .keys = service_keys,
                                 .methods = service_methods,
                                 .is_abstract = true};
inline constexpr Class t_unit{.name = "T_Unit",
                              .superclass = &t_service,
                              .properties = service_properties,
                              .keys = service_keys,
                              .methods = service_methods,
                              .has_provider = true,
                              .waits = true};
inline constexpr Class t_host_service{.name = "T_HostService",
                                      .superclass = &t_service,
                                      .properties = service_properties,
                                      .keys = service_keys,
                                      .methods = service_methods,
                                      .has_provider = true,
                                      .is_singleton = true};
inline constexpr Class t_hosted{.name = "T_Hosted",
                                .properties = hosted_properties,
                                .keys = hosted_keys,
                                .methods = {},
                                .is_association = true,
                                .join_left = "Antecedent.Name",
                                .join_right = "Dependent.SystemName"};
inline constexpr const Class* classes[] = {&t_base, &t_hosted, &t_host_service, &t_service, &t_system, &t_unit};
inline constexpr Schema schema{"root/test", classes};

// Keeps instances in memory and counts which systems were asked for.
class Memory : public Provider {
 public:
  explicit Memory(const Class& cim_class) : class_(cim_class) {}
  const Class& cim_class() const override { return class_; }

  void add(std::vector<std::string> keys) {
    Instance instance(class_);
    for (std::size_t i = 0; i < keys.size(); ++i) instance.values[class_.keys[i]] = keys[i];
    instances_.emplace(std::move(keys), std::move(instance));
  }

  void enumerate(const Context&, const Query& query, Page& page) override {
    ++enumerated;
    std::size_t found = 0;
    for (const auto& [keys, instance] : instances_) {
      if (query.after && keys <= *query.after) continue;
      bool fits = true;
      for (std::size_t i = 0; i < keys.size(); ++i)
        fits = fits && (!query.keys[i] || equals_no_case(*query.keys[i], keys[i]));
      if (!fits) continue;
      if (found++ == query.limit) {
        page.more = true;
        break;
      }
      touched.insert(keys.back());
      page.items.push_back(Instance(instance));
    }
    if (failing) page.failures.push_back(error(Failure::unreachable, "one guest is silent"));
  }
  Result<Instance> get(const Context&, const ObjectPath& path) override {
    for (const auto& [keys, instance] : instances_)
      if (same_object(instance.path(), path)) return instance;
    return error(Failure::not_found, "no such thing");
  }
  Result<MethodResult> invoke(const Context&, const ObjectPath& path, const Method& method,
                              const Arguments& inputs) override {
    if (method.name == "Aim") return aim(inputs);
    invoked = path.to_string() + "." + std::string(method.name);
    MethodResult result{std::uint64_t{0}, Arguments(method.parameters.size())};
    result.outputs[1] = std::string(inputs.at(0) == Value(true) ? "forced" : "gentle");
    return result;
  }

  MethodResult aim(const Arguments& inputs) {
    invoked = "aimed at";
    const auto* several = inputs.at(1).get_if<Array>();
    for (const Value& target : several ? *several : Array{inputs.at(0)})
      invoked += " " + (target.is_null() ? "nothing" : to_text(target));
    return {std::uint64_t{0}, Arguments(2)};
  }

  int enumerated = 0;
  bool failing = false;
  std::set<std::string> touched;
  std::string invoked;

 private:
  const Class& class_;
  std::map<std::vector<std::string>, Instance> instances_;
};

class ObjectManagerTest : public ::testing::Test {
 protected:
  ObjectManagerTest()
      : manager(
            [this](const Principal& principal, OperationKind kind, const Class&, const Method*) -> Status {
              asked.push_back(kind);
              if (principal.name == "mallory") return error(Failure::access_denied, "not you");
              return {};
            },
            "HOST") {
    manager.add_schema(schema);
    system = add(t_system);
    unit = add(t_unit);
    host_service = add(t_host_service);
    system->add({"vm1"});
    system->add({"vm2"});
    for (const char* vm : {"vm1", "vm2"})
      for (const char* name : {"cron", "web"}) unit->add({"T_Unit", name, vm});
    host_service->add({"T_HostService", "vmms", "host"});
  }
  Memory* add(const Class& cim_class) {
    auto provider = std::make_unique<Memory>(cim_class);
    Memory* raw = provider.get();
    manager.add("ROOT\\Test", std::move(provider));
    return raw;
  }
  ObjectPath path(const std::string& text) { return ObjectPath::parse("root/test:" + text).value(); }
  std::vector<std::string> all(Enumeration& enumeration, std::size_t most) {
    std::vector<std::string> names;
    for (bool done = false; !done;) {
      auto batch = enumeration.next(context, most);
      EXPECT_LE(batch.items.size(), most);
      for (const auto& item : batch.items) names.push_back(item.path().to_string());
      done = batch.done;
      if (names.size() > 10'000) break;
    }
    return names;
  }

  std::vector<OperationKind> asked;
  ObjectManager manager;
  Context context;
  Memory* system;
  Memory* unit;
  Memory* host_service;
};

}  // namespace vmms::cim::testing
