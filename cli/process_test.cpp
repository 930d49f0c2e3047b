// The program as a shell and a terminal see it.
#include "testing/fake_host.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace vmms::cli {
namespace {

using test::FakeHost;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The build puts the program beside its tests.
std::string program() { return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "vmms").string(); }

struct Ended {
  int status = -1;
  std::string out;
  std::string err;
};

int exit_status(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> block;
  for (ssize_t count; (count = read(fd, block.data(), block.size())) > 0;)
    text.append(block.data(), static_cast<std::size_t>(count));
  close(fd);
  return text;
}

// Runs a command line by a shell; $VMMS is the program.
Ended shell(const std::string& line) {
  EXPECT_TRUE(std::filesystem::exists(program())) << program() << " is not built";
  setenv("VMMS", program().c_str(), 1);
  int out[2];
  int err[2];
  EXPECT_EQ(pipe(out), 0);
  EXPECT_EQ(pipe(err), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  for (const int fd : {out[0], out[1], err[0], err[1]}) posix_spawn_file_actions_addclose(&actions, fd);
  std::string shell_name = "/bin/sh";
  std::string option = "-c";
  std::string text = line;
  char* arguments[] = {shell_name.data(), option.data(), text.data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, "/bin/sh", &actions, nullptr, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  Ended ended;
  ended.out = read_all(out[0]);
  ended.err = read_all(err[0]);
  ended.status = exit_status(child);
  return ended;
}

class ProcessTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"VMMS_USER", "VMMS_PASSWORD"}) unsetenv(name);
    setenv("VMMS_SERVER", host.url().c_str(), 1);
    folder = std::filesystem::temp_directory_path() / fmt::format("vmms-process-test-{}", getpid());
    std::filesystem::create_directory(folder);
    setenv("FOLDER", folder.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("VMMS_SERVER");
    std::filesystem::remove_all(folder);
  }
  std::string users() const {
    std::ifstream file(folder / "users");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  FakeHost host;
  std::filesystem::path folder;
};

TEST_F(ProcessTest, ExitStatuses) {
  EXPECT_EQ(shell("$VMMS service start demo nginx").status, 0);
  {
    const auto changing = host.lock();
    host.machines[0].interface_enabled = false;
  }
  EXPECT_EQ(shell("$VMMS service start demo nginx").status, 1);
  EXPECT_EQ(shell("$VMMS service start nobody nginx").status, 2);
  EXPECT_EQ(shell("$VMMS nonsense").status, 2);
  EXPECT_EQ(shell("$VMMS --server http://127.0.0.1:1/ vm list").status, 2);
  EXPECT_EQ(shell("$VMMS --help").status, 0);
  EXPECT_THAT(shell("$VMMS --version").out, testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(ProcessTest, AReaderThatLeavesEndsItQuietly) {
  {
    const auto changing = host.lock();
    for (int i = 0; i < 2000; ++i) host.services[fmt::format("unit-{}.service", i)] = false;
  }
  const Ended ended = shell("$VMMS service list demo | head -1");
  EXPECT_THAT(ended.out, HasSubstr("NAME"));
  EXPECT_THAT(ended.err, IsEmpty());
}

TEST_F(ProcessTest, AFullDiskIsAnError) {
  const Ended ended = shell("$VMMS vm list > /dev/full");
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, HasSubstr("cannot write to standard output"));
}

TEST_F(ProcessTest, UserAddReadsThePasswordFromStandardInput) {
  const Ended added = shell("printf 'first\\nsecond\\n' | $VMMS user add admin --users $FOLDER/users");
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_THAT(added.out, HasSubstr("added user admin"));
  EXPECT_THAT(users(), testing::StartsWith("admin:$y$"));
  const std::string before = users();
  EXPECT_THAT(shell("echo other | $VMMS user add admin --users $FOLDER/users --json").out,
              HasSubstr("\"added\":false"));
  EXPECT_NE(users(), before);
  const auto mode = std::filesystem::status(folder / "users").permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ProcessTest, UserAddRefusesWhatCannotBe) {
  EXPECT_EQ(shell("$VMMS user add admin --users $FOLDER/users < /dev/null").status, 2);
  EXPECT_EQ(shell("echo x | $VMMS user add 'a:b' --users $FOLDER/users").status, 2);
  EXPECT_EQ(shell("echo x | $VMMS user add admin --users /no/such/folder/users").status, 2);
  EXPECT_EQ(shell("echo x | $VMMS user add admin").status, 2);
  EXPECT_EQ(shell("tr '\\0' x < /dev/zero | $VMMS user add admin --users $FOLDER/users").status, 2);
  EXPECT_THAT(users(), IsEmpty());
}

// A bare chroot has none.
bool has_terminals() {
  const int fd = posix_openpt(O_RDWR | O_NOCTTY);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

// The program on its own terminal, with input as a person types it: each text after the prompt that it answers.
struct Terminal {
  int fd = -1;
  pid_t child = -1;
  std::string seen;

  explicit Terminal(const std::vector<std::string>& arguments, unsigned short columns = 80) {
    std::vector<char*> values;
    for (const std::string& argument : arguments) values.push_back(const_cast<char*>(argument.c_str()));
    values.push_back(nullptr);
    const std::string path = program();
    const winsize size{24, columns, 0, 0};
    child = forkpty(&fd, nullptr, nullptr, &size);
    if (child == 0) {
      execv(path.c_str(), values.data());
      _exit(127);
    }
  }
  void wait_for(std::string_view text) {
    const std::size_t start = seen.size();
    std::array<char, 256> block;
    while (seen.find(text, start) == std::string::npos) {
      const ssize_t count = read(fd, block.data(), block.size());
      if (count <= 0) break;
      seen.append(block.data(), static_cast<std::size_t>(count));
    }
    EXPECT_THAT(seen.substr(start), HasSubstr(std::string(text)));
  }
  void type(std::string_view text) { EXPECT_EQ(write(fd, text.data(), text.size()), ssize_t(text.size())); }
  int end() {
    seen += read_all(fd);
    return exit_status(child);
  }
};

TEST_F(ProcessTest, ATerminalIsAskedTwiceWithoutEcho) {
  const std::string file = (folder / "users").string();
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here: is /dev/pts mounted?";
  Terminal terminal({"vmms", "user", "add", "admin", "--users", file});
  terminal.wait_for("New password of admin: ");
  terminal.type("s3cret\n");
  terminal.wait_for("The same again: ");
  terminal.type("s3cret\n");
  EXPECT_EQ(terminal.end(), 0) << terminal.seen;
  EXPECT_THAT(terminal.seen, Not(HasSubstr("s3cret")));
  EXPECT_THAT(users(), HasSubstr("admin:"));
}

TEST_F(ProcessTest, PasswordsThatDifferChangeNothing) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here: is /dev/pts mounted?";
  Terminal terminal({"vmms", "user", "add", "admin", "--users", (folder / "users").string()});
  terminal.wait_for("New password of admin: ");
  terminal.type("one\n");
  terminal.wait_for("The same again: ");
  terminal.type("two\n");
  EXPECT_EQ(terminal.end(), 2);
  EXPECT_THAT(terminal.seen, HasSubstr("differ"));
  EXPECT_THAT(users(), IsEmpty());
}

TEST_F(ProcessTest, CtrlCEndsTheQuestion) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here: is /dev/pts mounted?";
  Terminal terminal({"vmms", "user", "add", "admin", "--users", (folder / "users").string()});
  terminal.wait_for("New password of admin: ");
  terminal.type("hal\x03");
  EXPECT_EQ(terminal.end(), 2);
  EXPECT_THAT(terminal.seen, HasSubstr("interrupted"));
}

TEST_F(ProcessTest, MofIsCheckedWithoutAServer) {
  std::ofstream(folder / "right.mof") << "class Acme_A : CIM_Service {};";
  std::ofstream(folder / "wrong.mof") << "class Acme_B : Acme_A { uint8 L = 256; };";
  const Ended right = shell("cd $FOLDER && $VMMS mof check right.mof");
  EXPECT_EQ(right.status, 0) << right.err;
  EXPECT_EQ(right.out, "1 file: 1 class, 0 instances, 0 qualifier declarations, no problems\n");
  const Ended wrong = shell("cd $FOLDER && $VMMS mof check *.mof");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_EQ(wrong.err, "wrong.mof:1:31: the default of L does not fit uint8\n");
  EXPECT_EQ(shell("$VMMS mof check").status, 2);
  EXPECT_THAT(host.server().requests(), IsEmpty());
}

TEST_F(ProcessTest, ATerminalIsAskedForALoginPassword) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here: is /dev/pts mounted?";
  Terminal terminal({"vmms", "--user", "admin", "vm", "list"});
  terminal.wait_for("Password of admin: ");
  terminal.type("secret\n");
  EXPECT_EQ(terminal.end(), 0) << terminal.seen;
  EXPECT_EQ(host.server().requests().at(0)["Authorization"], "Basic YWRtaW46c2VjcmV0");
}

TEST_F(ProcessTest, ATerminalIsToldWhomItWaitsFor) {
  if (!has_terminals()) GTEST_SKIP() << "no pseudo-terminals here: is /dev/pts mounted?";
  std::atomic<int> slow = 0;
  {
    const auto changing = host.lock();
    host.intercept = [&](const test::Call&) -> std::optional<test::Reply> {
      if (slow++ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2500));
      return {};
    };
  }
  Terminal terminal({"vmms", "vm", "list"});
  terminal.wait_for("waiting for the answer of http://127.0.0.1");
  EXPECT_EQ(terminal.end(), 0) << terminal.seen;
  // The line is gone before the table comes.
  const std::size_t erased = terminal.seen.rfind("\r\x1b[K");
  EXPECT_LT(erased, terminal.seen.find("NAME"));
  EXPECT_GT(erased, terminal.seen.rfind("waiting for"));
  // On a narrow one it is cut, and does not wrap.
  slow = 0;
  Terminal narrow({"vmms", "vm", "list"}, 20);
  narrow.wait_for("waiting for the an");
  EXPECT_EQ(narrow.end(), 0) << narrow.seen;
  EXPECT_THAT(narrow.seen, Not(HasSubstr("waiting for the ans")));
  slow = 0;
  const Ended piped = shell("$VMMS vm list");
  EXPECT_THAT(piped.err, IsEmpty());
}

}  // namespace
}  // namespace vmms::cli
