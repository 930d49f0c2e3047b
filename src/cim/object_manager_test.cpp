#include "testing/test_namespace.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace vmms::cim {
namespace {

using namespace testing;

TEST_F(ObjectManagerTest, NamespacesAndClassesAreFoundWithoutCase) {
  EXPECT_EQ(manager.find_class("ROOT/TEST", "t_unit").value(), &t_unit);
  EXPECT_EQ(manager.find_class("root\\test", "T_Unit").value(), &t_unit);
  EXPECT_EQ(manager.find_class("root/other", "T_Unit").error().message, "there is no namespace root/other");
  EXPECT_EQ(manager.find_class("root/test", "T_None").error().message, "there is no class T_None in root/test");
}

TEST_F(ObjectManagerTest, GetNeedsAllKeysExceptOfASingleton) {
  EXPECT_TRUE(manager.get(context, path("T_Unit.CreationClassName=\"T_Unit\",Name=\"web\",SystemName=\"vm1\"")));
  EXPECT_EQ(manager.get(context, path("T_Unit.Name=\"web\",SystemName=\"vm1\"")).error().kind, Failure::not_found);
  EXPECT_EQ(
      manager.get(context, path("T_Unit.Name=\"web\"")).error().message,
      "there is no instance root/test:T_Unit.Name=\"web\"; keys that were not given: CreationClassName, SystemName");
  EXPECT_TRUE(manager.get(context, path("T_HostService")));
  EXPECT_TRUE(manager.get(context, path("T_HostService.Name=\"vmms\"")));
  EXPECT_EQ(manager.get(context, path("T_HostService.Name=\"other\"")).error().kind, Failure::not_found);
  EXPECT_EQ(manager.get(context, path("T_HostService.Colour=\"red\"")).error().kind, Failure::invalid_argument);
}

TEST_F(ObjectManagerTest, ASingletonIsNotLookedForInEachCall) {
  EXPECT_TRUE(manager.get(context, path("T_HostService.Name=\"vmms\"")));
  const int enumerated = host_service->enumerated;
  EXPECT_TRUE(manager.get(context, path("T_HostService.Name=\"VMMS\"")));
  EXPECT_TRUE(manager.get(context, path("T_HostService.SystemName=\"host\"")));
  EXPECT_EQ(host_service->enumerated, enumerated);
  EXPECT_EQ(manager.get(context, path("T_HostService.Name=\"other\"")).error().kind, Failure::not_found);
  EXPECT_GT(host_service->enumerated, enumerated);
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
  const auto unfound = manager.invoke(context, path("T_Unit.Name=\"web\""), "Start", {false, Value()});
  ASSERT_FALSE(unfound);
  EXPECT_EQ(unfound.error().kind, Failure::not_found);
  EXPECT_NE(unfound.error().message.find("keys that were not given: CreationClassName, SystemName"), std::string::npos);
}

TEST_F(ObjectManagerTest, AuthorizationIsAskedFirst) {
  context.principal = std::make_shared<Principal>(Principal{.name = "mallory"});
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
  const int enumerated = unit->enumerated;
  EXPECT_EQ(all(*manager.enumerate(context, "root/test", "T_Hosted").value(), 3).size(), 4u);
  EXPECT_EQ(unit->enumerated, enumerated + 1) << "the end that waits is read once, not for each of the other";
}

TEST_F(ObjectManagerTest, ReferencesNameOneObjectHoweverTheyDoIt) {
  const auto named = [&](const std::string& text) {
    const auto found = manager.find_object(context, schema, ObjectPath::parse(text).value());
    return found ? found->path().to_string() : found.error().message;
  };
  const std::string web = R"(T_Unit.CreationClassName="T_Unit",Name="web",SystemName="vm1")";
  for (const char* name :
       {R"(T_Unit.CreationClassName="T_Unit",Name="web",SystemName="vm1")", R"(t_unit.Name="web",SystemName="vm1")",
        R"(T_Base.SystemName="vm1",Name="web")", R"(\\host\root\test:T_Service.Name="web",SystemName="vm1")",
        R"(t_service.CreationClassName="T_Unit",Name="web",SystemName="vm1")"})
    EXPECT_EQ(named(name), web) << name;
  EXPECT_EQ(named("T_System='vm2'"), R"(T_System.Name="vm2")");
  EXPECT_EQ(named("T_Base='vm2'"), R"(T_System.Name="vm2")") << "the only class of its subclasses with one key";
  EXPECT_EQ(named("T_HostService=@"),
            R"(T_HostService.CreationClassName="T_HostService",Name="vmms",SystemName="host")");
  EXPECT_EQ(named("T_Unit.Name='web'"), "root/test:T_Unit.Name=\"web\" fits more than one instance: give all keys");
  EXPECT_NE(named("T_Unit").find("there is no instance"), std::string::npos) << "that is a class";
  EXPECT_NE(named("T_System.Name='vm9'").find("no such thing"), std::string::npos);
  EXPECT_EQ(named("T_Unit.Colour='red'"), "T_Unit has no key named Colour");
  EXPECT_EQ(named("T_Unit='web'"), "a key without name needs a class with one key; T_Unit has 3");
  EXPECT_EQ(named("root/other:T_System.Name='vm1'"), "root/other:T_System.Name=\"vm1\" is not in root/test");
  const std::string elsewhere = R"(\\192.0.2.1\root\test:T_System.Name="vm1")";
  EXPECT_NE(named(R"(\\other\root\test:T_System.Name="vm1")").find("is on another host: this one is HOST"),
            std::string::npos);
  EXPECT_NE(named(elsewhere).find("is on another host: this one is HOST"), std::string::npos);
  context.called_server = "192.0.2.1:5988";
  EXPECT_EQ(named(elsewhere), R"(T_System.Name="vm1")") << "the client calls this server so";
  const std::string hosted =
      named(R"(T_Hosted.Antecedent="T_System.Name='vm1'",Dependent="T_Unit.Name='web',SystemName='vm1'")");
  EXPECT_EQ(hosted.substr(0, 20), "T_Hosted.Antecedent=") << hosted;
  EXPECT_EQ(named(R"(\\192.0.2.1\root\test:T_Hosted.Antecedent="\\\\192.0.2.1\\root\\test:T_System.Name='vm1'",)"
                  R"(Dependent="\\\\192.0.2.1\\root\\test:T_Unit.Name='web',SystemName='vm1'")"),
            hosted);
  context.called_server.clear();
  unit->failing = true;
  EXPECT_EQ(named(R"(T_Unit.Name="web",SystemName="vm1")"), "one guest is silent") << "there may be one more";
  EXPECT_EQ(named(web), web) << "nobody has to be asked";
}

TEST_F(ObjectManagerTest, AReferenceAmongTheArgumentsIsAnObjectOrRefused) {
  const auto call = [&](Value target, Value targets = {}) {
    const auto result = manager.invoke(context, path("T_HostService"), "Aim", {std::move(target), std::move(targets)});
    return result ? host_service->invoked : result.error().message;
  };
  const auto reference = [](const std::string& text) {
    return Value(std::make_shared<const ObjectPath>(ObjectPath::parse(text).value()));
  };
  EXPECT_EQ(call(reference("t_base='vm1'")), R"(aimed at root/test:T_System.Name="vm1")");
  EXPECT_EQ(call(Value()), "aimed at nothing");
  EXPECT_EQ(call(Value(), Array{reference("T_System='vm1'"), reference("\\\\host\\root\\test:T_System.Name='vm2'")}),
            R"(aimed at root/test:T_System.Name="vm1" root/test:T_System.Name="vm2")");
  const std::map<std::string, std::string> refused = {
      {"T_System='vm9'", "no such thing"},
      {"T_Unit.Name='web',SystemName='vm1'", "T_Unit.Name=\"web\",SystemName=\"vm1\" is no T_System"},
      {"root/other:T_System='vm1'", "is not in root/test"},
      {"\\\\other\\root\\test:T_System='vm1'", "is on another host"},
      {"T_System", "there is no instance root/test:T_System"},
      {"T_Nothing='vm1'", "there is no class T_Nothing"}};
  for (const auto& [text, why] : refused) {
    host_service->invoked.clear();
    for (const std::string& answer :
         {call(reference(text)), call(Value(), Array{reference("T_System='vm1'"), reference(text)})}) {
      EXPECT_NE(answer.find(why), std::string::npos) << text << ": " << answer;
      EXPECT_EQ(answer.substr(0, 14), "Aim, parameter") << answer;
    }
    EXPECT_EQ(host_service->invoked, "") << "the provider was not asked";
  }
  unit->failing = true;
  const int enumerated = unit->enumerated;
  EXPECT_EQ(call(reference("T_Base.Name='vm2'")), R"(aimed at root/test:T_System.Name="vm2")");
  EXPECT_NE(call(reference("T_Base.Name='vm9'")).find("no such thing"), std::string::npos);
  EXPECT_NE(call(reference("T_Unit.Name='web'")).find("is no T_System"), std::string::npos);
  EXPECT_EQ(unit->enumerated, enumerated) << "guests are not asked about what cannot be meant";
  EXPECT_EQ(manager.invoke(context, path("T_HostService"), "Aim", {reference("T_System='vm9'"), {}}).error().kind,
            Failure::invalid_argument)
      << "what is called is there";
}

TEST_F(ObjectManagerTest, AQueryWaitsWhenItLooksThroughMuchOrAsksOthers) {
  const auto waits = [&](std::string_view text) {
    return manager.query(context, "root/test", text)->instances->waits();
  };
  EXPECT_FALSE(waits("SELECT * FROM T_System"));
  EXPECT_FALSE(waits("SELECT * FROM T_System WHERE Name = 'vm1'"));
  EXPECT_FALSE(waits("SELECT * FROM T_System WHERE Name = 'vm1' AND __PATH = 'T_System.Name=\"vm1\"'"));
  EXPECT_TRUE(waits("SELECT * FROM T_System WHERE Name = 'vm1' AND __PATH = 'T_Base.Name=\"vm1\"'"))
      << "the path is looked for";
  EXPECT_TRUE(waits("SELECT * FROM T_System WHERE Name LIKE 'vm1'"));
  EXPECT_TRUE(waits("SELECT * FROM T_System WHERE Name = 'vm1' OR Name = 'vm2'"));
  EXPECT_TRUE(waits("SELECT * FROM T_HostService WHERE Name = 'vmms'")) << "one key of three";
  EXPECT_TRUE(waits("SELECT * FROM T_Unit WHERE CreationClassName = 'T_Unit' AND Name = 'web' AND SystemName = 'vm1'"));
}

TEST_F(ObjectManagerTest, APathInAConditionNamesOneObject) {
  const auto found = [&](const std::string& where) {
    auto result = manager.query(context, "root/test", "SELECT * FROM T_Unit WHERE " + where);
    EXPECT_TRUE(result) << where;
    return all(*result->instances, 10);
  };
  const std::vector<std::string> web = {R"(T_Unit.CreationClassName="T_Unit",Name="web",SystemName="vm1")"};
  EXPECT_EQ(found(R"(__PATH = 'T_Unit.Name="web",SystemName="vm1"')"), web) << "which no other has";
  EXPECT_EQ(found(R"(__RELPATH = 't_base.systemname="VM1",Name="WEB"')"), web);
  EXPECT_EQ(found(R"(__PATH = 'T_Unit.Name="web"')").size(), 0u) << "two have it";
  EXPECT_EQ(found(R"(__PATH = 'T_Unit.Name="web"' OR Name = 'cron')").size(), 2u);
  EXPECT_EQ(found(R"(__PATH <> 'T_Unit.Name="web"')").size(), 4u);
  EXPECT_EQ(found(R"(__PATH = 'T_Unit.Name="mail"')").size(), 0u);
  EXPECT_EQ(found(R"(__PATH = 'T_Unit.Colour="red"' OR Name = 'cron')").size(), 2u);

  std::string many = "Name = 'x'";
  for (int i = 0; i < 300; ++i) many += R"( OR __PATH = 'T_Unit.Name="web"')";
  const auto refused = manager.query(context, "root/test", "SELECT * FROM T_Unit WHERE " + many);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "query: 300 paths lack keys; up to 256 may, since each has to be looked for");

  unit->failing = true;
  auto silent = manager.query(context, "root/test", R"(SELECT * FROM T_Unit WHERE __PATH = 'T_Unit.Name="mail"')");
  ASSERT_TRUE(silent);
  const auto batch = silent->instances->next(context, 10);
  EXPECT_TRUE(batch.items.empty());
  ASSERT_FALSE(batch.failures.empty());
  EXPECT_EQ(batch.failures.front().kind, Failure::unreachable) << "it may be there";
}

TEST_F(ObjectManagerTest, WaitsFollowsTheClassesTouched) {
  EXPECT_FALSE(manager.waits("root/test", t_system, nullptr));
  EXPECT_TRUE(manager.waits("root/test", t_unit, nullptr));
  EXPECT_TRUE(manager.waits("root/test", t_base, nullptr));
  EXPECT_TRUE(manager.waits("root/test", t_hosted, nullptr));
  EXPECT_FALSE(manager.waits("root/test", t_host_service, t_host_service.method("Start")));
}

class Records : public Auditor {
 public:
  bool reads() const override { return with_reads; }
  void record(const AuditEvent& event) override {
    lines.push_back(fmt::format("{} {} {} {} {}{}", event.operation, event.context.principal->name, event.class_name,
                                event.object ? event.object->value("Name") : "-",
                                event.method ? event.method->name : "-",
                                event.error ? ": " + event.error->message : ""));
    EXPECT_GE(event.duration.count(), 0);
  }
  void record(const RefusedSignIn&) override {}
  bool with_reads = false;
  std::vector<std::string> lines;
};

TEST_F(ObjectManagerTest, ChangesCallsAndRefusalsAreTold) {
  Records records;
  manager.set_auditor(&records);
  const ObjectPath service = path("T_Unit.CreationClassName=\"T_Unit\",Name=\"web\",SystemName=\"vm1\"");
  EXPECT_TRUE(manager.get(context, service));
  EXPECT_TRUE(manager.enumerate(context, "root/test", "T_Unit"));
  EXPECT_TRUE(records.lines.empty()) << "reads are told on request";
  const Class& unit_class = *manager.find_class("root/test", "T_Unit").value();
  ASSERT_FALSE(unit_class.methods.empty());
  const Method& method = unit_class.methods.front();
  manager.invoke(context, service, method.name, Arguments(method.parameters.size()));
  manager.invoke(context, service, "NoSuchMethod", {});
  manager.modify(context, service, Instance(unit_class));
  manager.remove(context, service);
  manager.create(context, "root/test", Instance(unit_class));
  ASSERT_EQ(records.lines.size(), 5u);
  EXPECT_EQ(records.lines[0].substr(0, 7), "invoke ");
  EXPECT_NE(records.lines[0].find(" T_Unit web " + std::string(method.name)), std::string::npos) << records.lines[0];
  EXPECT_NE(records.lines[1].find("T_Unit web -: T_Unit has no method named NoSuchMethod"), std::string::npos);
  EXPECT_EQ(records.lines[2].substr(0, 7), "modify ");
  EXPECT_EQ(records.lines[3].substr(0, 7), "delete ");
  EXPECT_EQ(records.lines[4].substr(0, 7), "create ");

  records.lines.clear();
  Context other;
  other.principal = std::make_shared<const Principal>(Principal{"vmms", "mallory", "test", ""});
  EXPECT_FALSE(manager.get(other, service));
  EXPECT_FALSE(manager.invoke(other, service, method.name, Arguments(method.parameters.size())));
  ASSERT_EQ(records.lines.size(), 2u) << fmt::format("{}", fmt::join(records.lines, "; "));
  EXPECT_EQ(records.lines[0], "get mallory T_Unit web -: not you");

  records.lines.clear();
  records.with_reads = true;
  EXPECT_TRUE(manager.get(context, service));
  EXPECT_TRUE(manager.query(context, "root/test", "SELECT * FROM T_Unit"));
  EXPECT_EQ(records.lines.size(), 2u) << fmt::format("{}", fmt::join(records.lines, "; "));
}

TEST(Audited, AnExceptionIsToldToo) {
  Records records;
  const Context context;
  try {
    const Audited audited(&records, {"invoke", context, "root/test"});
    throw std::runtime_error("a bug");
  } catch (const std::runtime_error&) {
  }
  ASSERT_EQ(records.lines.size(), 1u);
  EXPECT_NE(records.lines[0].find("an exception ended it"), std::string::npos);
}

}  // namespace
}  // namespace vmms::cim
