// What a short request could make large.
#include "testing/wsman_server.hpp"
#include "wire/representation/embedded_instance.hpp"

namespace vmms::wire::wsman {
namespace {

using testing::soap;
using testing::uri;

class WsmanBoundsTest : public testing::WsmanServerTest {
 protected:
  WsmanBoundsTest() {
    settings->instances = {setting("a")};
    cim::Instance service = service_of(testing::management_service, "vmms", "host1");
    management->instances = {service};
    management->on_invoke = [](const auto&, const auto&, const auto&, const cim::Arguments&) {
      return Result<cim::MethodResult>(cim::MethodResult{std::uint64_t{0}, cim::Arguments(8)});
    };
  }

  static std::string reference(std::string_view inside) {
    return fmt::format(
        "<a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>{}</w:ResourceURI><w:SelectorSet>"
        "<w:Selector Name=\"InstanceID\">{}</w:Selector></w:SelectorSet></a:ReferenceParameters>",
        uri("Test_SettingData"), inside);
  }
  /// References inside each other, around quotes that each level would escape.
  static std::string nested(int levels, std::size_t quotes) {
    std::string inside(quotes, '"');
    for (int i = 0; i < levels; ++i) inside = "<a:EndpointReference>" + reference(inside) + "</a:EndpointReference>";
    return inside;
  }
  testing::Answer get(const std::string& value) {
    return call(soap(names::action_get, uri("Test_SettingData"), {{"InstanceID", value}}));
  }
  testing::Answer filter(const std::string& value) {
    return call(soap(names::action_enumerate, uri("Test_SettingData"), {},
                     fmt::format("<n:Enumerate><w:Filter Dialect=\"{}\"><w:SelectorSet><w:Selector "
                                 "Name=\"InstanceID\">{}</w:Selector></w:SelectorSet></w:Filter></n:Enumerate>",
                                 names::dialect_selector, value)));
  }
  testing::Answer echo(const std::string& parameters) {
    return call(soap(uri("Msvm_VirtualSystemManagementService/Echo"), uri("Msvm_VirtualSystemManagementService"), {},
                     "<Echo_INPUT>" + parameters + "</Echo_INPUT>"));
  }
};

TEST_F(WsmanBoundsTest, SelectorsAreNotLongerThanKeysOfObjectsAre) {
  const std::size_t most = cim::ObjectPath::longest_key - std::string_view("InstanceID").size();
  const auto found = get(std::string(most, 'x'));
  EXPECT_NE(found.reason().find("no instance"), std::string::npos) << found.reason();
  for (const auto& refused :
       {get(std::string(most + 1, 'x')),
        get("<a:EndpointReference>" + reference(std::string(most + 1, 'x')) + "</a:EndpointReference>")})
    EXPECT_NE(refused.reason().find("InstanceID is longer than 65536 bytes"), std::string::npos) << refused.reason();
}

TEST_F(WsmanBoundsTest, ADocumentIsPaidForWhileItIsRead) {
  std::string header;
  for (int i = 0; i < 20'000; ++i) header += "<x/>";
  std::string body = soap(names::action_get, uri("Test_SettingData"), {{"InstanceID", "a"}});
  body.insert(body.find("<s:Header>") + 10, header);
  for (const std::size_t most : {std::size_t{2}, std::size_t{100}}) {
    http::Request request = testing::post(body);
    request.account = ledger.account(Ledger::Payer::principal, request.principal->id());
    const auto exchange = std::make_shared<testing::FakeExchange>(std::move(request));
    exchange->most_kept = most * body.size();
    server.handle(exchange);
    run_pool();
    ASSERT_TRUE(exchange->answered());
    const auto answer = read(exchange->wait());
    EXPECT_EQ(answer.response.status, most == 2 ? 500u : 200u) << answer.response.body;
    if (most == 2) {
      EXPECT_NE(answer.response.body.find("QuotaLimit"), std::string::npos) << answer.response.body;
    } else {
      EXPECT_GT(exchange->kept, 5 * body.size());
    }
  }
}

TEST_F(WsmanBoundsTest, ReferencesNestEightDeep) {
  EXPECT_NE(get(nested(8, 10)).reason().find("is a string, not a reference"), std::string::npos) << "it was read";
  for (const int levels : {9, 12, 14}) {
    EXPECT_NE(get(nested(levels, 10)).reason().find("nest more than 8 deep"), std::string::npos) << levels;
    EXPECT_NE(filter(nested(levels, 10)).reason().find("nest more than 8 deep"), std::string::npos) << levels;
    EXPECT_NE(echo("<System>" + nested(levels, 10) + "</System>").reason().find("nest more than 8 deep"),
              std::string::npos);
  }
}

TEST_F(WsmanBoundsTest, FaultsQuoteOnlyTheBeginningOfAPath) {
  // Written out, 8 levels make 255 backslashes of each quote: 15 MB.
  const testing::Answer answer = get(nested(8, 60'000));
  EXPECT_NE(answer.reason().find("is a string, not a reference"), std::string::npos) << answer.reason();
  EXPECT_LT(answer.response.body.size(), 8'000u);
}

TEST_F(WsmanBoundsTest, FiltersAreMeasuredByWhatIsKept) {
  EXPECT_TRUE(filter(nested(7, 20'000)).body().is(names::enumeration, "EnumerateResponse"));
  EXPECT_NE(filter(nested(7, 70'000)).reason().find("longer than 65536"), std::string::npos);
}

TEST_F(WsmanBoundsTest, SelectorsOfAReferenceAreBoundedAndDifferent) {
  const auto with = [&](std::size_t number, bool same) {
    std::string set;
    for (std::size_t i = 0; i < number; ++i)
      set += fmt::format("<w:Selector Name=\"k{}\">1</w:Selector>", same ? 0 : i);
    return echo("<System><a:ReferenceParameters><w:ResourceURI>" + uri("Test_SettingData") +
                "</w:ResourceURI><w:SelectorSet>" + set + "</w:SelectorSet></a:ReferenceParameters></System>");
  };
  EXPECT_NE(with(64, false).reason().find("parameter System"), std::string::npos) << "it was read";
  EXPECT_NE(with(10'000, false).reason().find("more than 64 selectors"), std::string::npos);
  EXPECT_NE(with(2, true).reason().find("twice"), std::string::npos);
}

TEST_F(WsmanBoundsTest, InstancesOfAnArgumentAreCounted) {
  const auto with = [&](std::size_t number) {
    std::string parameters;
    for (std::size_t i = 0; i < number; ++i)
      parameters += "<Settings>&lt;INSTANCE CLASSNAME=\"Test_SettingData\"/&gt;</Settings>";
    return echo(parameters);
  };
  EXPECT_FALSE(with(representation::most_instances).fault());
  EXPECT_NE(with(representation::most_instances + 1).reason().find("more than 1024 instances"), std::string::npos);
}

TEST_F(WsmanBoundsTest, ColumnsOfAnAssociationFilterAreCounted) {
  std::string columns;
  for (int i = 0; i < 1'000; ++i) columns += "<b:IncludeResultProperty>InstanceID</b:IncludeResultProperty>";
  const testing::Answer answer =
      call(soap(names::action_enumerate, uri("*"), {},
                fmt::format("<n:Enumerate><w:Filter xmlns:b=\"{}\" Dialect=\"{}\"><b:AssociatedInstances><b:Object>{}"
                            "</b:Object>{}</b:AssociatedInstances></w:Filter></n:Enumerate>",
                            names::cimbinding, names::dialect_association, reference("a"), columns)));
  EXPECT_EQ(answer.subcode(), "n:CannotProcessFilter");
}

TEST_F(WsmanBoundsTest, PathsInQueriesHaveAFewKeys) {
  std::string path = "Test_SettingData.k0=1";
  for (int i = 1; i < 7'000; ++i) path += fmt::format(",k{}=1", i);
  for (const std::string& text :
       {"SELECT * FROM Test_SettingData WHERE __PATH='" + path + "'", "ASSOCIATORS OF {" + path + "}"}) {
    const testing::Answer answer = call(soap(
        names::action_enumerate, uri("*"), {},
        fmt::format("<n:Enumerate><w:Filter Dialect=\"{}\">{}</w:Filter></n:Enumerate>", names::dialect_wql, text)));
    EXPECT_NE(answer.reason().find("fewer keys"), std::string::npos) << answer.reason();
  }
}

}  // namespace
}  // namespace vmms::wire::wsman
