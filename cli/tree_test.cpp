// Which names a guest may give files of this machine, and what is in a directory.
#include "cli/tree.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace vmms::cli {
namespace {

namespace fs = std::filesystem;

TEST(Tree, NamesOfFiles) {
  for (const std::string name : {"a", "a b", ".hidden", "...", "name:x", "\xC3\xBC"})
    EXPECT_TRUE(is_file_name(name)) << name;
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../x"),
                                  std::string("/etc"), std::string("a/b"), std::string("a\nb"), std::string("a\x1b[2J"),
                                  std::string("a\0b", 3), std::string("\xff"), std::string(256, 'x')})
    EXPECT_FALSE(is_file_name(name)) << name;
}

class LocalTree : public testing::Test {
 protected:
  LocalTree() { fs::create_directories(folder_); }
  ~LocalTree() override { fs::remove_all(folder_); }
  const fs::path folder_ = fs::temp_directory_path() / ("vmms-tree-" + std::to_string(::getpid()));
};

TEST_F(LocalTree, LinksAndPipesAreLeftOut) {
  fs::create_directories(folder_ / "a/b");
  std::ofstream(folder_ / "a/b/file") << "12345";
  fs::create_symlink("/etc", folder_ / "a/link");
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  const auto tree = local_tree(folder_);
  ASSERT_TRUE(tree) << tree.error().message;
  std::size_t files = 0;
  std::vector<std::string> directories;
  for (const TreeEntry& entry : tree->entries) {
    if (entry.directory) directories.push_back(entry.path);
    files += entry.directory ? 0 : entry.size;
  }
  EXPECT_EQ(directories, (std::vector<std::string>{"", "a", "a/b"}));
  EXPECT_EQ(files, 5U);
  EXPECT_EQ(tree->left_out.size(), 2U);
}

TEST_F(LocalTree, ANameThatCannotBeSentEndsItBeforeItBegins) {
  fs::create_directories(folder_ / "a");
  std::ofstream(folder_ / "a/\xC3\xBC \u202e <&>") << "x";
  EXPECT_TRUE(local_tree(folder_));
  for (const char* name : {"a/\xff", "a/\n", "a/\x1b", "a/\x7f", "a/\xef\xbf\xbf"}) {
    std::ofstream(folder_ / name) << "x";
    const auto tree = local_tree(folder_);
    ASSERT_FALSE(tree) << name;
    EXPECT_NE(tree.error().message.find("nothing was copied"), std::string::npos) << tree.error().message;
    fs::remove(folder_ / name);
  }
}

TEST_F(LocalTree, ItsDepthIsBounded) {
  fs::path path = folder_;
  for (std::size_t i = 0; i < most_tree_depth + 2; ++i) path /= "d";
  fs::create_directories(path);
  EXPECT_FALSE(local_tree(folder_));
}

}  // namespace
}  // namespace vmms::cli
