#include "cim/object_manager.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace vmms::cim {
namespace {

// A schema by hand: Base (abstract) <- System, Service <- Unit; Host, a singleton service; an association by Join.
constexpr Property base_properties[] = {{.name = "Caption"}};
constexpr Property system_properties[] = {{.name = "Caption"}, {.name = "Name", .is_key = true}};
constexpr Property service_properties[] = {{.name = "Caption"},
                                           {.name = "CreationClassName", .is_key = true},
                                           {.name = "Name", .is_key = true},
                                           {.name = "SystemName", .is_key = true}};
constexpr Property hosted_properties[] = {
    {.name = "Antecedent", .type = Type::reference, .is_key = true, .object_class = "T_System"},
    {.name = "Dependent", .type = Type::reference, .is_key = true, .object_class = "T_Service"}};
constexpr std::uint16_t system_keys[] = {1};
constexpr std::uint16_t service_keys[] = {1, 2, 3};
constexpr std::uint16_t hosted_keys[] = {0, 1};
constexpr Parameter start_parameters[] = {{.name = "Force", .type = Type::boolean, .is_in = true},
                                          {.name = "Text", .type = Type::string, .is_out = true}};
constexpr Method service_methods[] = {{.name = "Reset", .parameters = {}, .not_supported = 1},
                                      {.name = "Start", .parameters = start_parameters, .implemented = true},
                                      {.name = "Vanish", .parameters = {}}};

constexpr Class t_base{.name = "T_Base", .properties = base_properties, .keys = {}, .methods = {}, .is_abstract = true};
constexpr Class t_system{
    .name = "T_System", .superclass = &t_base, .properties = system_properties, .keys = system_keys, .methods = {}};
constexpr Class t_service{.name = "T_Service",
                          .superclass = &t_base,
                          .properties = service_properties,
                          .keys = service_keys,
                          .methods = service_methods,
                          .is_abstract = true};
constexpr Class t_unit{.name = "T_Unit",
                       .superclass = &t_service,
                       .properties = service_properties,
                       .keys = service_keys,
                       .methods = service_methods,
                       .has_provider = true,
                       .waits = true};
constexpr Class t_host_service{.name = "T_HostService",
                               .superclass = &t_service,
                               .properties = service_properties,
                               .keys = service_keys,
                               .methods = service_methods,
                               .has_provider = true,
                               .is_singleton = true};
constexpr Class t_hosted{.name = "T_Hosted",
                         .properties = hosted_properties,
                         .keys = hosted_keys,
                         .methods = {},
                         .is_association = true,
                         .join_left = "Antecedent.Name",
                         .join_right = "Dependent.SystemName"};
constexpr const Class* classes[] = {&t_base, &t_hosted, &t_host_service, &t_service, &t_system, &t_unit};
constexpr Schema schema{"root/test", classes};

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

  Page enumerate(const Context&, const Query& query) override {
    ++enumerated;
    Page page;
    for (const auto& [keys, instance] : instances_) {
      if (query.after && keys <= *query.after) continue;
      bool fits = true;
      for (std::size_t i = 0; i < keys.size(); ++i) fits = fits && (!query.keys[i] || *query.keys[i] == keys[i]);
      if (!fits) continue;
      if (page.items.size() == query.limit) {
        page.more = true;
        break;
      }
      touched.insert(keys.back());
      page.items.push_back(instance);
    }
    if (failing) page.failures.push_back(error(Failure::unreachable, "one guest is silent"));
    return page;
  }
  Result<Instance> get(const Context&, const ObjectPath& path) override {
    for (const auto& [keys, instance] : instances_)
      if (same_object(instance.path(), path)) return instance;
    return error(Failure::not_found, "no such thing");
  }
  Result<MethodResult> invoke(const Context&, const ObjectPath& path, const Method& method,
                              const Arguments& inputs) override {
    invoked = path.to_string() + "." + std::string(method.name);
    MethodResult result{std::uint64_t{0}, Arguments(method.parameters.size())};
    result.outputs[1] = std::string(inputs.at(0) == Value(true) ? "forced" : "gentle");
    return result;
  }

  int enumerated = 0;
  bool failing = false;
  std::set<std::string> touched;
  std::string invoked;

 private:
  const Class& class_;
  std::map<std::vector<std::string>, Instance> instances_;
};

class ObjectManagerTest : public testing::Test {
 protected:
  ObjectManagerTest()
      : manager([this](const Caller& caller, OperationKind kind, const Class&, const Method*) -> Status {
          asked.push_back(kind);
          if (caller.user == "mallory") return error(Failure::access_denied, "not you");
          return {};
        }) {
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

TEST_F(ObjectManagerTest, NamespacesAndClassesAreFoundWithoutCase) {
  EXPECT_EQ(manager.find_class("ROOT/TEST", "t_unit").value(), &t_unit);
  EXPECT_EQ(manager.find_class("root\\test", "T_Unit").value(), &t_unit);
  EXPECT_EQ(manager.find_class("root/other", "T_Unit").error().message, "there is no namespace root/other");
  EXPECT_EQ(manager.find_class("root/test", "T_None").error().message, "there is no class T_None in root/test");
}

TEST_F(ObjectManagerTest, GetNeedsAllKeysExceptOfASingleton) {
  EXPECT_TRUE(manager.get(context, path("T_Unit.CreationClassName=\"T_Unit\",Name=\"web\",SystemName=\"vm1\"")));
  EXPECT_EQ(manager.get(context, path("T_Unit.Name=\"web\",SystemName=\"vm1\"")).error().kind, Failure::not_found);
  EXPECT_TRUE(manager.get(context, path("T_HostService")));
  EXPECT_TRUE(manager.get(context, path("T_HostService.Name=\"vmms\"")));
  EXPECT_EQ(manager.get(context, path("T_HostService.Name=\"other\"")).error().kind, Failure::not_found);
  EXPECT_EQ(manager.get(context, path("T_HostService.Colour=\"red\"")).error().kind, Failure::invalid_argument);
}

TEST_F(ObjectManagerTest, ASuperclassFindsTheInstanceOfItsSubclass) {
  const auto found =
      manager.get(context, path("T_Service.CreationClassName=\"T_Unit\",Name=\"web\",SystemName=\"vm1\""));
  ASSERT_TRUE(found);
  EXPECT_EQ(&found->cim_class(), &t_unit);
  EXPECT_EQ(host_service->enumerated, 0);
}

TEST_F(ObjectManagerTest, EnumerationGoesThroughTheSubclassesInPagesOfAnySize) {
  for (const std::size_t most : {1u, 2u, 3u, 100u}) {
    auto enumeration = manager.enumerate(context, "root/test", "T_Base").value();
    EXPECT_EQ(all(*enumeration, most).size(), 2u + 4u + 1u) << most;
  }
}

TEST_F(ObjectManagerTest, TheLastItemComesWithDone) {
  auto enumeration = manager.enumerate(context, "root/test", "T_System").value();
  EXPECT_FALSE(enumeration->next(context, 1).done);
  EXPECT_TRUE(enumeration->next(context, 1).done);
}

TEST_F(ObjectManagerTest, AnEnumerationHoldsOnePageHoweverMuchThereIs) {
  for (int i = 0; i < 5000; ++i) system->add({"many" + std::to_string(10000 + i)});
  auto enumeration = manager.enumerate(context, "root/test", "T_System").value();
  EXPECT_EQ(all(*enumeration, 7).size(), 5002u);
  EXPECT_GT(system->enumerated, 70);
}

TEST_F(ObjectManagerTest, KeysAreHandedDownToTheProvider) {
  auto enumeration = manager.enumerate(context, "root/test", "T_Service", {{"SystemName", "vm1", {}}}).value();
  EXPECT_EQ(all(*enumeration, 10).size(), 2u);
  EXPECT_EQ(unit->touched, std::set<std::string>{"vm1"});
  EXPECT_EQ(manager.enumerate(context, "root/test", "T_Service", {{"Caption", "x", {}}}).error().kind,
            Failure::invalid_argument);
}

TEST_F(ObjectManagerTest, FailuresAreReportedBesideTheItems) {
  unit->failing = true;
  auto enumeration = manager.enumerate(context, "root/test", "T_Unit").value();
  const auto batch = enumeration->next(context, 10);
  EXPECT_EQ(batch.items.size(), 4u);
  ASSERT_EQ(batch.failures.size(), 1u);
  EXPECT_EQ(batch.failures[0].message, "one guest is silent");
}

TEST_F(ObjectManagerTest, InvokeReachesTheProviderWithArgumentsInPlace) {
  const auto result =
      manager.invoke(context, path("T_Service.CreationClassName=\"T_Unit\",Name=\"web\",SystemName=\"vm1\""), "start",
                     {true, Value()});
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->outputs[1], Value(std::string("forced")));
  EXPECT_NE(unit->invoked.find("T_Unit."), std::string::npos);
}

TEST_F(ObjectManagerTest, AMethodNobodyWroteAnswersItsDocumentedCodeOrFails) {
  const auto host = path("T_HostService");
  EXPECT_EQ(manager.invoke(context, host, "Reset", {}).value().return_value, Value(std::uint64_t{1}));
  EXPECT_EQ(manager.invoke(context, host, "Vanish", {}).error().kind, Failure::not_supported);
  EXPECT_EQ(manager.invoke(context, host, "Nothing", {}).error().kind, Failure::not_supported);
  EXPECT_EQ(manager.invoke(context, path("T_HostService.Name=\"x\""), "Reset", {}).error().kind, Failure::not_found);
}

TEST_F(ObjectManagerTest, AMethodCallAcceptsIncompleteKeysThatFitOne) {
  EXPECT_TRUE(
      manager.invoke(context, path("T_HostService.CreationClassName=\"T_HostService\""), "Start", {false, Value()}));
  // Not where finding out would ask every guest.
  EXPECT_EQ(manager.invoke(context, path("T_Unit.Name=\"web\""), "Start", {false, Value()}).error().kind,
            Failure::not_found);
}

TEST_F(ObjectManagerTest, AuthorizationIsAskedFirst) {
  context.caller.user = "mallory";
  EXPECT_EQ(manager.get(context, path("T_System.Name=\"vm9\"")).error().kind, Failure::access_denied);
  EXPECT_EQ(manager.enumerate(context, "root/test", "T_System").error().kind, Failure::access_denied);
  EXPECT_EQ(manager.invoke(context, path("T_HostService"), "Start", {}).error().kind, Failure::access_denied);
  EXPECT_EQ(manager.remove(context, path("T_HostService")).error().kind, Failure::access_denied);
  EXPECT_EQ(asked.back(), OperationKind::write);
}

TEST_F(ObjectManagerTest, AJoinTouchesOneSystem) {
  const std::vector<KeyBinding> vm1 = {
      {"Antecedent", {}, std::make_shared<const ObjectPath>(path("T_System.Name=\"vm1\""))}};
  auto enumeration = manager.enumerate(context, "root/test", "T_Hosted", vm1).value();
  EXPECT_EQ(all(*enumeration, 1).size(), 2u);
  EXPECT_EQ(unit->touched, std::set<std::string>{"vm1"});
}

TEST_F(ObjectManagerTest, AJoinIsReadFromBothEnds) {
  const std::string unit_path = "T_Unit.CreationClassName=\"T_Unit\",Name=\"web\",SystemName=\"vm1\"";
  auto enumeration = manager
                         .enumerate(context, "root/test", "T_Hosted",
                                    {{"Dependent", {}, std::make_shared<const ObjectPath>(path(unit_path))}})
                         .value();
  const auto names = all(*enumeration, 5);
  ASSERT_EQ(names.size(), 1u);
  ObjectPath hosted = ObjectPath::parse("root/test:" + names[0]).value();
  EXPECT_TRUE(manager.get(context, hosted)) << names[0];
  EXPECT_EQ(all(*manager.enumerate(context, "root/test", "T_Hosted").value(), 3).size(), 4u);
}

TEST_F(ObjectManagerTest, WaitsFollowsTheClassesTouched) {
  EXPECT_FALSE(manager.waits("root/test", t_system, nullptr));
  EXPECT_TRUE(manager.waits("root/test", t_unit, nullptr));
  EXPECT_TRUE(manager.waits("root/test", t_base, nullptr));
  EXPECT_TRUE(manager.waits("root/test", t_hosted, nullptr));
  EXPECT_FALSE(manager.waits("root/test", t_host_service, t_host_service.method("Start")));
}

}  // namespace
}  // namespace vmms::cim
