// Files as people have them: folders, encodings, includes.
#include "cim/mof/source.hpp"

#include "base/encoding.hpp"
#include "cim/mof/parser.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace vmms::cim::mof {
namespace {

class Source : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) / ("mof-source-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_ / "lib" / "Core");
    std::filesystem::create_directories(folder_ / "sub");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  std::filesystem::path folder_;
};

TEST_F(Source, EveryMofFileOfAFolderCounts) {
  const std::string upper = write("sub/A.MOF", "");
  const std::string lower = write("sub/b.mof", "");
  write("sub/c.txt", "");
  std::filesystem::create_directories(folder_ / "sub" / "folder.mof");
  const std::string inner = write("sub/folder.mof/c.mof", "");
  const auto files = mof_files({"x", (folder_ / "sub").string(), lower});
  ASSERT_TRUE(files);
  EXPECT_EQ(*files, (std::vector<std::string>{"x", upper, lower, inner}));
}

TEST_F(Source, IncludesAreLookedForInFoldersWithoutCaseAndWithAnySlashes) {
  write("lib/Core/New.mof", "class New {};");
  write("lib/near.mof", "class Far {};");
  write("near.mof", "class Near {};");
  const ParseOptions options{.include_folders = {(folder_ / "sub").string(), (folder_ / "lib").string()}};
  const auto included = [&](const std::string& path) {
    const auto found = parse_files({write("top.mof", "#pragma include (\"" + path + "\")")}, options);
    return found ? found->classes.empty() ? std::string() : found->classes[0].name : found.error().message;
  };
  EXPECT_EQ(included("near.mof"), "Near") << "beside the including file first";
  for (const char* path : {"Core/New.mof", R"(Core\\New.mof)", R"(Core\New.mof)", "core/NEW.MOF", R"(CORE\new.mof)",
                           "./Core/../Core/New.mof", R"(.\Core\new.mof)"}) {
    EXPECT_EQ(included(path), "New") << path;
  }
  EXPECT_NE(included("Core").find("there is no "), std::string::npos);
}

TEST_F(Source, Utf16IsRead) {
  const std::string text = "class Höhe { string 😀; };\n  @";
  const std::string problem =
      ":2:3: expected the end of the text, qualifier, instance, #pragma, class or '[', found a character that MOF does "
      "not use";
  for (const auto form : {Encoding::Form::utf16_little_endian, Encoding::Form::utf16_big_endian}) {
    for (const bool has_mark : {false, true}) {
      const std::string right = write("right.mof", from_utf8(text.substr(0, text.size() - 1), {form, has_mark}));
      const auto found = parse_files({right});
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(found->classes.at(0).name, "Höhe");
      const std::string wrong = write("wrong.mof", from_utf8(text, {form, has_mark}));
      EXPECT_EQ(parse_files({wrong}).error().message, wrong + problem);
    }
  }
  const std::string half = write("half.mof", std::string("\xFF\xFE\x00\xD8x\x00", 6));
  EXPECT_EQ(parse_files({half}).error().message, half + ": byte 2: half of a surrogate pair of UTF-16");
}

TEST_F(Source, OtherBytesAreLatin1) {
  Problems problems;
  const std::string file = write("latin.mof", "// \xFC\nclass H\xF6he {};");
  const auto found = parse_files({file}, {}, problems);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->classes.size(), 1U);
  EXPECT_EQ(found->classes[0].name, "Höhe");
  EXPECT_EQ(problems.errors(), 0U);
  EXPECT_EQ(problems.text(Severity::warning),
            file + ":1:4: this is neither UTF-8 nor UTF-16, and read as Latin-1: save the file as UTF-8");
}

}  // namespace
}  // namespace vmms::cim::mof
