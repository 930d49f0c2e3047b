#include "testing/wsman_server.hpp"

#include <atomic>
#include <thread>

namespace vmms::wire::wsman {
namespace {

using testing::local_child;
using testing::soap;
using testing::uri;

class EnumerationTest : public testing::WsmanServerTest {
 protected:
  testing::Answer enumerate(std::string_view class_name, std::string_view inside = {}, std::string user = "alice") {
    return call(
        soap(names::action_enumerate, uri(class_name), {}, fmt::format("<n:Enumerate>{}</n:Enumerate>", inside)),
        std::move(user));
  }
  static std::string pull_text(const std::string& context, std::string_view inside = {},
                               std::string_view headers = {}) {
    return soap(names::action_pull, uri("Msvm_ComputerSystem"), {},
                fmt::format("<n:Pull><n:EnumerationContext>{}</n:EnumerationContext>{}</n:Pull>", context, inside),
                headers);
  }
  testing::Answer pull(const std::string& context, std::string_view inside = {}, std::string_view headers = {},
                       std::string user = "alice") {
    return call(pull_text(context, inside, headers), std::move(user));
  }
  static std::string context_of(const testing::Answer& answer) {
    return answer.body().child(names::enumeration, "EnumerationContext").text();
  }
  static std::vector<std::string> names_in(const testing::Answer& answer, std::string_view property = "InstanceID") {
    std::vector<std::string> names;
    for (const auto item : local_child(answer.body(), "Items").children())
      names.push_back(local_child(item, property).text());
    return names;
  }
  static bool at_end(const testing::Answer& answer) {
    return static_cast<bool>(local_child(answer.body(), "EndOfSequence"));
  }
  void add_settings(int count, std::size_t padding = 0) {
    for (int i = 0; i < count; ++i) {
      auto instance = setting(fmt::format("S{:05}", i));
      if (padding != 0) instance.set("Names", cim::Array{std::string(padding, 'x')});
      settings->instances.push_back(instance);
    }
  }
};

TEST_F(EnumerationTest, MaxElementsIsHonouredAcrossPages) {
  add_settings(150);
  const std::string context = context_of(enumerate("Test_SettingData"));
  EXPECT_EQ(names_in(pull(context, "<n:MaxElements>100</n:MaxElements>")).size(), 100U);
  const auto rest = pull(context, "<n:MaxElements>100</n:MaxElements>");
  EXPECT_EQ(names_in(rest).size(), 50U);
  EXPECT_EQ(names_in(rest).front(), "S00100");
  EXPECT_TRUE(at_end(rest));
}

TEST_F(EnumerationTest, AThreadOfTheEdgeSendsWhatItHas) {
  add_settings(3);
  ServerOptions options;
  options.contexts.edge_time = std::chrono::nanoseconds(0);
  Server hurried(
      manager, [](const auto&, const auto&, const auto&) -> Status { return error(Failure::busy, "no pool"); },
      options);
  const auto ask = [&](std::string text) {
    const auto exchange = std::make_shared<testing::FakeExchange>(testing::post(std::move(text), "alice"));
    hurried.handle(exchange);
    return read(exchange->wait());
  };
  const std::string context =
      context_of(ask(soap(names::action_enumerate, uri("Test_SettingData"), {}, "<n:Enumerate></n:Enumerate>")));
  for (int i = 0; i < 3; ++i) {
    const auto page = ask(pull_text(context, "<n:MaxElements>100</n:MaxElements>"));
    EXPECT_EQ(names_in(page), std::vector<std::string>{fmt::format("S{:05}", i)});
    EXPECT_EQ(at_end(page), i == 2);
  }
}

TEST_F(EnumerationTest, EmptyClassesEndAtOnce) {
  const auto answer = pull(context_of(enumerate("Test_SettingData")));
  EXPECT_TRUE(names_in(answer).empty());
  EXPECT_TRUE(local_child(answer.body(), "Items"));
  EXPECT_TRUE(at_end(answer));
  const auto optimized = enumerate("Test_SettingData", "<w:OptimizeEnumeration xsi:nil=\"true\"/>");
  EXPECT_TRUE(at_end(optimized));
}

TEST_F(EnumerationTest, MaxElementsMayBeOfEitherNamespace) {
  add_settings(20);
  const std::string context = context_of(enumerate("Test_SettingData"));
  EXPECT_EQ(pull(context, "<w:MaxElements>0</w:MaxElements>").response.status, 500U);
  EXPECT_EQ(names_in(pull(context, "<w:MaxElements>+07</w:MaxElements>")).size(), 7U);
}

TEST_F(EnumerationTest, WithoutMaxElementsExactlyOneItemAPull) {
  add_settings(2);
  const std::string context = context_of(enumerate("Test_SettingData"));
  const auto first = pull(context);
  EXPECT_EQ(names_in(first), std::vector<std::string>{"S00000"});
  EXPECT_FALSE(at_end(first));
  const auto last = pull(context);
  EXPECT_EQ(names_in(last), std::vector<std::string>{"S00001"});
  EXPECT_TRUE(at_end(last));
  EXPECT_EQ(context_of(last), "");
}

TEST_F(EnumerationTest, AnswersNeverPassMaxEnvelopeSize) {
  add_settings(40, 1000);
  const std::string context = context_of(enumerate("Test_SettingData"));
  std::vector<std::string> seen;
  for (int i = 0; i < 40; ++i) {
    const auto answer =
        pull(context, "<n:MaxElements>32000</n:MaxElements>", "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>");
    ASSERT_EQ(answer.response.status, 200U) << answer.reason();
    EXPECT_LE(answer.response.body.size(), 8192U);
    const auto names = names_in(answer);
    EXPECT_GE(names.size(), 1U);
    seen.insert(seen.end(), names.begin(), names.end());
    if (at_end(answer)) break;
    EXPECT_GE(names.size(), 3U) << "it fills what it may";
  }
  ASSERT_EQ(seen.size(), 40U);
  EXPECT_EQ(seen.back(), "S00039");
}

TEST_F(EnumerationTest, OneItemThatCannotFitIsAFaultAndStays) {
  add_settings(1, 20'000);
  const std::string context = context_of(enumerate("Test_SettingData"));
  const auto answer = pull(context, {}, "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>");
  EXPECT_EQ(answer.subcode(), "w:EncodingLimit");
  EXPECT_EQ(names_in(pull(context)).size(), 1U) << "a larger envelope gets it";
}

TEST_F(EnumerationTest, MaxCharactersBoundsTheItems) {
  add_settings(10, 1000);
  const auto answer = pull(context_of(enumerate("Test_SettingData")),
                           "<n:MaxElements>10</n:MaxElements><n:MaxCharacters>5000</n:MaxCharacters>");
  EXPECT_GE(names_in(answer).size(), 1U);
  EXPECT_LT(names_in(answer).size(), 5U);
}

TEST_F(EnumerationTest, OptimizedAnswersCarryTheFirstItems) {
  add_settings(3);
  const auto first = enumerate("Test_SettingData", "<w:OptimizeEnumeration/><w:MaxElements>2</w:MaxElements>");
  EXPECT_EQ(names_in(first).size(), 2U);
  EXPECT_FALSE(at_end(first));
  const auto rest = pull(context_of(first));
  EXPECT_EQ(names_in(rest), std::vector<std::string>{"S00002"});
  EXPECT_TRUE(at_end(rest));
}

TEST_F(EnumerationTest, SubclassesAreIncludedEachInItsOwnNamespace) {
  guest_services->instances = {service_of(testing::guest_service, "a", "VM1")};
  management->instances = {service_of(testing::management_service, "vmms", "HOST1")};
  const auto answer = enumerate("CIM_Service", "<w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements>");
  std::vector<std::string> classes;
  for (const auto item : local_child(answer.body(), "Items").children()) {
    EXPECT_EQ(item.namespace_uri(), uri(item.name()));
    classes.emplace_back(item.name());
  }
  EXPECT_EQ(classes, (std::vector<std::string>{"Msvm_GuestService", "Msvm_VirtualSystemManagementService"}));
}

TEST_F(EnumerationTest, SelectorFilters) {
  systems->instances = {system("VM1"), system("VM2")};
  const auto filter = [](std::string_view name, std::string_view value) {
    return fmt::format(
        "<w:OptimizeEnumeration/><w:MaxElements>9</w:MaxElements><w:Filter "
        "Dialect=\"http://schemas.dmtf.org/wbem/wsman/1/"
        "wsman/SelectorFilter\"><w:SelectorSet><w:Selector Name=\"{}\">{}</w:Selector></w:SelectorSet></w:Filter>",
        name, value);
  };
  EXPECT_EQ(names_in(enumerate("Msvm_ComputerSystem", filter("Name", "VM2")), "Name"), std::vector<std::string>{"VM2"});
  const auto answer = enumerate("Msvm_ComputerSystem", filter("Color", "red"));
  EXPECT_EQ(answer.subcode(), "n:CannotProcessFilter");
  EXPECT_NE(answer.reason().find("Color"), std::string::npos);

  guest_services->instances = {service_of(testing::guest_service, "a", "VM1")};
  send(testing::post(soap(names::action_enumerate, uri("Msvm_GuestService"), {},
                          "<n:Enumerate>" + filter("SystemName", "VM1") + "</n:Enumerate>")));
  ASSERT_EQ(pool.size(), 1U);
  EXPECT_EQ(pool.front().first, "VM1") << "in the queue of its guest";
}

std::string wql_filter(std::string_view text, std::string_view more = {}) {
  return fmt::format("<w:Filter Dialect=\"{}\"> {} </w:Filter>{}", names::dialect_wql, text, more);
}

TEST_F(EnumerationTest, QueriesGoToAllClasses) {
  add_settings(150);
  systems->instances = {system("HOST1"), system("VM1")};
  const auto found = [&](std::string_view text, std::string_view property) {
    return names_in(pull(context_of(enumerate("*", wql_filter(text))), "<n:MaxElements>50</n:MaxElements>"), property);
  };
  EXPECT_EQ(found("select * from msvm_computersystem where name = 'vm1'", "Name"), std::vector<std::string>{"VM1"});
  EXPECT_EQ(found("SELECT * FROM Test_SettingData WHERE InstanceID LIKE '%014_'", "InstanceID").size(), 10U);
  // The last item comes with the end, though more had to be looked through to know that.
  const auto last =
      pull(context_of(enumerate("*", wql_filter("SELECT * FROM Test_SettingData WHERE InstanceID='S00001'"))));
  EXPECT_EQ(names_in(last).size(), 1U);
  EXPECT_TRUE(at_end(last));
  const auto none = pull(context_of(enumerate("*", wql_filter("SELECT * FROM Test_SettingData WHERE InstanceID='x'"))));
  EXPECT_EQ(none.response.status, 200U);
  EXPECT_TRUE(names_in(none).empty());
  EXPECT_TRUE(at_end(none));
  // Looking through many is the pool's work.
  const std::string context =
      context_of(enumerate("*", wql_filter("SELECT * FROM Test_SettingData WHERE InstanceID LIKE 'x'")));
  send(testing::post(pull_text(context), "alice"));
  EXPECT_EQ(pool.size(), 1U);
  run_pool();
  // Looking at the one that the keys name is not.
  const std::string one =
      context_of(enumerate("*", wql_filter("SELECT * FROM Test_SettingData WHERE InstanceID='S00001'")));
  EXPECT_TRUE(send(testing::post(pull_text(one), "alice"))->answered());
  EXPECT_EQ(pool.size(), 0U);
}

TEST_F(EnumerationTest, QueriesAboutOneGuestWaitInItsQueue) {
  const auto filter = wql_filter("SELECT * FROM Msvm_GuestService WHERE SystemName = 'VM1' AND Name LIKE 'a%'");
  send(testing::post(pull_text(context_of(enumerate("*", filter))), "alice"));
  ASSERT_EQ(pool.size(), 1U);
  EXPECT_EQ(pool.front().first, "VM1");
  run_pool();
}

TEST_F(EnumerationTest, ColumnsComeAsFragmentsWithoutPrefixes) {
  auto vm = system("VM1");
  vm.set("InstallDate", cim::DateTime());
  systems->instances = {vm};
  const std::string query =
      "SELECT InstallDate, Name, OperationalStatus, ElementName, __CLASS FROM Msvm_ComputerSystem";
  const auto answer = enumerate("*", wql_filter(query, "<w:OptimizeEnumeration/>"));
  EXPECT_NE(
      answer.response.body.find("<w:Items><w:XmlFragment xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">"
                                "<__CLASS>Msvm_ComputerSystem</__CLASS><ElementName xsi:nil=\"true\"/>"
                                "<InstallDate><Datetime>1601-01-01T00:00:00Z</Datetime></InstallDate><Name>VM1</Name>"
                                "</w:XmlFragment></w:Items>"),
      std::string::npos)
      << answer.response.body;

  const auto both = enumerate("*", wql_filter(query,
                                              "<w:OptimizeEnumeration/><w:EnumerationMode>EnumerateObjectAndEPR"
                                              "</w:EnumerationMode>"));
  const auto item = local_child(both.body(), "Items").first_child();
  EXPECT_TRUE(item.is(names::wsman, "Item"));
  EXPECT_EQ(item.first_child().name(), "XmlFragment");
  EXPECT_TRUE(item.first_child().next_sibling().is(names::addressing, "EndpointReference"));
  const auto references = enumerate("*", wql_filter(query,
                                                    "<w:OptimizeEnumeration/><w:EnumerationMode>EnumerateEPR"
                                                    "</w:EnumerationMode>"));
  EXPECT_TRUE(local_child(references.body(), "Items").first_child().is(names::addressing, "EndpointReference"));
}

TEST_F(EnumerationTest, QueriesThatAreWrongSayWhy) {
  for (const auto& [text, reason] : std::initializer_list<std::pair<const char*, const char*>>{
           {"SELECT", "query, position"},
           {"", "query, position"},
           {"SELECT * FROM Msvm_ComputerSystem WHERE Color='red'", "has no property named Color"},
           {"ASSOCIATORS OF {nonsense", "braces"}}) {
    const auto answer = enumerate("*", wql_filter(text));
    EXPECT_EQ(answer.subcode(), "n:CannotProcessFilter") << text;
    EXPECT_NE(answer.reason().find(reason), std::string::npos) << answer.reason();
  }
  EXPECT_EQ(enumerate("*", wql_filter("SELECT * FROM Msvm_Nothing")).subcode(), "a:DestinationUnreachable");
  const auto selectors =
      call(soap(names::action_enumerate, uri("*"), {{"Name", "x"}},
                "<n:Enumerate>" + wql_filter("SELECT * FROM Msvm_ComputerSystem") + "</n:Enumerate>"));
  EXPECT_EQ(selectors.subcode(), "w:InvalidSelectors");
}

TEST_F(EnumerationTest, OtherFiltersAreRefusedClearly) {
  constexpr std::string_view wql =
      "<w:Filter Dialect=\"http://schemas.microsoft.com/wbem/wsman/1/WQL\">SELECT * FROM "
      "Msvm_ComputerSystem</w:Filter>";
  EXPECT_EQ(enumerate("Msvm_ComputerSystem", wql).subcode(), "n:CannotProcessFilter") << "on a class, as real hosts do";
  EXPECT_EQ(enumerate("*").subcode(), "n:CannotProcessFilter");
  EXPECT_EQ(enumerate("*",
                      "<w:Filter Dialect=\" http://schemas.microsoft.com/wbem/wsman/1/WQL \">SELECT * FROM "
                      "Msvm_ComputerSystem</w:Filter>")
                .subcode(),
            "")
      << "blanks around a URI are none of it";
  EXPECT_EQ(enumerate("Msvm_ComputerSystem", "<n:Filter>//x</n:Filter>").subcode(),
            "n:FilterDialectRequestedUnavailable");
  // virt-who asks the old namespace first, and goes on when it sees this number.
  const auto answer =
      call(soap(names::action_enumerate, "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/*", {},
                fmt::format("<n:Enumerate>{}</n:Enumerate>", wql)));
  EXPECT_NE(answer.response.body.find(">2150858778<"), std::string::npos);
}

TEST_F(EnumerationTest, WrongRequests) {
  EXPECT_EQ(call(soap(names::action_enumerate, uri("Msvm_ComputerSystem"))).subcode(), "w:SchemaValidationError");
  EXPECT_EQ(enumerate("Msvm_ComputerSystem", "<w:Surprise/>").subcode(), "w:SchemaValidationError");
  EXPECT_EQ(enumerate("Msvm_ComputerSystem", "<w:MaxElements>0</w:MaxElements>").subcode(), "w:SchemaValidationError");
  EXPECT_EQ(enumerate("Msvm_ComputerSystem", "<w:EnumerationMode>Everything</w:EnumerationMode>").subcode(),
            "w:UnsupportedFeature");
  EXPECT_EQ(enumerate("Msvm_ComputerSystem",
                      fmt::format("<b:PolymorphismMode xmlns:b=\"{}\">Some</b:PolymorphismMode>", names::cimbinding))
                .subcode(),
            "b:PolymorphismModeNotSupported");
  EXPECT_EQ(enumerate("Msvm_ComputerSystem", "<n:Expires>PT0S</n:Expires>").subcode(), "n:InvalidExpirationTime");
  EXPECT_EQ(enumerate("Msvm_ComputerSystem", "<n:Expires>2030-01-01T00:00:00Z</n:Expires>").subcode(),
            "n:UnsupportedExpirationType");
  EXPECT_EQ(enumerate("Msvm_Nonsense").subcode(), "a:DestinationUnreachable");
  EXPECT_EQ(
      call(soap(names::action_enumerate, uri("Msvm_ComputerSystem"), {{"Name", "x"}}, "<n:Enumerate/>")).subcode(),
      "w:InvalidSelectors");
  EXPECT_EQ(call(soap(names::action_pull, uri("*"), {}, "<n:Pull/>")).subcode(), "n:InvalidEnumerationContext");
}

TEST_F(EnumerationTest, ExpiresIsGrantedUpToADay) {
  EXPECT_EQ(
      enumerate("Test_SettingData", "<n:Expires>PT5M</n:Expires>").body().child(names::enumeration, "Expires").text(),
      "P0DT0H5M0S");
  EXPECT_EQ(enumerate("Test_SettingData", "<n:Expires>P999999D</n:Expires>")
                .body()
                .child(names::enumeration, "Expires")
                .text(),
            "P1DT0H0M0S");
  EXPECT_FALSE(enumerate("Test_SettingData").body().child(names::enumeration, "Expires"));
}

TEST_F(EnumerationTest, ReleaseEndsAnEnumeration) {
  add_settings(3);
  const std::string context = context_of(enumerate("Test_SettingData"));
  const auto release = [&](std::string user) {
    return call(soap(names::action_release, uri("Test_SettingData"), {},
                     fmt::format("<n:Release><n:EnumerationContext>{}</n:EnumerationContext></n:Release>", context)),
                std::move(user));
  };
  EXPECT_EQ(release("bob").subcode(), "n:InvalidEnumerationContext");
  const auto answer = release("alice");
  EXPECT_EQ(answer.response.status, 200U);
  EXPECT_EQ(answer.header("Action").text(), "http://schemas.xmlsoap.org/ws/2004/09/enumeration/ReleaseResponse");
  EXPECT_FALSE(answer.body());
  EXPECT_EQ(pull(context).subcode(), "n:InvalidEnumerationContext");
}

TEST_F(EnumerationTest, ContextsAreOfTheirUserAndLimited) {
  add_settings(2);
  const std::string context = context_of(enumerate("Test_SettingData"));
  EXPECT_EQ(pull(context, {}, {}, "bob").subcode(), "n:InvalidEnumerationContext");
  const std::string second = context_of(enumerate("Test_SettingData"));
  for (int i = 2; i < 64; ++i) EXPECT_EQ(enumerate("Test_SettingData").response.status, 200U);
  EXPECT_EQ(enumerate("Test_SettingData", {}, "bob").response.status, 200U);
  EXPECT_EQ(ledger.number(Ledger::Item::context), 65U);
  EXPECT_EQ(enumerate("Test_SettingData").response.status, 200U);
  EXPECT_EQ(pull(context).subcode(), "n:InvalidEnumerationContext") << "the one that its user left longest made room";
  while (!at_end(pull(second))) {
  }
  EXPECT_EQ(ledger.number(Ledger::Item::context), 64U);
}

TEST_F(EnumerationTest, UnreachableIsNeverTheSameAsEmpty) {
  guest_services->failures = {error(Failure::unreachable, "VM1: its agent is silent"),
                              error(Failure::unreachable, "VM2: paused")};
  const auto failed = pull(context_of(enumerate("Msvm_GuestService")));
  EXPECT_EQ(failed.subcode(), "w:InternalError");
  EXPECT_EQ(failed.reason(), "VM1: its agent is silent");

  guest_services->instances = {service_of(testing::guest_service, "a", "VM3")};
  const auto some = pull(context_of(enumerate("Msvm_GuestService")));
  EXPECT_EQ(names_in(some, "SystemName"), std::vector<std::string>{"VM3"}) << "what can be asked is answered";
  EXPECT_TRUE(at_end(some));
}

TEST_F(EnumerationTest, ALatePullLosesNothing) {
  guest_services->instances = {service_of(testing::guest_service, "a", "VM1"),
                               service_of(testing::guest_service, "b", "VM1")};
  const std::string context = context_of(enumerate("Msvm_GuestService"));
  const auto late = send(testing::post(pull_text(context, "<n:MaxElements>9</n:MaxElements>"), "alice"));
  ASSERT_EQ(pool.size(), 1U);
  late->expire();
  EXPECT_EQ(read(late->wait()).subcode(), "w:TimedOut");
  EXPECT_EQ(read(send(testing::post(pull_text(context), "alice"))->wait()).subcode(), "w:Concurrency")
      << "the first is still at work";
  run_pool();
  EXPECT_EQ(names_in(pull(context, "<n:MaxElements>9</n:MaxElements>"), "Name"), (std::vector<std::string>{"a", "b"}));
}

TEST_F(EnumerationTest, MaxTimeIsAnEarlierDeadline) {
  guest_services->instances = {service_of(testing::guest_service, "a", "VM1")};
  const std::string context = context_of(enumerate("Msvm_GuestService"));
  const auto exchange = send(testing::post(pull_text(context, "<n:MaxTime>PT5S</n:MaxTime>"), "alice"));
  ASSERT_TRUE(exchange->deadline());
  EXPECT_LT(*exchange->deadline(), std::chrono::steady_clock::now() + std::chrono::seconds(6));
}

TEST_F(EnumerationTest, RefusedByThePoolTheContextStaysUsable) {
  guest_services->instances = {service_of(testing::guest_service, "a", "VM1")};
  const std::string context = context_of(enumerate("Msvm_GuestService"));
  pool_is_full = true;
  EXPECT_EQ(pull(context).subcode(), "w:QuotaLimit");
  EXPECT_EQ(enumerate("Msvm_GuestService", "<w:OptimizeEnumeration/>").subcode(), "w:QuotaLimit");
  pool_is_full = false;
  EXPECT_EQ(names_in(pull(context), "Name"), std::vector<std::string>{"a"});
}

TEST_F(EnumerationTest, AnExceptionLeavesTheContextUsable) {
  add_settings(1);
  const std::string context = context_of(enumerate("Test_SettingData"));
  settings->before = [] { throw std::runtime_error("a bug"); };
  EXPECT_EQ(pull(context).subcode(), "w:InternalError");
  settings->before = {};
  EXPECT_EQ(names_in(pull(context)).size(), 1U);
}

TEST_F(EnumerationTest, ManyThreadsAtOnce) {
  add_settings(50);
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, user = "user" + std::to_string(t)] {
      for (int i = 0; i < 5; ++i) {
        std::size_t items = 0;
        std::string context = context_of(enumerate("Test_SettingData", {}, user));
        bool done = false;
        while (!done) {
          const auto answer = pull(context, "<n:MaxElements>7</n:MaxElements>", {}, user);
          items += names_in(answer).size();
          done = at_end(answer) || answer.response.status != 200;
        }
        if (items != 50) ++wrong;
      }
    });
  // And all of them on one context: each item once.
  const std::string shared = context_of(enumerate("Test_SettingData"));
  std::atomic<int> items{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      while (true) {
        const auto answer = pull(shared);
        if (answer.subcode() == "w:Concurrency") continue;
        if (answer.response.status != 200) return;
        items += static_cast<int>(names_in(answer).size());
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(items, 50);
}

}  // namespace
}  // namespace vmms::wire::wsman
