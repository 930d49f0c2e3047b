// Walks the table of faults: each condition is brought about by a request, and the answer is its row; and the table in
// docs/wire.md says the same.
#include "testing/wsman_server.hpp"

#include <fstream>
#include <map>
#include <sstream>

namespace vmms::wire::wsman {
namespace {

using testing::Answer;
using testing::local_child;
using testing::soap;
using testing::uri;

constexpr std::string_view fault_detail = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail/";

using Pairs = std::vector<std::pair<std::string, std::string>>;

class FaultsTest : public testing::WsmanServerTest {
 protected:
  FaultsTest() {
    systems->instances = {system("VM1")};
    settings->instances = {setting("S1")};
    guest_services->instances = {service_of(testing::guest_service, "a.service", "VM1")};
    guest_services->on_invoke = [this](const auto&, const auto&, const auto&, const auto&) { return outcome; };
  }

  Answer get(std::string_view headers) {
    return call(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys, {}, headers));
  }
  Answer get_from(std::string_view resource, Pairs selectors = {}) {
    return call(soap(names::action_get, resource, selectors));
  }
  Answer enumerate(std::string_view class_name, std::string_view inside) {
    return call(
        soap(names::action_enumerate, uri(class_name), {}, fmt::format("<n:Enumerate>{}</n:Enumerate>", inside)));
  }
  static std::string pull_text(const std::string& context) {
    return soap(names::action_pull, uri("Msvm_GuestService"), {},
                fmt::format("<n:Pull><n:EnumerationContext>{}</n:EnumerationContext></n:Pull>", context));
  }
  static std::string start_text(std::string_view body = {}, std::string_view method = "StartService") {
    return soap(uri("Msvm_GuestService/") + std::string(method), uri("Msvm_GuestService"),
                {{"CreationClassName", "Msvm_GuestService"},
                 {"Name", "a.service"},
                 {"SystemCreationClassName", "Msvm_ComputerSystem"},
                 {"SystemName", "VM1"}},
                body);
  }
  // What a layer below answers.
  Answer start_failing(Failure kind) {
    outcome = error(kind, "why");
    return call(start_text());
  }
  Answer with_http(const std::function<void(http::Request&)>& change) {
    auto request = testing::post(soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys));
    change(request);
    return call(std::move(request));
  }
  Answer put(std::string_view body) {
    return call(soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}}, body));
  }
  Answer two_pulls_at_once() {
    const std::string context = enumerate("Msvm_GuestService", {}).body().first_child().text();
    const auto first = send(testing::post(pull_text(context)));  // waits for the pool
    auto second = read(send(testing::post(pull_text(context)))->wait());
    run_pool();
    EXPECT_EQ(first->wait().status, 200U);
    return second;
  }
  Answer large(bool method) {
    systems->instances[0].set("Caption", std::string(20'000, 'x'));
    systems->on_invoke = [this](const auto&, const auto&, const auto&, const auto&) -> Result<cim::MethodResult> {
      auto path = systems->instances[0].path();
      path.keys.push_back({"Long", std::string(20'000, 'x'), {}});
      return cim::MethodResult{std::uint64_t{4096}, {{}, std::make_shared<const cim::ObjectPath>(path), {}}};
    };
    constexpr std::string_view limit = "<w:MaxEnvelopeSize>8192</w:MaxEnvelopeSize>";
    return method ? call(soap(uri("Msvm_ComputerSystem/RequestStateChange"), uri("Msvm_ComputerSystem"), vm_keys, {},
                              limit))
                  : get(limit);
  }

  const Pairs vm_keys{{"CreationClassName", "Msvm_ComputerSystem"}, {"Name", "VM1"}};
  Result<cim::MethodResult> outcome = cim::MethodResult{std::uint64_t{0}, {}};
};

TEST_F(FaultsTest, EveryConditionGivesItsRow) {
  const auto replaced = [](std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  const std::string plain_get = soap(names::action_get, uri("Msvm_ComputerSystem"), vm_keys);
  const auto many_selectors = [] {
    Pairs selectors;
    for (int i = 0; i < 1000; ++i) selectors.emplace_back(fmt::format("Name{}", i), "x");
    return selectors;
  };

  using C = Condition;
  const std::map<C, std::function<Answer()>> ways = {
      {C::failed, [&] { return start_failing(Failure::failed); }},
      {C::internal, [&] { return start_failing(Failure::internal); }},
      {C::invalid_argument, [&] { return start_failing(Failure::invalid_argument); }},
      {C::not_found,
       [&] {
         return get_from(uri("Msvm_ComputerSystem"), {{"CreationClassName", "x"}, {"Name", "y"}});
       }},
      {C::already_exists, [&] { return start_failing(Failure::already_exists); }},
      {C::access_denied,
       [&] {
         authorize = [](const auto&, auto) -> Status { return error(Failure::access_denied, "not you"); };
         auto answer = call(plain_get);
         authorize = nullptr;
         return answer;
       }},
      {C::not_supported, [&] { return start_failing(Failure::not_supported); }},
      {C::invalid_state, [&] { return start_failing(Failure::invalid_state); }},
      {C::timed_out,
       [&] {
         const auto exchange = send(testing::post(start_text()));
         exchange->expire();
         auto answer = read(exchange->wait());
         run_pool();
         return answer;
       }},
      {C::unreachable, [&] { return start_failing(Failure::unreachable); }},
      {C::busy,
       [&] {
         pool_is_full = true;
         auto answer = call(start_text());
         pool_is_full = false;
         return answer;
       }},
      {C::http_method, [&] { return with_http([](auto& request) { request.method = "GET"; }); }},
      {C::media_type, [&] { return with_http([](auto& request) { request.content_type = "text/plain"; }); }},
      {C::malformed_xml, [&] { return call("<a"); }},
      {C::character_set, [&] { return call("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + plain_get); }},
      {C::not_soap, [&] { return call("<a/>"); }},
      {C::soap_version,
       [&] { return call(replaced(plain_get, names::soap, "http://schemas.xmlsoap.org/soap/envelope/")); }},
      {C::not_understood, [&] { return get("<x:Strange xmlns:x=\"urn:x\" s:mustUnderstand=\"true\"/>"); }},
      {C::missing_header, [&] { return call(replaced(plain_get, "<a:MessageID>uuid:7</a:MessageID>", "")); }},
      {C::invalid_header, [&] { return get("<w:OperationTimeout>soon</w:OperationTimeout>"); }},
      {C::addressing_mode, [&] { return get("<a:ReplyTo><a:Address>http://elsewhere</a:Address></a:ReplyTo>"); }},
      {C::action_not_supported, [&] { return call(soap("urn:nothing", uri("Msvm_ComputerSystem"))); }},
      {C::invalid_resource_uri, [&] { return get_from("urn:nothing"); }},
      {C::unknown_namespace,
       [&] { return get_from("http://schemas.microsoft.com/wbem/wsman/1/wmi/root/nothing/Msvm_ComputerSystem"); }},
      {C::unknown_class, [&] { return get_from(uri("Msvm_Nothing")); }},
      {C::unknown_method, [&] { return call(start_text({}, "Dance")); }},
      {C::invalid_selectors,
       [&] {
         return get_from(uri("Msvm_ComputerSystem"), {{"Color", "red"}});
       }},
      {C::duplicate_selectors,
       [&] {
         return get_from(uri("Msvm_ComputerSystem"), {{"Name", "a"}, {"Name", "b"}});
       }},
      {C::selector_limit, [&] { return get_from(uri("Msvm_ComputerSystem"), many_selectors()); }},
      {C::unsupported_options,
       [&] {
         return get(
             "<w:OptionSet s:mustUnderstand=\"true\"><w:Option Name=\"Fast\" MustComply=\"true\">1</w:Option>"
             "</w:OptionSet>");
       }},
      {C::fragment_transfer,
       [&] {
         return call(soap(names::action_delete, uri("Msvm_ComputerSystem"), vm_keys, {},
                          "<w:FragmentTransfer s:mustUnderstand=\"true\">Name</w:FragmentTransfer>"));
       }},
      {C::envelope_limit, [&] { return get("<w:MaxEnvelopeSize>100</w:MaxEnvelopeSize>"); }},
      {C::schema_validation, [&] { return call(start_text("<p:Other xmlns:p=\"urn:p\"/>")); }},
      {C::unknown_parameter,
       [&] {
         return call(start_text("<p:StartService_INPUT xmlns:p=\"urn:p\"><p:Speed>1</p:Speed></p:StartService_INPUT>"));
       }},
      {C::invalid_representation, [&] { return put("<Test_SettingData><Color>1</Color></Test_SettingData>"); }},
      {C::filter_dialect, [&] { return enumerate("Msvm_ComputerSystem", "<w:Filter Dialect=\"urn:x\">y</w:Filter>"); }},
      {C::cannot_process_filter,
       [&] { return enumerate("*", fmt::format("<w:Filter Dialect=\"{}\">SELECT</w:Filter>", names::dialect_wql)); }},
      {C::enumeration_mode,
       [&] { return enumerate("Msvm_ComputerSystem", "<w:EnumerationMode>EnumerateDreams</w:EnumerationMode>"); }},
      {C::polymorphism_mode,
       [&] {
         return enumerate(
             "Msvm_ComputerSystem",
             fmt::format("<b:PolymorphismMode xmlns:b=\"{}\">Some</b:PolymorphismMode>", names::cimbinding));
       }},
      {C::fragment_dialect,
       [&] {
         return get("<w:FragmentTransfer s:mustUnderstand=\"true\" Dialect=\"urn:x\">Name</w:FragmentTransfer>");
       }},
      {C::invalid_expiration, [&] { return enumerate("Msvm_ComputerSystem", "<n:Expires>soon</n:Expires>"); }},
      {C::unsupported_expiration,
       [&] { return enumerate("Msvm_ComputerSystem", "<n:Expires>2030-01-01T00:00:00Z</n:Expires>"); }},
      {C::invalid_context, [&] { return call(pull_text("uuid:0")); }},
      {C::concurrency, [&] { return two_pulls_at_once(); }},
      {C::answer_too_large, [&] { return large(false); }},
      {C::unreportable_success, [&] { return large(true); }},
  };

  for (const FaultRow& row : fault_table()) {
    SCOPED_TRACE(row.name);
    const auto way = ways.find(row.condition);
    ASSERT_NE(way, ways.end()) << "a condition that nothing here brings about";
    const Answer answer = way->second();
    ASSERT_TRUE(answer.fault()) << answer.response.body;
    EXPECT_EQ(answer.response.status, row.http_status);
    EXPECT_EQ(answer.fault().child(names::soap, "Code").child(names::soap, "Value").text(), row.soap_code);
    EXPECT_EQ(answer.subcode(), row.subcode);
    EXPECT_NE(answer.reason(), "");
    const auto detail = answer.fault().child(names::soap, "Detail");
    EXPECT_EQ(detail.child(names::wsman_fault, "WSManFault").attribute({}, "Code"), fmt::to_string(row.code));
    const std::string uri_of_detail = detail.child(names::wsman, "FaultDetail").text();
    EXPECT_EQ(uri_of_detail, row.fault_detail.empty() ? "" : std::string(fault_detail) + std::string(row.fault_detail));
    const auto wmi = local_child(detail, "MSFT_WmiError");
    EXPECT_EQ(wmi ? local_child(wmi, "error_Code").text() : "", row.hresult ? fmt::to_string(row.hresult) : "");
    // Everything is as it was: the next request is answered.
    systems->instances = {system("VM1")};
    EXPECT_EQ(call(plain_get).response.status, 200U);
  }
}

std::string hex(std::uint32_t number) {
  if (number == 0) return "–";
  return number < 256 ? fmt::to_string(number) : fmt::format("0x{:08X}", number);
}

TEST(FaultTable, IsTheOneInTheDocumentation) {
  std::ifstream file(std::string(VMMS_SOURCE_DIR) + "/docs/wire.md");
  std::stringstream text;
  text << file.rdbuf();
  std::string expected;
  for (const FaultRow& row : fault_table())
    expected += fmt::format("| `{}` | {} | {}{}{} | {} | {} | {} | {} |\n", row.name, row.soap_code.substr(2),
                            row.subcode.empty() ? "–" : row.subcode, row.fault_detail.empty() ? "" : " / ",
                            row.fault_detail, hex(row.code), hex(row.hresult),
                            row.cim_status ? fmt::to_string(row.cim_status) : "–", row.http_status);
  EXPECT_NE(text.str().find(expected), std::string::npos) << "docs/wire.md should hold:\n" << expected;
}

}  // namespace
}  // namespace vmms::wire::wsman
