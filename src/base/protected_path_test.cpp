// Which users could replace a file that decides who may do what.
#include "base/protected_path.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace vmms {
namespace {

namespace fs = std::filesystem;

class ProtectedPath : public testing::Test {
 protected:
  ProtectedPath() {
    std::string name = fs::canonical(fs::temp_directory_path()) / "vmms-protected-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    fs::create_directories(folder_ / "outer/inner");
    fs::create_directories(folder_ / "other");
    for (const char* each : {"outer", "outer/inner", "other"}) mode(each, 0755);
    std::ofstream(path("outer/inner/file")) << "content";
    mode("outer/inner/file", 0600);
  }
  ~ProtectedPath() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  void mode(const std::string& name, mode_t mode) const { ASSERT_EQ(::chmod(path(name).c_str(), mode), 0); }
  void link(const std::string& target, const std::string& name) const { fs::create_symlink(target, path(name)); }

  static void expect_open(const std::string& file) {
    const auto opened = open_protected(file);
    ASSERT_TRUE(opened) << opened.error().message;
    std::array<char, 16> content{};
    ASSERT_EQ(::read(opened->get(), content.data(), content.size()), 7);
    EXPECT_STREQ(content.data(), "content");
  }
  /// What is said when it is refused, which says each of `words`.
  static void expect_refused(const std::string& file, const std::vector<std::string>& words) {
    const auto opened = open_protected(file);
    ASSERT_FALSE(opened) << file;
    EXPECT_EQ(opened.error().kind, Failure::access_denied);
    for (const std::string& word : words)
      EXPECT_NE(opened.error().message.find(word), std::string::npos) << word << ": " << opened.error().message;
  }

  fs::path folder_;
};

TEST_F(ProtectedPath, OpensWhatNobodyElseMayReplace) {
  link("file", "outer/inner/beside");
  link("../outer/inner/file", "other/relative");
  link(path("other/relative"), "absolute");
  link("outer/./inner", "folder");
  for (const char* name : {"outer/inner/file", "outer/inner/beside", "other/relative", "absolute", "folder/file",
                           "outer/../outer//inner/./file"})
    expect_open(path(name));
  const fs::path before = fs::current_path();
  fs::current_path(path("outer"));
  expect_open("inner/file");
  expect_open("../folder/file");
  fs::current_path(before);
}

TEST_F(ProtectedPath, AFolderThatOthersMayWriteIsNamedHoweverFarUp) {
  for (const char* name : {"outer/inner", "outer"}) {
    for (const auto& [loose, shown] : {std::pair(0777U, "0777"), std::pair(0757U, "0757"), std::pair(0703U, "0703")}) {
      mode(name, loose);
      expect_refused(path("outer/inner/file"), {shown, "chmod go-w " + path(name), path("outer/inner/file")});
    }
    mode(name, 01777);  // as /tmp: what is ours stays where it is
    expect_open(path("outer/inner/file"));
    mode(name, 0755);
  }
  expect_open(path("outer/inner/file"));
  // A file that is not there yet may be put there.
  mode("outer", 0777);
  expect_refused(path("outer/inner/missing"), {"chmod go-w " + path("outer")});
}

TEST_F(ProtectedPath, FoldersOfLinksAndOfTheirTargetsCount) {
  link(path("outer/inner/file"), "other/link");
  link("outer/inner", "folder");
  mode("other", 0777);
  expect_refused(path("other/link"), {"chmod go-w " + path("other")});
  expect_open(path("outer/inner/file"));
  mode("other", 0755);
  mode("outer/inner", 0777);
  expect_refused(path("other/link"), {"chmod go-w " + path("outer/inner")});
  expect_refused(path("folder/file"), {"chmod go-w " + path("outer/inner")});
  expect_refused(path("folder/../../other/link"), {"chmod go-w " + path("outer/inner")});
}

TEST_F(ProtectedPath, AGroupIsOthersUnlessItIsItsUsersOwn) {
  struct stat status {};
  ASSERT_EQ(::stat(path("outer").c_str(), &status), 0);
  status.st_gid = 3'999'999'999U;  // without a name, so its members are unknown
  status.st_mode = S_IFDIR | 0775;
  EXPECT_TRUE(others_may_write(status));
  status.st_mode = S_IFDIR | 0755;
  EXPECT_FALSE(others_may_write(status));
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives folders to another group";
  ASSERT_EQ(::chown(path("outer").c_str(), static_cast<uid_t>(-1), 54321), 0);
  mode("outer", 0775);
  expect_refused(path("outer/inner/file"), {"0775", "chmod go-w " + path("outer")});
  mode("outer", 0755);
  expect_open(path("outer/inner/file"));
}

TEST_F(ProtectedPath, WhatBelongsToAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files to another user";
  link("file", "outer/inner/link");
  const auto give = [&](const char* name, uid_t user) {
    ASSERT_EQ(::lchown(path(name).c_str(), user, static_cast<gid_t>(-1)), 0);
  };
  for (const char* name : {"outer", "outer/inner", "outer/inner/link", "outer/inner/file"}) {
    give(name, 54321);
    expect_refused(path("outer/inner/link"), {"user 54321", path("outer/inner/link")});
    give(name, 0);
  }
  // The sticky bit keeps nothing from the folder's owner.
  give("outer", 54321);
  mode("outer", 01777);
  expect_refused(path("outer/inner/file"), {"the folder " + path("outer")});
}

TEST_F(ProtectedPath, OfAFolderTheWayCounts) {
  mode("outer/inner", 0777);
  link("outer/inner", "folder");
  for (const char* name : {"outer/inner", "outer/inner/", "folder", "outer/inner/."})
    EXPECT_TRUE(open_protected_folder(path(name))) << name;
  EXPECT_EQ(open_protected_folder(path("missing")).error().kind, Failure::not_found);
  mode("outer/inner", 0755);
  EXPECT_EQ(open_protected_folder(path("outer/inner/file")).error().kind, Failure::failed);
  mode("outer/inner", 0777);
  mode("outer", 0777);
  const auto refused = open_protected_folder(path("outer/inner"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("chmod go-w " + path("outer")), std::string::npos) << refused.error().message;
  mode("outer", 0755);
  if (::geteuid() != 0) return;
  ASSERT_EQ(::lchown(path("folder").c_str(), 54321, static_cast<gid_t>(-1)), 0);
  EXPECT_EQ(open_protected_folder(path("folder")).error().kind, Failure::access_denied) << "somebody else's link";
  EXPECT_TRUE(open_protected_folder(path("outer/inner")));
}

TEST_F(ProtectedPath, ALogIsAppendedToOrMade) {
  const auto append = [&](const std::string& name) {
    const auto log = open_protected_log(path(name));
    ASSERT_TRUE(log) << log.error().message;
    EXPECT_EQ(::write(log->get(), "+", 1), 1);
  };
  append("other/log");
  append("other/log");
  struct stat status {};
  ASSERT_EQ(::stat(path("other/log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(status.st_size, 2);
  link("log", "other/link");
  append("other/link");
  append("outer/inner/file");
  ASSERT_EQ(::stat(path("outer/inner/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 8) << "what was there stays";
  link("nothing", "other/dangling");
  append("other/dangling");
  EXPECT_TRUE(fs::exists(path("other/nothing")));
  ASSERT_EQ(::mkfifo(path("other/pipe").c_str(), 0600), 0);
  for (const std::string& name : {path("other/pipe"), path("other"), path("other/"), std::string("/dev/null")}) {
    const auto refused = open_protected_log(name);
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().kind, Failure::invalid_argument) << refused.error().message;
  }
  EXPECT_EQ(open_protected_log(path("none/log")).error().kind, Failure::not_found);
  mode("other", 0777);
  EXPECT_EQ(open_protected_log(path("other/log")).error().kind, Failure::access_denied);
  EXPECT_EQ(open_protected_log(path("other/new")).error().kind, Failure::access_denied);
  EXPECT_FALSE(fs::exists(path("other/new")));
  if (::geteuid() != 0) return;
  // As /var/log on some systems.
  ASSERT_EQ(::chown(path("other").c_str(), 0, 54321), 0);
  mode("other", 0775);
  EXPECT_TRUE(open_protected_log(path("other/log")));
  EXPECT_EQ(open_protected(path("other/log")).error().kind, Failure::access_denied);
  ASSERT_EQ(::chown(path("other/log").c_str(), 54321, 0), 0);
  EXPECT_EQ(open_protected_log(path("other/log")).error().kind, Failure::access_denied) << "somebody else's";
}

TEST_F(ProtectedPath, WhatIsNoFileIsSaid) {
  EXPECT_EQ(open_protected(path("missing")).error().kind, Failure::not_found);
  EXPECT_EQ(open_protected(path("missing/file")).error().kind, Failure::not_found);
  EXPECT_EQ(open_protected("").error().kind, Failure::not_found);
  EXPECT_EQ(open_protected(path("outer/inner/file/more")).error().kind, Failure::failed);
  EXPECT_EQ(open_protected(path("outer/inner/file/")).error().kind, Failure::failed);
  EXPECT_EQ(open_protected(path(std::string("other/\0x", 8))).error().kind, Failure::failed);
  link("loop", "loop");
  EXPECT_EQ(open_protected(path("loop")).error().kind, Failure::failed);
  link(std::string(4000, 'x'), "long");
  EXPECT_FALSE(open_protected(path("long")));
  EXPECT_TRUE(open_protected(path("outer"))) << "who asks sees that it is a folder";
}

}  // namespace
}  // namespace vmms
