#include "wire/auth/password_file.hpp"

#include "wire/auth/password_hash.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

namespace vmms::wire::auth {
namespace {

class PasswordFileTest : public ::testing::Test {
 protected:
  PasswordFileTest() {
    std::string name = std::filesystem::temp_directory_path() / "vmms-users-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/users";
  }
  ~PasswordFileTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& content) {
    std::ofstream(path_, std::ios::trunc) << content;
    ::chmod(path_.c_str(), 0600);
  }
  std::string read() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool set(const std::string& name, const std::string& password) {
    const auto done = set_user(path_, name, password, 1);
    EXPECT_TRUE(done) << done.error().message;
    return done && *done;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(PasswordFileTest, HashesAreVerified) {
  const std::string hash = hash_password("secret", 1).value();
  EXPECT_TRUE(is_yescrypt_hash(hash)) << hash;
  EXPECT_TRUE(verify_password("secret", hash).value());
  EXPECT_FALSE(verify_password("secret ", hash).value());
  EXPECT_FALSE(verify_password("", hash).value());
  EXPECT_FALSE(verify_password(std::string("secret\0x", 8), hash).value());
  for (const std::size_t bytes : {510U, 511U, 512U, 513U, 1000U}) {
    const std::string password(bytes, 'x');
    const auto wrong = verify_password(password, hash);
    ASSERT_TRUE(wrong) << bytes << " bytes are no failure of ours: " << wrong.error().message;
    EXPECT_FALSE(*wrong);
    const auto made = hash_password(password, 1);
    EXPECT_EQ(made.has_value(), bytes < 512) << bytes;
    if (made) {
      EXPECT_TRUE(verify_password(password, *made).value());
    }
  }
  EXPECT_NE(hash, hash_password("secret", 1).value()) << "there is no salt";
  EXPECT_TRUE(is_yescrypt_hash(hash_password("secret").value()));
  EXPECT_TRUE(verify_password("pässwörd", hash_password("pässwörd", 1).value()).value());
}

TEST_F(PasswordFileTest, ImpossiblePasswordsAreRefused) {
  for (const std::string& bad :
       {std::string(), std::string(600, 'x'), std::string("a\nb"), std::string("a\0b", 3), std::string("\xff\xfe")}) {
    const auto hash = hash_password(bad, 1);
    ASSERT_FALSE(hash);
    EXPECT_EQ(hash.error().kind, Failure::invalid_argument);
  }
}

TEST_F(PasswordFileTest, ReadsUsersCommentsAndBlankLines) {
  const std::string hash = hash_password("x", 1).value();
  const auto users = parse_users("# who may in\n\n \t\nalice:" + hash + "\r\n  # more\njörg:" + hash, "users");
  ASSERT_TRUE(users) << users.error().message;
  EXPECT_EQ(users->hashes.size(), 2u);
  EXPECT_EQ(users->hashes.at("alice"), hash);
  EXPECT_EQ(users->hashes.at("jörg"), hash);
}

TEST_F(PasswordFileTest, SaysWhereTheFileIsWrong) {
  const std::string good = "alice:" + hash_password("x", 1).value() + "\n";
  const std::string hash = hash_password("x", 1).value();
  for (const std::string& bad :
       {std::string("alice"), std::string("alice:"), std::string("bob:plain"), std::string("bob:$6$salt$abcdef"),
        "bob:" + hash + "x", "bob:" + hash.substr(0, 40), "bob:" + hash + ":more", ":" + hash, "al ice :" + hash,
        "b\x01ob:" + hash, std::string(200, 'b') + ":" + hash, "alice:" + hash, std::string("bob:$y$*$x$") + hash}) {
    SCOPED_TRACE(bad);
    const auto users = parse_users(good + bad + "\n", "/etc/vmms/users");
    ASSERT_FALSE(users);
    EXPECT_EQ(users.error().message.rfind("/etc/vmms/users:2: ", 0), 0u) << users.error().message;
    EXPECT_EQ(users.error().message.find("plain"), std::string::npos);
  }
}

TEST_F(PasswordFileTest, OpenNeedsAProperFile) {
  EXPECT_EQ(PasswordFile::open(path_).error().kind, Failure::not_found);
  EXPECT_FALSE(PasswordFile::open(folder_));
  EXPECT_FALSE(PasswordFile::open("/dev/zero"));
  write("nonsense\n");
  EXPECT_NE(PasswordFile::open(path_).error().message.find(path_ + ":1: "), std::string::npos);
  write("");
  EXPECT_TRUE(PasswordFile::open(path_));
}

TEST_F(PasswordFileTest, AFileThatIsOpenToOthersIsRefused) {
  EXPECT_TRUE(set("alice", "one"));
  for (const mode_t mode : {0620, 0602, 0604, 0644, 0666}) {
    ::chmod(path_.c_str(), mode);
    const auto file = PasswordFile::open(path_);
    ASSERT_FALSE(file) << mode;
    EXPECT_EQ(file.error().kind, Failure::access_denied);
    EXPECT_NE(file.error().message.find("chmod 600 " + path_), std::string::npos) << file.error().message;
  }
  for (const mode_t mode : {0400, 0600, 0640, 0700}) {
    ::chmod(path_.c_str(), mode);
    EXPECT_TRUE(PasswordFile::open(path_)) << mode;
  }
  // While it serves, the users stay as they were.
  const auto file = PasswordFile::open(path_).value();
  EXPECT_TRUE(set("bob", "two"));
  ::chmod(path_.c_str(), 0666);
  EXPECT_EQ(file->users()->hashes.size(), 1u);
  EXPECT_FALSE(file->read_again());
  ::chmod(path_.c_str(), 0600);
  EXPECT_EQ(file->users()->hashes.size(), 2u);
}

TEST_F(PasswordFileTest, WhatCouldNotBeReadIsTriedAgain) {
  EXPECT_TRUE(set("alice", "one"));
  const auto file = PasswordFile::open(path_).value();
  ::chmod(folder_.c_str(), 0777);  // others could put another file there
  EXPECT_TRUE(set("bob", "two"));
  EXPECT_EQ(file->users()->hashes.size(), 1u);
  const auto refused = PasswordFile::open(path_);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("chmod go-w " + folder_), std::string::npos) << refused.error().message;
  ::chmod(folder_.c_str(), 0700);
  for (int tries = 0; tries < 1000 && file->users()->hashes.size() < 2; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(file->users()->hashes.size(), 2u) << "nothing of the file itself has changed since";
}

TEST_F(PasswordFileTest, ReadingAgainHasNoEffectUntilItIsTaken) {
  EXPECT_TRUE(set("alice", "one"));
  const auto file = PasswordFile::open(path_).value();
  const auto before = file->users();
  const auto take = file->read_again();
  ASSERT_TRUE(take);
  EXPECT_EQ(file->users(), before);
  (*take)();
  EXPECT_NE(file->users()->generation, before->generation);
  EXPECT_EQ(file->users()->hashes, before->hashes);
  write("nonsense\n");
  EXPECT_FALSE(file->read_again());
  EXPECT_EQ(file->users()->hashes, before->hashes);
}

TEST_F(PasswordFileTest, TakesUsersOut) {
  EXPECT_TRUE(set("alice", "one"));
  EXPECT_TRUE(set("bob", "two"));
  write("# comment\n" + read());
  EXPECT_TRUE(remove_user(path_, "alice").value());
  EXPECT_EQ(list_users(path_)->hashes.size(), 1u);
  EXPECT_TRUE(read().starts_with("# comment\nbob:"));
  const std::string before = read();
  EXPECT_FALSE(remove_user(path_, "alice").value());
  EXPECT_FALSE(remove_user(path_, "# comment").value());
  EXPECT_EQ(read(), before);
  EXPECT_FALSE(list_users(folder_ + "/none"));
}

TEST_F(PasswordFileTest, AddsAndChangesUsers) {
  EXPECT_TRUE(set("alice", "one"));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  write("# comment\n" + read() + "\n# end");
  EXPECT_TRUE(set("bob", "two"));
  EXPECT_FALSE(set("alice", "three"));
  EXPECT_EQ(read().rfind("# comment\nalice:$y$", 0), 0u) << read();
  EXPECT_NE(read().find("\n\n# end\nbob:$y$"), std::string::npos) << read();
  const auto users = PasswordFile::open(path_).value()->users();
  EXPECT_EQ(users->hashes.size(), 2u);
  EXPECT_TRUE(verify_password("three", users->hashes.at("alice")).value());
  EXPECT_TRUE(verify_password("two", users->hashes.at("bob")).value());
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++files;
  EXPECT_EQ(files, 1u) << "a temporary file is left";
}

TEST_F(PasswordFileTest, SymbolicLinksStay) {
  EXPECT_TRUE(set("alice", "one"));
  const std::string link = folder_ + "/link";
  std::filesystem::create_symlink(path_, link);
  EXPECT_TRUE(set_user(link, "bob", "two", 1));
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_NE(read().find("bob:"), std::string::npos);
}

TEST_F(PasswordFileTest, RefusesBadNamesAndOtherFiles) {
  for (const char* name : {"", "a:b", "#a", " a", "a ", "a\tb", "\xff"}) {
    EXPECT_EQ(set_user(path_, name, "x", 1).error().kind, Failure::invalid_argument);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
  write("this is something else\n");
  EXPECT_FALSE(set_user(path_, "alice", "x", 1));
  EXPECT_EQ(read(), "this is something else\n");
  EXPECT_FALSE(set_user(folder_ + "/missing/users", "alice", "x", 1));
}

TEST_F(PasswordFileTest, WritersAtTheSameTimeLoseNothing) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this, i] { set("user" + std::to_string(i), "x"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(PasswordFile::open(path_).value()->users()->hashes.size(), 8u);
}

TEST_F(PasswordFileTest, ChangesAreNoticed) {
  EXPECT_TRUE(set("alice", "one"));
  const auto file = PasswordFile::open(path_).value();
  const auto first = file->users();
  EXPECT_EQ(file->users(), first);
  EXPECT_TRUE(set("bob", "two"));
  const auto second = file->users();
  EXPECT_EQ(second->hashes.size(), 2u);
  EXPECT_NE(second->generation, first->generation);
  EXPECT_EQ(first->hashes.size(), 1u);

  // A mistake in the file locks no user out.
  const std::string good = read();
  write(good + "oops\n");
  EXPECT_EQ(file->users()->hashes.size(), 2u);
  EXPECT_EQ(file->users()->generation, second->generation);
  write(good);
  EXPECT_NE(file->users()->generation, second->generation);
  std::filesystem::remove(path_);
  EXPECT_TRUE(file->users()->hashes.empty());
  EXPECT_TRUE(set("carol", "three"));
  EXPECT_EQ(file->users()->hashes.count("carol"), 1u);
}

TEST_F(PasswordFileTest, ChangesBehindALinkAreNoticed) {
  EXPECT_TRUE(set("alice", "one"));
  const std::string links = folder_ + "/links";
  std::filesystem::create_directory(links);
  std::filesystem::create_symlink(path_, links + "/users");
  const auto file = PasswordFile::open(links + "/users").value();
  EXPECT_EQ(file->users()->hashes.size(), 1u);
  const std::string one = read();
  EXPECT_TRUE(set("bob", "two"));  // another file takes its place
  EXPECT_EQ(file->users()->hashes.size(), 2u);
  write(one);  // into the file that there is
  EXPECT_EQ(file->users()->hashes.size(), 1u);
  std::filesystem::remove(links + "/users");
  EXPECT_TRUE(file->users()->hashes.empty());
}

TEST_F(PasswordFileTest, AnotherFolderInThePlaceOfItsOwnIsNoticed) {
  const std::string place = folder_ + "/place", other = folder_ + "/other";
  for (const std::string& each : {place, other}) std::filesystem::create_directory(each);
  EXPECT_TRUE(set_user(place + "/users", "alice", "one", 1));
  EXPECT_TRUE(set_user(other + "/users", "bob", "two", 1));
  const auto file = PasswordFile::open(place + "/users").value();
  EXPECT_EQ(file->users()->hashes.count("alice"), 1u);
  std::filesystem::rename(place, folder_ + "/before");
  std::filesystem::rename(other, place);
  EXPECT_EQ(file->users()->hashes.count("bob"), 1u);
  EXPECT_TRUE(set_user(place + "/users", "carol", "three", 1));
  EXPECT_EQ(file->users()->hashes.count("carol"), 1u);
}

}  // namespace
}  // namespace vmms::wire::auth
