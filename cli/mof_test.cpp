// vmms mof check: what it says, and its exit statuses.
#include "cli/program.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace vmms::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class MofTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("vmms-mof-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "more" / "deep");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  int check(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"mof", "check"});
    std::istringstream in;
    std::ostringstream out, err;
    Console console{in, out, err};
    const int status = run(std::move(arguments), console);
    out_ = out.str();
    err_ = err.str();
    return status;
  }

  std::filesystem::path folder_;
  std::string out_, err_;
};

TEST_F(MofTest, AFileMayUseTheBuiltInSchema) {
  const std::string file = write("acme.mof", R"(
    [Description("A service.")] class Acme_Service : CIM_Service { uint16 Level = 3; };
    [Association] class Acme_Link : CIM_Dependency { [Override("Antecedent")] Acme_Service REF Antecedent; };
    instance of Acme_Service as $One { SystemCreationClassName = "S"; SystemName = "s"; Name = "n"; };)");
  EXPECT_EQ(check({file}), 0) << err_;
  EXPECT_EQ(out_, "1 file: 2 classes, 1 instance, 0 qualifier declarations, no problems\n");
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(MofTest, TheBuiltInSchemaItselfHasNoProblems) {
  std::vector<std::string> files;
  for (const char* path : {"/qualifiers.mof", "/wmi", "/cim", "/msvm", "/vmms"}) {
    const std::string full = std::string(VMMS_SOURCE_DIR "/schema") + path;
    if (!std::filesystem::is_directory(full)) {
      files.push_back(full);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(full)) files.push_back(entry.path().string());
  }
  EXPECT_EQ(check(files), 0) << err_;
  EXPECT_EQ(check({VMMS_SOURCE_DIR "/schema/vmms/Vmms_GuestOSService.mof"}), 0) << err_;
}

TEST_F(MofTest, EveryProblemHasItsPlace) {
  const std::string file = write("wrong.mof", R"(class Acme_A : Acme_Gone {};
class Acme_B : CIM_Service { [Nonsense] uint8 Level = 300; };)");
  EXPECT_EQ(check({file}), 1);
  EXPECT_EQ(err_, file + ":1:7: class Acme_A has the unknown superclass Acme_Gone\n" + file +
                      ":2:47: the default of Level does not fit uint8\n" + file +
                      ":2:31: qualifier Nonsense is not declared\n");
  EXPECT_THAT(out_, IsEmpty());
}

TEST_F(MofTest, EveryFileIsRead) {
  const std::string one = write("one.mof", "class {};");
  const std::string two = write("two.mof", "\nclass A { string B }");
  EXPECT_EQ(check({one, two}), 1);
  EXPECT_EQ(err_,
            one + ":1:7: expected a name, found \"{\"\n" + two + ":2:20: expected '(', ';', '[' or '=', found \"}\"\n");
}

TEST_F(MofTest, IncludesAreFollowed) {
  write("base.mof", "class Acme_Base {};");
  const std::string file = write("top.mof", "#pragma include (\"base.mof\")\nclass Acme_A : Acme_Base {};");
  EXPECT_EQ(check({file}), 0) << err_;
  EXPECT_EQ(out_, "1 file: 2 classes, 0 instances, 0 qualifier declarations, no problems\n");
  const std::string lost = write("lost.mof", "#pragma include (\"gone.mof\")");
  EXPECT_EQ(check({lost}), 1);
  EXPECT_EQ(err_,
            lost + ":1:9: there is no " + (folder_ / "gone.mof").string() + ", nor has any --include folder one\n");
}

TEST_F(MofTest, OtherClassesComeFromFilesAndFolders) {
  write("more/one.mof", "Qualifier Acme : string = null, Scope(any);");
  write("more/deep/two.mof", "class Acme_Base {}; class Acme_Wrong : Acme_Gone {};");
  write("more/notes.txt", "no MOF");
  const std::string other = write("other.mof", "class Acme_Other : Acme_Base {};");
  const std::string file = write("top.mof", "[Acme(\"x\")] class Acme_A : Acme_Other {};");
  EXPECT_EQ(check({file}), 1);
  EXPECT_EQ(check({"--include", (folder_ / "more").string(), "--include", other, file}), 0) << err_;
  EXPECT_EQ(out_, "1 file: 1 class, 0 instances, 0 qualifier declarations, no problems\n");
}

TEST_F(MofTest, WhatAFileDeclaresReplacesTheBuiltInSchema) {
  const std::string file = write("own.mof", R"(Qualifier Key : boolean = false, Scope(property);
    class CIM_ManagedElement { [Key] uint8 Caption; }; class CIM_Service : CIM_ManagedElement { uint8 Name; };)");
  EXPECT_EQ(check({file}), 0) << err_;
}

TEST_F(MofTest, TheBuiltInSchemaCountsInEveryNamespace) {
  const std::string file = write("own.mof", "class Acme_A : CIM_Service {};");
  EXPECT_EQ(check({"--namespace", "root/acme", file}), 0) << err_;
  EXPECT_EQ(check({write("other.mof", R"(#pragma namespace("\\\\.\\root\\wmi")
    [Description("A pump.")] class Acme_Pump { [Key, Read] string Id; };
    class Acme_Profile : CIM_RegisteredProfile {};)")}),
            0)
      << err_;
  // Classes of the files themselves belong to their own namespaces alone
  EXPECT_EQ(check({write("both.mof", "class Acme_B {};\n#pragma namespace (\"x\")\nclass Acme_C : Acme_B {};")}), 1);
  EXPECT_THAT(err_, HasSubstr("unknown superclass Acme_B"));
}

TEST_F(MofTest, IncludesAreLookedForInTheFoldersGiven) {
  write("more/Common.mof", "class Acme_Common { [Key] string Id; };");
  write("more/deep/Other.mof", "class Acme_Other : Acme_Common {};");
  const std::string file = write("input.mof", R"(#pragma include ("Common.mof")
#pragma include ("Deep\other.MOF")
class Acme_Z : Acme_Other { };)");
  EXPECT_EQ(check({file}), 1);
  EXPECT_EQ(check({"--include", (folder_ / "more").string(), file}), 0) << err_;
  EXPECT_EQ(out_, "1 file: 3 classes, 0 instances, 0 qualifier declarations, no problems\n");
}

TEST_F(MofTest, WhatIsWrongWithAnIncludedFolderIsAWarning) {
  const std::string broken = write("more/broken.mof", "class Acme_Base {}; class {};");
  const std::string file = write("top.mof", "class Acme_A : Acme_Base {};");
  EXPECT_EQ(check({"--include", (folder_ / "more").string(), file}), 0);
  EXPECT_EQ(err_, broken + ":1:27: warning: expected a name, found \"{\"\n");
  EXPECT_EQ(out_, "1 file: 1 class, 0 instances, 0 qualifier declarations, no problems, 1 warning\n");
}

TEST_F(MofTest, FoldersAreChecked) {
  write("more/A.MOF", "class Acme_A {};");
  write("more/deep/b.mof", "class Acme_B : Acme_A {};");
  EXPECT_EQ(check({(folder_ / "more").string()}), 0) << err_;
  EXPECT_EQ(out_, "2 files: 2 classes, 0 instances, 0 qualifier declarations, no problems\n");
}

TEST_F(MofTest, WarningsAreNoProblems) {
  const std::string file = write(
      "b.mof", "class Acme_A { [Key] string Id; string Name; };\nclass Acme_B : Acme_A { string Name = \"b\"; };");
  EXPECT_EQ(check({file}), 0);
  EXPECT_EQ(err_, file + ":2:32: warning: Name is inherited from Acme_A: say [Override(\"Name\")] to change it\n");
  EXPECT_EQ(check({"--json", file}), 0);
  EXPECT_EQ(boost::json::parse(out_).at("warnings").as_array().size(), 1U);
  EXPECT_TRUE(boost::json::parse(out_).at("problems").as_array().empty());
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(MofTest, QualifiersOfTheStandardAndOfOtherCompilersCount) {
  const std::string file = write("pump.mof", R"(
    [Version("2.6.0"), UMLPackagePath("Acme::Pumps"), Description("A pump."), Provider("cmpi:Acme_Pump")]
    class Acme_Pump {
      [Key, Provider("cmpi:Id")] string Id;
      [MinValue(1), MaxValue(9), Units("Volts")] uint8 Level;
      [MinLen(1), MaxLen(64), DN, Syntax("x"), Expensive] string Label;
      [OctetString] uint8 Blob[];
      [PUnit("hertz"), IsPUnit(false), Counter] uint32 Speed;
      [Static, Exception] uint32 Reset();
    };
    [Indication, Provider("cmpi:Acme_Alert")] class Acme_Alert : CIM_ProcessIndication { string Reason; };
    [Association, Provider] class Acme_Link {
      [Key, Required] CIM_ManagedElement REF One; [Key, NonLocal("x")] CIM_ManagedElement REF Other; };)");
  EXPECT_EQ(check({file}), 0) << err_;
}

TEST_F(MofTest, TheDialectOfWmiHasItsOwnClasses) {
  const std::string text = R"(#pragma namespace("\\\\.\\root\\acme")
#pragma deleteclass("Acme_Pump", NOFAIL)
instance of __Namespace { Name = "acme"; };
instance of __Win32Provider as $P { Name = "Acme"; CLSID = "{1}"; };
instance of __InstanceProviderRegistration { Provider = $P; SupportsGet = TRUE; };
[Dynamic, Provider("Acme"), guid("{1}")] class Acme_Pump : CIM_LogicalElement {
  [Key] string InstanceName;
  [Read, WmiDataId(1), Description("A part") : Amended] Acme_Part Part;
  void Stop([In] uint32 How);
};
class Acme_Event : WMIEvent { uint32 Level; };
instance of __EventFilter as $F { Name = "f"; Query = "SELECT * FROM Acme_Event"; QueryLanguage = "WQL"; };
instance of LogFileEventConsumer as $C { Name = "c"; Filename = "C:\\x.log"; Text = "%TargetInstance%"; };
instance of __FilterToConsumerBinding { Filter = $F; Consumer = $C; };
)";
  const std::string file = write("acme.mof", text);
  EXPECT_EQ(check({file}), 1);
  EXPECT_THAT(err_, HasSubstr("acme.mof:9:3: void is WMI's dialect of MOF (--dialect wmi)\n"));
  EXPECT_EQ(check({"--dialect", "wmi", file}), 0) << err_;
  EXPECT_EQ(check({"--dialect", "WMI", file}), 0) << err_;
  EXPECT_EQ(check({"--dialect", "other", file}), 2);
}

TEST_F(MofTest, ResultsAreJson) {
  EXPECT_EQ(check({"--json", write("right.mof", "class Acme_A {};")}), 0);
  EXPECT_EQ(boost::json::parse(out_),
            boost::json::parse(
                R"({"files":1,"classes":1,"instances":0,"qualifier_declarations":0,"problems":[],"problem_count":0,)"
                R"("warnings":[],"warning_count":0})"));
  const std::string file = write("wrong.mof", "class Acme_A");
  EXPECT_EQ(check({"--json", file}), 1);
  EXPECT_EQ(boost::json::value_to<std::string>(boost::json::parse(out_).at("problems").at(0)),
            file + ":1:13: expected as, ':' or '{', found the end of the text");
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(MofTest, WrongUsageIsAnError) {
  EXPECT_EQ(check({}), 2);
  EXPECT_EQ(check({"--nonsense", "x"}), 2);
  EXPECT_EQ(check({(folder_ / "gone.mof").string()}), 2);
  EXPECT_EQ(err_,
            "vmms: " + (folder_ / "gone.mof").string() + ": this file cannot be read: No such file or directory\n");
  EXPECT_EQ(check({"--include", (folder_ / "gone").string(), write("right.mof", "")}), 2);
  EXPECT_EQ(check({"--help"}), 0);
  EXPECT_THAT(out_, HasSubstr("file:line:column"));
}

}  // namespace
}  // namespace vmms::cli
