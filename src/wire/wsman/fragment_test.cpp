// Fragment-level transfer, and what requests say of the form of answers.
#include "testing/wsman_server.hpp"

namespace vmms::wire::wsman {
namespace {

using testing::Answer;
using testing::local_child;
using testing::soap;
using testing::uri;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class FragmentTest : public testing::WsmanServerTest {
 protected:
  FragmentTest() {
    auto instance = setting("S1");
    instance.set("EnabledState", std::uint64_t{2});
    instance.set("Names", cim::Array{std::string("a"), std::string("b")});
    settings->instances = {instance};
    settings->on_modify = [this](const cim::ObjectPath&, const cim::Instance& changes) -> Status {
      for (std::size_t i = 0; i < changes.values.size(); ++i)
        if (!changes.values[i].is_null()) settings->instances[0].values[i] = changes.values[i];
      return {};
    };
  }
  static std::string header(std::string_view expression) {
    return fmt::format("<w:FragmentTransfer s:mustUnderstand=\"true\">{}</w:FragmentTransfer>", expression);
  }
  Answer get(std::string_view expression) {
    return call(soap(names::action_get, uri("Test_SettingData"), {{"InstanceID", "S1"}}, {}, header(expression)));
  }
  Answer put(std::string_view expression, std::string_view inside) {
    return call(soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}},
                     fmt::format("<w:XmlFragment>{}</w:XmlFragment>", inside), header(expression)));
  }
  static std::vector<std::string> texts(const Answer& answer) {
    std::vector<std::string> found;
    for (const auto child : answer.body().children()) found.push_back(child.text());
    return found;
  }
};

TEST_F(FragmentTest, GetAnswersThePropertyAlone) {
  const auto answer = get("EnabledState");
  EXPECT_EQ(answer.response.status, 200U) << answer.reason();
  EXPECT_TRUE(answer.body().is(names::wsman, "XmlFragment"));
  EXPECT_TRUE(answer.body().first_child().is(uri("Test_SettingData"), "EnabledState"));
  EXPECT_EQ(texts(answer), std::vector<std::string>{"2"});
  const auto echoed = answer.document.root().child(names::soap, "Header").child(names::wsman, "FragmentTransfer");
  EXPECT_EQ(echoed.text(), "EnabledState");
  EXPECT_EQ(echoed.attribute(names::soap, "mustUnderstand"), "true");
}

TEST_F(FragmentTest, PathsMayNameTheClassAnItemOrTheText) {
  EXPECT_EQ(texts(get("p:Test_SettingData/p:enabledstate")), std::vector<std::string>{"2"});
  EXPECT_EQ(texts(get("/Test_SettingData/Names")), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(texts(get("Names[2]")), std::vector<std::string>{"b"});
  EXPECT_EQ(get("EnabledState/text()").body().text(), "2");
  EXPECT_EQ(get("Names[1]/text()").body().text(), "a");
  EXPECT_EQ(get("Names[3]/text()").body().attribute(names::xsi, "nil"), "true");
  EXPECT_EQ(local_child(get("Shared").body(), "Shared").attribute(names::xsi, "nil"), "true") << "a NULL";
}

TEST_F(FragmentTest, PathsThatNameNothingAreRefused) {
  for (const char* path : {"Color", "", "/", "Names[0]", "Names[x]", "Names[2", "Other/Names", "//Names",
                           "Names/text()", "Names[position()=1]", "a/b/c"}) {
    const auto answer = get(path);
    if (std::string_view(path) == "//Names") continue;  // steps between slashes: this is read as Names
    EXPECT_EQ(answer.subcode(), "n:CannotProcessFilter") << path;
  }
}

TEST_F(FragmentTest, PutChangesThePropertyAlone) {
  settings->instances[0].set("Temperature", std::int64_t{-3});
  const auto answer = put("EnabledState", "<p:EnabledState xmlns:p=\"urn:any\">3</p:EnabledState>");
  EXPECT_EQ(answer.response.status, 200U) << answer.reason();
  EXPECT_EQ(texts(answer), std::vector<std::string>{"3"});
  EXPECT_EQ(settings->instances[0]["EnabledState"], cim::Value(std::uint64_t{3}));
  EXPECT_EQ(settings->instances[0]["Temperature"], cim::Value(std::int64_t{-3}));
  EXPECT_EQ(put("EnabledState/text()", "8").body().text(), "8");
}

TEST_F(FragmentTest, PutOfAnItemKeepsTheOthers) {
  EXPECT_EQ(put("Names[1]", "<Names>x</Names>").response.status, 200U);
  EXPECT_EQ(settings->instances[0]["Names"], cim::Value(cim::Array{std::string("x"), std::string("b")}));
  EXPECT_EQ(put("Names[3]/text()", "c").response.status, 200U);
  EXPECT_EQ(settings->instances[0]["Names"],
            cim::Value(cim::Array{std::string("x"), std::string("b"), std::string("c")}));
  EXPECT_EQ(put("Names", "<Names>1</Names><Names>2</Names>").response.status, 200U);
  EXPECT_EQ(settings->instances[0]["Names"], cim::Value(cim::Array{std::string("1"), std::string("2")}));
}

TEST_F(FragmentTest, PutsThatDoNotFitAreRefusedAndChangeNothing) {
  for (const auto& [path, inside] : Pairs{{"EnabledState", "<Names>x</Names>"},
                                          {"EnabledState", ""},
                                          {"EnabledState", "<EnabledState>many</EnabledState>"},
                                          {"Names[9]", "<Names>x</Names>"},
                                          {"Names/text()", "x"},
                                          {"EnabledState[2]", "<EnabledState>3</EnabledState>"}}) {
    EXPECT_EQ(put(path, inside).subcode(), "x:InvalidRepresentation") << path << " " << inside;
    EXPECT_EQ(settings->instances[0]["EnabledState"], cim::Value(std::uint64_t{2}));
  }
  const auto whole = call(
      soap(names::action_put, uri("Test_SettingData"), {{"InstanceID", "S1"}}, "<Test_SettingData/>", header("Names")));
  EXPECT_EQ(whole.subcode(), "x:InvalidRepresentation") << "no XmlFragment";
}

TEST_F(FragmentTest, AnEnumerationMayGiveOneProperty) {
  const auto answer = call(soap(names::action_enumerate, uri("Test_SettingData"), {},
                                "<n:Enumerate><w:OptimizeEnumeration/></n:Enumerate>", header("InstanceID")));
  const auto fragment = local_child(answer.body(), "Items").first_child();
  EXPECT_TRUE(fragment.is(names::wsman, "XmlFragment")) << answer.response.body;
  EXPECT_EQ(local_child(fragment, "InstanceID").text(), "S1");
}

TEST_F(FragmentTest, PropertiesThatAreNullMayBeLeftOut) {
  constexpr std::string_view options =
      "<w:OptionSet s:mustUnderstand=\"true\" xmlns:b=\"http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd\">"
      "<w:Option Name=\"b:ExcludeNilProperties\"/></w:OptionSet>";
  const auto answer = call(soap(names::action_get, uri("Test_SettingData"), {{"InstanceID", "S1"}}, {}, options));
  EXPECT_EQ(texts(answer).size(), 4U) << "a number, an id, two names";
}

TEST_F(FragmentTest, Utf16IsAnsweredInKind) {
  const std::string text = soap(names::action_get, uri("Test_SettingData"), {{"InstanceID", "S1"}});
  for (const auto form : {Encoding::Form::utf16_little_endian, Encoding::Form::utf16_big_endian})
    for (const bool mark : {false, true}) {
      auto request = testing::post(from_utf8(text, {form, mark}));
      request.content_type = "application/soap+xml;charset=\"UTF-16\"";
      const auto exchange = send(std::move(request));
      const http::Response response = exchange->wait();
      EXPECT_EQ(response.status, 200U);
      EXPECT_TRUE(response.content_type.starts_with("application/soap+xml;charset=UTF-16"));
      EXPECT_EQ(response.content_type.ends_with("UTF-16"), mark) << "else the order is in the name";
      const Encoding seen = encoding_of(response.body);
      EXPECT_EQ(seen.form, form);
      EXPECT_EQ(seen.has_mark, mark);
      EXPECT_NE(to_utf8(response.body, seen).value().find(">S1<"), std::string::npos);
      // Faults, too.
      auto half = testing::post(from_utf8(text, {form, mark}) + "x");
      EXPECT_EQ(send(std::move(half))->wait().status, 400U);
    }
}

}  // namespace
}  // namespace vmms::wire::wsman
