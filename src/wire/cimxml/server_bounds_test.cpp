// What a short request could make large.
#include "testing/cimxml_server.hpp"
#include "wire/cimxml/answer_bound.hpp"
#include "wire/representation/embedded_instance.hpp"

namespace vmms::wire::cimxml {
namespace {

using testing::instance_name;
using testing::intrinsic_request;
using testing::parameter;

class CimxmlBoundsTest : public testing::CimxmlServerTest {
 protected:
  testing::CimxmlAnswer get(std::string_view name) {
    return call(intrinsic_request("GetInstance", parameter("InstanceName", name)));
  }
  static std::string name_of(std::string_view keys) {
    return fmt::format("<INSTANCENAME CLASSNAME=\"Test_SettingData\">{}</INSTANCENAME>", keys);
  }
  static std::string nested(int levels, std::size_t quotes) {
    std::string key = fmt::format("<KEYVALUE>{}</KEYVALUE>", std::string(quotes, '"'));
    for (int i = 0; i < levels; ++i)
      key = fmt::format("<VALUE.REFERENCE>{}</VALUE.REFERENCE>",
                        name_of("<KEYBINDING NAME=\"InstanceID\">" + key + "</KEYBINDING>"));
    return name_of("<KEYBINDING NAME=\"InstanceID\">" + key + "</KEYBINDING>");
  }
};

TEST_F(CimxmlBoundsTest, ReferencesNestEightDeep) {
  const testing::CimxmlAnswer found = get(nested(8, 60'000));
  EXPECT_EQ(found.code(), 4) << found.description();
  EXPECT_NE(found.description().find("is a string, not a reference"), std::string::npos) << "it was read";
  EXPECT_LT(found.response.body.size(), 8'000u) << "written out it is 15 MB";
  for (const int levels : {9, 12})
    EXPECT_NE(get(nested(levels, 10)).description().find("nest more than 8 deep"), std::string::npos) << levels;
}

TEST_F(CimxmlBoundsTest, KeysParametersAndListsAreCounted) {
  std::string keys, parameters, list;
  for (int i = 0; i < 5'000; ++i) {
    keys += fmt::format("<KEYBINDING NAME=\"k{}\"><KEYVALUE>1</KEYVALUE></KEYBINDING>", i);
    parameters += parameter(fmt::format("p{}", i), "");
    list += fmt::format("<VALUE>p{}</VALUE>", i);
  }
  EXPECT_NE(get(name_of(keys)).description().find("more than 64 keys"), std::string::npos);
  EXPECT_NE(get(name_of("<KEYBINDING NAME=\"a\"><KEYVALUE>1</KEYVALUE></KEYBINDING>"
                        "<KEYBINDING NAME=\"A\"><KEYVALUE>1</KEYVALUE></KEYBINDING>"))
                .description()
                .find("twice"),
            std::string::npos);
  EXPECT_EQ(call(intrinsic_request("GetInstance", parameters)).code(), 4);
  EXPECT_NE(
      call(intrinsic_request("GetInstance", parameter("InstanceName", testing::setting_name("a")) +
                                                parameter("PropertyList", "<VALUE.ARRAY>" + list + "</VALUE.ARRAY>")))
          .description()
          .find("more than 1024 items"),
      std::string::npos);
}

TEST_F(CimxmlBoundsTest, KeysAreNotLongerThanThoseOfObjectsAre) {
  const auto get_named = [&](std::size_t bytes) {
    return get(
        name_of("<KEYBINDING NAME=\"InstanceID\"><KEYVALUE>" + std::string(bytes, 'x') + "</KEYVALUE></KEYBINDING>"));
  };
  const std::size_t most = cim::ObjectPath::longest_key - std::string_view("InstanceID").size();
  EXPECT_EQ(get_named(most).code(), 6) << "there is no such instance";
  const auto refused = get_named(most + 1);
  EXPECT_EQ(refused.code(), 4);
  EXPECT_NE(refused.description().find("longer than 65536 bytes"), std::string::npos) << refused.description();
}

TEST_F(CimxmlBoundsTest, AnswersToOneRequestAreBoundedTogether) {
  const std::string deep = parameter("DeepInheritance", "<VALUE>TRUE</VALUE>");
  const std::string classes[] = {
      testing::intrinsic_call("GetClass", parameter("ClassName", "<CLASSNAME NAME=\"Msvm_ComputerSystem\"/>") +
                                              parameter("LocalOnly", "<VALUE>FALSE</VALUE>")),
      testing::intrinsic_call("EnumerateClasses", deep + parameter("LocalOnly", "<VALUE>FALSE</VALUE>")),
  };
  for (const std::string& each : classes) {
    std::string calls;
    for (std::size_t i = 0; i < most_calls; ++i) calls += each;
    const auto answer =
        call(testing::cimxml_request(testing::message("<MULTIREQ>" + calls + "</MULTIREQ>"), {{"CIMBatch", ""}}));
    ASSERT_EQ(answer.response.status, 200u) << answer.response.body;
    const std::string& body = answer.response.body;
    EXPECT_NE(body.find("<IRETURNVALUE>"), std::string::npos) << "the first ones are answered";
    EXPECT_NE(body.find("CIM_ERR_FAILED"), std::string::npos) << "the last ones are not: " << each;
    EXPECT_LT(body.size(), 64u * 1024 + body.find("</SIMPLERSP>") + most_calls * 512) << each;
  }
}

TEST_F(CimxmlBoundsTest, AnAnswerIsPaidForWhileItIsWritten) {
  constexpr std::size_t mebibyte = 1 << 20;
  Ledger::Options options;
  options.bytes = 100 * mebibyte;
  options.bytes_of_principal = 3 * mebibyte;
  Ledger small(options);
  const MachineOf machine_of = [](const cim::ObjectPath&) { return std::string(); };
  enumeration::Contexts contexts{{}};
  const Call none;
  cim::Context context;
  context.account = small.account(Ledger::Payer::principal, "alice");
  std::string answer = "what others wrote";
  {
    AnswerBound bound({manager, machine_of, contexts, testing::cimxml_schema, nullptr, none, context, 16 * mebibyte},
                      answer);
    answer.append(AnswerBound::free_bytes, 'x');
    EXPECT_TRUE(bound.check());
    EXPECT_EQ(context.account->bytes(), 0u);
    answer.append(mebibyte, 'x');
    EXPECT_TRUE(bound.check());
    EXPECT_GE(context.account->bytes(), mebibyte);
    answer.append(3 * mebibyte, 'x');
    const auto refused = bound.check();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::server_limits_exceeded);
  }
  EXPECT_EQ(context.account->bytes(), 0u);
}

TEST_F(CimxmlBoundsTest, InstancesOfAValueAreCounted) {
  const cim::Property property{.name = "Settings", .type = cim::Type::instance, .is_array = true};
  const auto read = [&](std::size_t number) {
    std::string values = "<VALUE.ARRAY>";
    for (std::size_t i = 0; i < number; ++i)
      values += "<VALUE>&lt;INSTANCE CLASSNAME=\"Test_SettingData\"/&gt;</VALUE>";
    const auto document = xml::Document::parse(values + "</VALUE.ARRAY>");
    return representation::read_value(document->root(), property.type, property.is_array, testing::cimxml_schema);
  };
  EXPECT_TRUE(read(representation::most_instances));
  EXPECT_FALSE(read(representation::most_instances + 1));
}

}  // namespace
}  // namespace vmms::wire::cimxml
