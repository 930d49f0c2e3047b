// What real clients were recorded to send, replayed; and our answers beside those of a recorded host.
#include "testing/wsman_server.hpp"
#include "wire/wsman/value_reader.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace vmms::wire::wsman {
namespace {

using testing::local_child;
using testing::soap;
using testing::uri;

std::string load(const std::string& name) {
  std::ifstream file(std::string(VMMS_SOURCE_DIR) + "/tests/captures/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The body of a recorded request.
std::string load_request(const std::string& name) {
  const std::string text = load(name);
  const std::size_t head = text.find("\r\n\r\n");
  EXPECT_NE(head, std::string::npos) << name;
  return text.substr(head + 4);
}

std::string content(const std::string& text, const std::string& element) {
  std::smatch match;
  return std::regex_search(text, match, std::regex("<[a-z]+:" + element + "[^>]*>([^<]*)<")) ? match[1].str() : "";
}

// Identifiers and the language differ from answer to answer. A SelectorSet of ours declares its prefix again, for
// clients that copy it out of its document.
std::string normalized(std::string text) {
  for (const char* element : {"a:MessageID", "a:RelatesTo", "n:EnumerationContext"})
    text = std::regex_replace(text, std::regex(fmt::format("<{}>[^<]*</{}>", element, element)),
                              fmt::format("<{}>*</{}>", element, element));
  text = std::regex_replace(text, std::regex("xml:lang=\"[^\"]*\""), "xml:lang=\"*\"");
  text =
      std::regex_replace(text, std::regex("<w:SelectorSet xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\">"),
                         "<w:SelectorSet>");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

class CapturesTest : public testing::WsmanServerTest {
 protected:
  CapturesTest() {
    systems->instances = {system("HOST1"), system("VM1")};
    systems->on_invoke = [](const auto&, const auto&, const auto&, const auto&) -> Result<cim::MethodResult> {
      return cim::MethodResult{std::uint64_t{0}, {}};
    };
    management->instances = {service_of(testing::management_service, "vmms", "HOST1")};
    management->on_invoke = systems->on_invoke;
  }

  // Replays a request; a Pull pulls from `context`.
  testing::Answer replay(const std::string& name, const std::string& context = {}) {
    SCOPED_TRACE(name);
    std::string request = load_request(name);
    if (!context.empty())
      request = std::regex_replace(request, std::regex("(EnumerationContext>)[^<]*<"), "$1" + context + "<");
    auto answer = call(request);
    if (!content(request, "MessageID").empty()) {
      EXPECT_EQ(answer.header("RelatesTo").text(), content(request, "MessageID"));
    }
    return answer;
  }
  static std::string context_of(const testing::Answer& answer) {
    return answer.body().child(names::enumeration, "EnumerationContext").text();
  }
  static xml::Element items(const testing::Answer& answer) { return local_child(answer.body(), "Items"); }
  static std::size_t count(const xml::Element& parent) {
    std::size_t number = 0;
    for ([[maybe_unused]] const auto child : parent.children()) ++number;
    return number;
  }

  // An instance as a recorded host has it.
  cim::Instance recorded(const std::string& name, const cim::Class& cim_class) {
    auto document = xml::Document::parse(load("recorded-host/" + name));
    EXPECT_TRUE(document) << name;
    const xml::Element item =
        local_child(document->root().child(names::soap, "Body").first_child(), "Items").first_child();
    auto instance = read_instance(item, cim_class, {testing::schema, testing::schema.namespace_name});
    EXPECT_TRUE(instance) << name << ": " << instance.error().message;
    return *instance;
  }
  // Our answer to the first Pull of a class.
  std::string first_pull(std::string_view class_name) {
    const auto opened = call(soap(names::action_enumerate, uri(class_name), {}, "<n:Enumerate/>"));
    EXPECT_EQ(opened.response.status, 200U) << opened.reason();
    last_enumerate = opened.response.body;
    return call(soap(names::action_pull, uri(class_name), {},
                     fmt::format("<n:Pull><n:EnumerationContext>{}</n:EnumerationContext></n:Pull>",
                                 context_of(opened))))
        .response.body;
  }
  std::string last_enumerate;
};

TEST_F(CapturesTest, OurAnswersHaveTheBytesOfARecordedHost) {
  const auto host = recorded("recorded_computersystem_pull_host.xml", testing::computer_system);
  const auto vm = recorded("recorded_computersystem_pull_vm_running_eos.xml", testing::computer_system);

  systems->instances = {host, system("zzz")};
  EXPECT_EQ(normalized(first_pull("Msvm_ComputerSystem")),
            normalized(load("recorded-host/recorded_computersystem_pull_host.xml")));
  EXPECT_EQ(normalized(last_enumerate), normalized(load("recorded-host/recorded_computersystem_enumerate.xml")));

  systems->instances = {vm};
  EXPECT_EQ(normalized(first_pull("Msvm_ComputerSystem")),
            normalized(load("recorded-host/recorded_computersystem_pull_vm_running_eos.xml")));

  settings->instances = {setting("x")};
  jobs->instances = {recorded("recorded_affectedjobelement_pull.xml", testing::affected_job_element)};
  EXPECT_EQ(normalized(first_pull("Msvm_AffectedJobElement")),
            normalized(load("recorded-host/recorded_affectedjobelement_pull.xml")));
}

TEST_F(CapturesTest, OpenwsmanIdentifies) {
  const auto answer = replay("openwsman/02-Identify.http");
  EXPECT_TRUE(answer.body().is(names::wsmid, "IdentifyResponse"));
}

TEST_F(CapturesTest, OpenwsmanEnumeratesOneItemAPull) {
  const auto opened = replay("openwsman/04-Enumerate.http");
  const std::string context = context_of(opened);
  EXPECT_TRUE(std::regex_match(context, std::regex("uuid:[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"))) << context;

  const auto first = replay("openwsman/05-Pull.http", context);
  EXPECT_EQ(count(items(first)), 1U);
  EXPECT_EQ(context_of(first), context);
  EXPECT_FALSE(local_child(first.body(), "EndOfSequence"));
  const auto second = replay("openwsman/06-Pull.http", context);
  EXPECT_EQ(count(items(second)), 1U);
  EXPECT_FALSE(local_child(second.body(), "EnumerationContext"));
  EXPECT_TRUE(local_child(second.body(), "EndOfSequence"));
  EXPECT_EQ(replay("openwsman/06-Pull.http", context).subcode(), "n:InvalidEnumerationContext");
}

TEST_F(CapturesTest, OpenwsmanEnumeratesReferences) {
  const auto opened = replay("openwsman/11-Enumerate-EnumerateEPR.http");
  const auto pulled = replay("openwsman/12-Pull.http", context_of(opened));
  EXPECT_EQ(count(items(pulled)), 2U);
  const auto reference = items(pulled).first_child();
  EXPECT_TRUE(reference.is(names::addressing, "EndpointReference"));
  const auto parameters = reference.child(names::addressing, "ReferenceParameters");
  EXPECT_EQ(parameters.child(names::wsman, "ResourceURI").text(), uri("Msvm_ComputerSystem"));
  const auto set = parameters.child(names::wsman, "SelectorSet");
  EXPECT_EQ(set.first_child().attribute({}, "Name"), "CreationClassName");
  EXPECT_EQ(set.first_child().next_sibling().text(), "HOST1");
}

TEST_F(CapturesTest, OpenwsmanEnumeratesOptimizedObjectsAndReferences) {
  const auto answer = replay("openwsman/14-Enumerate-EnumerateObjectAndEPR-Opt.http");
  EXPECT_TRUE(items(answer).is(names::wsman, "Items"));
  EXPECT_EQ(count(items(answer)), 2U);
  EXPECT_TRUE(items(answer).first_child().is(names::wsman, "Item"));
  EXPECT_EQ(count(items(answer).first_child()), 2U);
  EXPECT_TRUE(answer.body().child(names::wsman, "EndOfSequence"));
  EXPECT_TRUE(answer.body().child(names::enumeration, "EnumerationContext"));
  EXPECT_EQ(context_of(answer), "") << "an empty context at the end";
}

TEST_F(CapturesTest, OpenwsmanTransfersAndInvokes) {
  EXPECT_EQ(local_child(replay("openwsman/16-Get.http").body(), "Name").text(), "HOST1");
  EXPECT_EQ(local_child(replay("openwsman/18-Invoke-StartService.http").body(), "ReturnValue").text(), "0");
  EXPECT_EQ(local_child(replay("openwsman/20-Invoke-RequestStateChange.http").body(), "ReturnValue").text(), "0")
      << "a method call finds its system by Name alone";
  EXPECT_EQ(replay("openwsman/22-Get.http").subcode(), "a:DestinationUnreachable");
  EXPECT_EQ(replay("openwsman/23-Put.http").subcode(), "a:DestinationUnreachable");
  EXPECT_EQ(replay("openwsman/25-Delete.http").subcode(), "a:DestinationUnreachable");
}

TEST_F(CapturesTest, OpenwsmanQueries) {
  const auto nothing = replay("openwsman/09-Pull.http", context_of(replay("openwsman/08-Enumerate-WQL.http")));
  EXPECT_EQ(nothing.response.status, 200U);
  EXPECT_EQ(count(items(nothing)), 0U) << "there is no system named x";
  EXPECT_TRUE(local_child(nothing.body(), "EndOfSequence"));
  systems->instances.push_back(system("X"));
  const auto one = replay("openwsman/09-Pull.http", context_of(replay("openwsman/08-Enumerate-WQL.http")));
  EXPECT_EQ(count(items(one)), 1U);
  EXPECT_EQ(local_child(items(one).first_child(), "Name").text(), "X");
}

TEST_F(CapturesTest, OpenwsmanGetsClearFaultsForWhatIsNotThere) {
  EXPECT_EQ(replay("openwsman/09-Pull.http").subcode(), "n:InvalidEnumerationContext");
  EXPECT_EQ(replay("openwsman/27-Subscribe.http").subcode(), "a:ActionNotSupported");
  EXPECT_EQ(replay("openwsman/29-Subscribe.http").subcode(), "a:ActionNotSupported");
}

TEST_F(CapturesTest, Pypsrp) {
  const auto opened = replay("pypsrp/01-Enumerate.http");
  const auto pulled = replay("pypsrp/02-Pull.http", context_of(opened));
  EXPECT_EQ(count(items(pulled)), 2U) << "MaxElements 32000";
  EXPECT_TRUE(local_child(pulled.body(), "EndOfSequence"));
  EXPECT_EQ(count(items(replay("pypsrp/03-Enumerate-Opt.http"))), 2U);
  const auto references = replay("pypsrp/04-Enumerate-EnumerateEPR.http");
  EXPECT_EQ(count(items(replay("pypsrp/05-Pull.http", context_of(references)))), 2U);
  const auto found = replay("pypsrp/07-Pull.http", context_of(replay("pypsrp/06-Enumerate-WQL.http")));
  EXPECT_EQ(count(items(found)), 2U);
  EXPECT_EQ(local_child(replay("pypsrp/08-Get.http").body(), "Name").text(), "HOST1");
  EXPECT_EQ(replay("pypsrp/09-Invoke-StartService.http").subcode(), "a:DestinationUnreachable")
      << "its selectors name a computer system";
  EXPECT_EQ(replay("pypsrp/10-Put.http").subcode(), "w:UnsupportedFeature");
  EXPECT_EQ(replay("pypsrp/11-Delete.http").subcode(), "w:UnsupportedFeature");
}

TEST_F(CapturesTest, EveryRecordedRequestGetsAnAnswer) {
  std::size_t requests = 0;
  for (const char* folder : {"openwsman", "pypsrp"})
    for (const auto& entry :
         std::filesystem::directory_iterator(std::string(VMMS_SOURCE_DIR) + "/tests/captures/" + folder)) {
      const auto answer = replay(std::string(folder) + "/" + entry.path().filename().string());
      EXPECT_TRUE(answer.response.status == 200 || answer.fault()) << entry.path();
      ++requests;
    }
  EXPECT_GE(requests, 28U);
}

}  // namespace
}  // namespace vmms::wire::wsman
