// Which files of the host a request may name; nothing leads out of the folders.
#include "base/host_files.hpp"

#include <gtest/gtest.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>
#include <tuple>

namespace vmms {
namespace {

namespace fs = std::filesystem;

class NamedFolders : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vmms-folders-" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "in/sub");
    fs::create_directories(folder_ / "out");
    fs::create_directories(folder_ / "state");
    write("secret", "secret");
    write("in/sub/file", "harmless");
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(path(name)) << text; }
  static std::string content(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Result<std::shared_ptr<const HostFiles>> open(const std::string& read, const std::string& wrote = {}) const {
    HostFiles::Options options;
    if (!read.empty()) options.read = {{"images", read}};
    if (!wrote.empty()) options.write = {{"logs", wrote}};
    options.keep_out = {{"the state folder", path("state")}, {"the users file", path("state/users")}};
    if (fs::exists(path("mountinfo"))) options.mountinfo = path("mountinfo");
    return HostFiles::open(options);
  }

  fs::path folder_;
};

TEST_F(NamedFolders, NothingIsAllowedByDefault) {
  const auto files = open("");
  ASSERT_TRUE(files);
  const Error read = (*files)->source(path("in/sub/file")).error();
  EXPECT_EQ(read.kind, Failure::access_denied);
  EXPECT_NE(read.message.find("--copy-read"), std::string::npos) << read.message;
  const Error written = (*files)->target(path("out/x"), "x", true, true).error();
  EXPECT_NE(written.message.find("--copy-write"), std::string::npos) << written.message;
}

TEST_F(NamedFolders, ReadingAndWritingAreApart) {
  const auto files = open(path("in"), path("out"));
  ASSERT_TRUE(files) << files.error().message;
  EXPECT_TRUE((*files)->source(path("in/sub/file")));
  EXPECT_FALSE((*files)->source(path("out/x")));
  EXPECT_FALSE((*files)->target(path("in/x"), "x", true, false));
  auto target = (*files)->target(path("out/made/here/x"), "x", false, true);
  ASSERT_TRUE(target) << target.error().message;
  ASSERT_TRUE(target->write("text") && target->commit(0640, 0));
  EXPECT_EQ(content(path("out/made/here/x")), "text");
  auto in_folder = (*files)->target(path("out/"), "name", false, false);
  ASSERT_TRUE(in_folder && in_folder->commit(0600, 0));
  EXPECT_TRUE(fs::exists(path("out/name")));
  EXPECT_FALSE((*files)->target(path("out/none/x"), "x", false, false));
}

TEST_F(NamedFolders, NothingLeadsOut) {
  const auto files = open(path("in"), path("in"));
  ASSERT_TRUE(files);
  fs::create_symlink(path("secret"), path("in/absolute"));
  fs::create_symlink("../secret", path("in/relative"));
  fs::create_symlink(path(""), path("in/folder"));
  fs::create_symlink("/proc/self/root", path("in/magic"));
  fs::create_symlink("sub/file", path("in/inside"));
  for (const char* name : {"in/absolute", "in/relative", "in/folder/secret", "in/magic/etc/passwd", "in/../secret",
                           "in/sub/../../secret", "secret", "in-too", "in/sub/file/"}) {
    EXPECT_FALSE((*files)->source(path(name))) << name;
    if (name != std::string("in/sub/file/")) {
      EXPECT_FALSE((*files)->target(path(name), "x", true, true)) << name;
    }
  }
  EXPECT_TRUE((*files)->source(path("in/inside")));
  EXPECT_TRUE((*files)->source(path("in//sub/../sub/file")));
  EXPECT_FALSE((*files)->source(std::string("relative")));
  EXPECT_EQ(content(path("secret")), "secret");
}

TEST_F(NamedFolders, WhatIsSwappedForALinkIsNotFollowed) {
  const auto files = open(path("in"), path("in"));
  ASSERT_TRUE(files);
  std::atomic<bool> ends = false;
  std::thread swaps([&] {
    while (!ends) {
      fs::rename(path("in/sub"), path("in/kept"));
      fs::create_symlink(path(""), path("in/sub"));
      fs::remove(path("in/sub"));
      fs::rename(path("in/kept"), path("in/sub"));
    }
  });
  write("file", "SECRET outside");
  for (int i = 0; i < 2000; ++i) {
    const auto source = (*files)->source(path("in/sub/file"));
    if (source) {
      EXPECT_EQ(source->read(0, source->size()).value(), "harmless");
    }
    auto target = (*files)->target(path("in/sub/written"), "x", true, false);
    if (target && target->write("x")) target->commit(0600, 0).has_value();
  }
  ends = true;
  swaps.join();
  EXPECT_FALSE(fs::exists(path("written")));
}

TEST_F(NamedFolders, ADescriptorIsKeptToTheEnd) {
  const auto files = open(path("in"), path("in"));
  const auto source = (*files)->source(path("in/sub/file"));
  auto target = (*files)->target(path("in/sub/new"), "x", false, false);
  ASSERT_TRUE(source && target && target->write("text"));
  fs::rename(path("in/sub"), path("in/moved"));
  fs::create_symlink(path("out"), path("in/sub"));
  EXPECT_EQ(source->read(0, 8).value(), "harmless");
  ASSERT_TRUE(target->commit(0600, 0));
  EXPECT_TRUE(fs::exists(path("in/moved/new")));
  EXPECT_TRUE(fs::is_empty(path("out")));
}

TEST_F(NamedFolders, FoldersThatTouchOurOwnAreRefused) {
  fs::create_directories(path("state/inside"));
  write("state/users", "x");
  fs::create_directory_symlink(path("state"), path("alias"));
  for (const std::string& folder :
       {path("state"), path("state/inside"), path(""), path("alias"), path("alias/inside"), std::string("/")}) {
    const auto refused = open(folder);
    ASSERT_FALSE(refused) << folder;
    EXPECT_EQ(refused.error().kind, Failure::invalid_argument);
    EXPECT_NE(refused.error().message.find("state"), std::string::npos) << refused.error().message;
    EXPECT_FALSE(open("", folder)) << folder;
  }
  fs::remove_all(path("state"));
  EXPECT_FALSE(open(path(""))) << "it would contain what is not there yet";
  EXPECT_TRUE(open(path("in")));
  EXPECT_FALSE(open(path("missing")));
  EXPECT_FALSE(open(path("secret"))) << "a file";
}

TEST_F(NamedFolders, PartsOfOurOwnThatAreMountedInAFolderAreRefused) {
  fs::create_directories(path("state/inside"));
  fs::create_directories(path("in/sub/deep"));
  const std::string state = fs::canonical(path("state"));
  const std::string in = fs::canonical(path("in"));
  const std::string out = fs::canonical(path("out"));
  const auto mounted = [&](const std::string& device, const std::string& root, const std::string& where) {
    write("mountinfo", "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 " + device + " " + root + " " + where +
                           " rw shared:1 - ext4 /dev/a rw\n");
  };
  const std::tuple<std::string, std::string, std::string, bool> cases[] = {
      {"8:1", state + "/inside", in + "/sub", true},              // a part of it
      {"8:1", state + "/inside", in + "/sub/deep", true},         // however far below
      {"8:1", state + "/inside/of/it", in, true},                 // as the folder itself
      {"8:1", state, in + "/sub", true},                          // all of it
      {"8:1", state + "/users", in + "/sub/file", true},          // a file
      {"8:1", fs::path(state).parent_path(), in + "/sub", true},  // what contains it
      {"8:1", "/", in + "/sub", true},
      {"8:2", state + "/inside", in + "/sub", false},  // of the same name on another disk
      {"8:1", state + "-not", in + "/sub", false},     // a name that begins alike
      {"8:1", state + "/inside", in + "-not", false},  // somewhere else
      {"8:1", out, in + "/sub", false},                // nothing of ours
      {"8:1", in + "/sub", state + "/inside", true},   // the folder's in ours
      {"8:1", in, state + "/inside", true},
      {"8:1", fs::path(in).parent_path(), state, true},
      {"8:1", out, state + "/inside", false},
  };
  for (const auto& [device, root, where, refused] : cases) {
    SCOPED_TRACE(device + ' ' + root + " on " + where);
    mounted(device, root, where);
    for (const auto& files : {open(path("in")), open("", path("in"))}) {
      EXPECT_EQ(!files, refused);
      if (files) continue;
      EXPECT_EQ(files.error().kind, Failure::invalid_argument);
      for (const char* word : {"by a mount", "which no request may touch", "findmnt"}) {
        EXPECT_NE(files.error().message.find(word), std::string::npos) << files.error().message;
      }
    }
  }
}

TEST_F(NamedFolders, OurOwnByAnotherNameIsRefused) {
  write("state/users", "tester:hash");
  fs::create_directories(path("state/inside/deep"));
  write("state/inside/deep/file", "x");
  fs::create_hard_link(path("state/users"), path("in/users-too"));
  fs::create_hard_link(path("state/inside/deep/file"), path("in/file-too"));
  fs::create_hard_link(path("in/sub/file"), path("in/sub/file-too"));
  fs::create_hard_link(path("secret"), path("in/secret-too"));
  const auto files = open(path("in"), path("in"));
  ASSERT_TRUE(files) << files.error().message;
  for (const char* name : {"in/users-too", "in/file-too"}) {
    const auto source = (*files)->source(path(name));
    ASSERT_FALSE(source) << name;
    EXPECT_EQ(source.error().kind, Failure::access_denied);
    EXPECT_NE(source.error().message.find("hard link"), std::string::npos) << source.error().message;
  }
  for (const char* name : {"in/sub/file", "in/sub/file-too", "in/secret-too"})
    EXPECT_TRUE((*files)->source(path(name))) << name << " is nothing of ours";
  // Writing replaces the name, not the file.
  auto target = (*files)->target(path("in/users-too"), "x", true, false);
  ASSERT_TRUE(target && target->write("other") && target->commit(0600, 0));
  EXPECT_EQ(content(path("state/users")), "tester:hash");

  // What is kept out may change; it may lie in no folder then.
  write("key", "new");
  fs::create_hard_link(path("key"), path("in/key-too"));
  EXPECT_TRUE((*files)->source(path("in/key-too")));
  EXPECT_FALSE((*files)->check({{"the key", path("in/sub/file")}}));
  EXPECT_FALSE((*files)->check({{"the key", path("in/not-there-yet")}}));
  ASSERT_TRUE((*files)->check({{"the key", path("key")}}));
  (*files)->keep_out({{"the key", path("key")}});
  EXPECT_FALSE((*files)->source(path("in/key-too")));
}

TEST_F(NamedFolders, WithoutKnowingWhatIsMountedNothingIsGivenAway) {
  for (const char* text : {"", "nonsense\n", "1 0 8:1 / /srv rw - ext4 /dev/a rw\n"}) {
    write("mountinfo", text);
    const auto files = open(path("in"));
    ASSERT_FALSE(files) << text;
    EXPECT_EQ(files.error().kind, Failure::failed);
    EXPECT_TRUE(open("")) << "nothing is asked for";
  }
}

TEST_F(NamedFolders, WithoutOpenat2NothingIsOpened) {
  for (const int code : {ENOSYS, EPERM, EACCES, EINVAL, ENOENT, EEXIST, E2BIG, EAGAIN, EOPNOTSUPP, ELOOP}) {
    static int refusal = 0;
    refusal = code;
    const auto root = FileRoot::open(path("in"), FilePlace::host, [](int, const char*, const open_how&) {
      errno = refusal;
      return -1;
    });
    ASSERT_TRUE(root);
    EXPECT_FALSE(root->works());
    for (const Error& why : {root->source("sub/file").error(), root->target("sub/x", "x", true, true).error(),
                             root->make_directory("new", 0755).error()}) {
      EXPECT_EQ(why.kind, Failure::not_supported) << why.message;
      EXPECT_NE(why.message.find("openat2"), std::string::npos) << why.message;
    }
  }
  EXPECT_FALSE(fs::exists(path("in/new")));
}

TEST_F(NamedFolders, ErrorsSayThatAFileLiesOnTheHost) {
  const auto root = FileRoot::open(path("in"), FilePlace::host);
  ASSERT_TRUE(root);
  for (const Error& why :
       {root->source("none").error(), root->source("sub").error(), root->target("none/x", "x", false, false).error(),
        root->target("sub/file", "x", false, false).error()})
    EXPECT_NE(why.message.find(" on the host "), std::string::npos) << why.message;
  const auto here = FileRoot::open(path("in"), FilePlace::here);
  ASSERT_TRUE(here);
  EXPECT_NE(here->source("none").error().message.find(" on this machine "), std::string::npos);
  EXPECT_NE(root->target("none/x", "x", false, false).error().message.find("CreateFullPath"), std::string::npos);
  EXPECT_NE(here->target("none/x", "x", false, false).error().message.find("add --create-path"), std::string::npos);
  EXPECT_NE(FileRoot::open(path("none"), FilePlace::here).error().message.find("add --create-path"), std::string::npos);
}

TEST_F(NamedFolders, AFolderHasANameAndAnAbsolutePath) {
  const auto named = HostFiles::parse("images=/srv/a=b");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->name, "images");
  EXPECT_EQ(named->folder, "/srv/a=b");
  for (const char* wrong : {"/srv", "images", "images=srv", "=/srv", "a b=/srv", "a/b=/srv", ""})
    EXPECT_FALSE(HostFiles::parse(wrong)) << wrong;
}

}  // namespace
}  // namespace vmms
