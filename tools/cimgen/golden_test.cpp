// The output for a small schema, compared with what is checked in.
#include "input.hpp"
#include "output.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace vmms::cimgen {
namespace {

const std::string folder = VMMS_SOURCE_DIR "/tools/cimgen/golden";

TEST(Golden, OutputIsAsCheckedIn) {
  const auto schema = read_schema({folder + "/schema"});
  ASSERT_TRUE(schema) << schema.error().message;
  std::string text;
  for (const auto& [path, content] : generate({*schema, "root/test"})) text += "==== " + path + "\n" + content;
  if (std::getenv("VMMS_UPDATE_GOLDEN")) std::ofstream(folder + "/expected.txt", std::ios::binary) << text;
  std::ifstream stream(folder + "/expected.txt", std::ios::binary);
  const std::string expected(std::istreambuf_iterator<char>(stream), {});
  if (text == expected) return;
  const auto [ours, theirs] = std::mismatch(text.begin(), text.end(), expected.begin(), expected.end());
  const auto line = std::count(text.begin(), ours, '\n') + 1;
  FAIL() << "golden/expected.txt differs from line " << line << " on; if that is meant, run this with "
         << "VMMS_UPDATE_GOLDEN=1 and read the difference. Now: "
         << text.substr(static_cast<std::size_t>(ours - text.begin()), 200);
}

class InputTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(testing::TempDir()) / ("cimgen-" + std::to_string(::getpid()));
    std::filesystem::create_directories(path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(path_ / name) << text; }

  std::filesystem::path path_;
};

TEST_F(InputTest, AClassBelongsIntoAFileOfItsName) {
  write("Test_One.mof", "class Test_Two {};");
  const auto schema = read_schema({path_.string()});
  ASSERT_FALSE(schema);
  EXPECT_EQ(schema.error().message,
            (path_ / "Test_One.mof").string() + ":1:7: class Test_Two belongs in a file Test_Two.mof");
}

TEST_F(InputTest, FilesOfAllFoldersMakeOneSchema) {
  write("Test_One.mof", "class Test_One : Test_Two {};");
  write("Test_Two.mof", "class Test_Two { uint8 A; };");
  write("notes.txt", "not MOF");
  const auto schema = read_schema({path_.string(), (path_ / "Test_One.mof").string()});
  ASSERT_TRUE(schema) << schema.error().message;
  ASSERT_EQ(schema->classes.size(), 2U);
  EXPECT_NE(schema->find("test_one")->property("a"), nullptr);
}

}  // namespace
}  // namespace vmms::cimgen
