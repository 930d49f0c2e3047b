// Files and copies against a real qemu-guest-agent on this machine: all ways but the data port, which needs a guest.
#include "base/source_file.hpp"
#include "base/target_file.hpp"
#include "guest/files/file_copy.hpp"
#include "guest/services/discovery.hpp"
#include "guest/testing/qemu_ga.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <atomic>
#include <future>

namespace vmms::guest {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
  return status;
}

class QemuGaFiles : public QemuGa {
 protected:
  void SetUp() override {
    QemuGa::SetUp();
    if (IsSkipped()) return;
    fs::create_directories(host());
    fs::create_directories(inside());
  }
  std::string host() const { return directory_ / "host"; }
  std::string inside() const { return directory_ / "guest"; }

  std::string source(const std::string& name, const std::string& content) const {
    const std::string path = host() + "/" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }
  FileCopy copy(CopyObserver observer = {}) {
    const auto discovery = discover(transport_, abandoned_, in_time());
    EXPECT_TRUE(discovery);
    return FileCopy(transport_, abandoned_, (*discovery)->capabilities, std::move(observer));
  }
  Result<std::string> to_guest(const std::string& path, const Destination& destination) {
    auto opened = SourceFile::open(path);
    if (!opened) return opened.error();
    return copy().to_guest(*opened, destination);
  }
  static std::string content(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> names_inside() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(inside())) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  Files files_{transport_, abandoned_};
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

TEST_F(QemuGaFiles, SmallOnesArriveWholeWithPermissionsAndTime) {
  const std::string path = source("a file.txt", pattern(100000));
  fs::permissions(path, fs::perms(0640));
  const std::int64_t time = status_of(path).st_mtim.tv_sec;
  std::this_thread::sleep_for(1100ms);
  const auto copied = to_guest(path, {inside() + "/", false, false});
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(*copied, inside() + "/a file.txt");
  EXPECT_EQ(content(*copied), pattern(100000));
  EXPECT_EQ(status_of(*copied).st_mode & 07777U, 0640U);
  EXPECT_EQ(status_of(*copied).st_mtim.tv_sec, time);
  EXPECT_EQ(names_inside(), std::vector<std::string>{"a file.txt"});
}

TEST_F(QemuGaFiles, LargeOnesGoInChunksWhereThereIsNoPort) {
  const std::string bytes = pattern((3U << 20) + 17);
  std::uint64_t moved = 0;
  std::vector<std::optional<PartFile>> parts;
  CopyObserver observer;
  observer.moved = [&](std::uint64_t count) { moved += count; };
  observer.has_part = [&](const PartFile* part) {
    parts.push_back(part ? std::optional(*part) : std::nullopt);
    EXPECT_TRUE(names_inside().empty() || !part) << "it is told before it exists";
  };
  const auto opened = SourceFile::open(source("big", bytes));
  const auto copied = copy(observer).to_guest(*opened, {inside() + "/renamed", false, false});
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(content(inside() + "/renamed"), bytes);
  EXPECT_EQ(moved, bytes.size());
  ASSERT_EQ(parts.size(), 2U);
  ASSERT_TRUE(parts[0]);
  EXPECT_EQ(parts[0]->destination, inside() + "/renamed");
  EXPECT_FALSE(parts[1]);
}

TEST_F(QemuGaFiles, AFileThatExistsIsReplacedOnlyWhenAskedFor) {
  const std::string path = source("x", "new");
  std::ofstream(inside() + "/x") << "old";
  fs::permissions(inside() + "/x", fs::perms(0604));
  const auto refused = to_guest(path, {inside(), false, false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::already_exists);
  EXPECT_NE(refused.error().message.find("The file exists. (0x80070050)"), std::string::npos);
  EXPECT_EQ(content(inside() + "/x"), "old");
  const auto replaced = to_guest(path, {inside(), true, false});
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_EQ(content(inside() + "/x"), "new");
  EXPECT_EQ(status_of(inside() + "/x").st_mode & 07777U, 0604U) << "its permissions go on";
  EXPECT_EQ(names_inside(), std::vector<std::string>{"x"});
}

TEST_F(QemuGaFiles, PathsAreMadeWhenAskedFor) {
  const std::string path = source("x", "text");
  const auto refused = to_guest(path, {inside() + "/no/such/x", false, false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::not_found) << refused.error().message;
  EXPECT_TRUE(names_inside().empty());
  ASSERT_TRUE(to_guest(path, {inside() + "/no/such/x", false, true}));
  EXPECT_EQ(content(inside() + "/no/such/x"), "text");
  ASSERT_TRUE(to_guest(path, {inside() + "/other/", false, true}));
  EXPECT_EQ(content(inside() + "/other/x"), "text");
}

TEST_F(QemuGaFiles, VariablesAreThoseOfTheGuest) {
  const std::string path = source("x", "text");
  std::ofstream(inside() + "/$NO_SUCH_VARIABLE") << "old";
  // The agent was started with PATH and nothing else; a name that is not set stays as it is written.
  auto copied = to_guest(path, {inside() + "/$NO_SUCH_VARIABLE", true, false});
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(content(inside() + "/$NO_SUCH_VARIABLE"), "text");
  const std::string name = "vmms-test-" + std::to_string(::getpid());
  for (const char* written : {"$TMPDIR/", "${TMPDIR}/", "${TEMP}//"}) {
    copied = to_guest(path, {written + name, true, false});
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(content("/tmp/" + name), "text");
    fs::remove("/tmp/" + name);
  }
  const auto home = to_guest(path, {"relative/x", true, false});
  ASSERT_FALSE(home);
  EXPECT_EQ(home.error().kind, Failure::invalid_argument);
}

TEST_F(QemuGaFiles, NamesOfAnyKind) {
  for (const std::string name : {"räksmörgås", "файл", "日本語 ファイル", "-rf", "a'b\"c`d$(id)", "x;y|z&", "*", "~"}) {
    const auto copied = to_guest(source("source", name), {inside() + "/" + name, false, false});
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(content(inside() + "/" + name), name);
  }
  const auto listing = files_.list(inside(), in_time());
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(listing->entries.size(), 8U);
  const auto odd = to_guest(source("source", ""), {inside() + "/line\nbreak", false, false});
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().kind, Failure::invalid_argument);
}

TEST_F(QemuGaFiles, EmptyAndSparseFiles) {
  ASSERT_TRUE(to_guest(source("empty", ""), {inside(), false, false}));
  EXPECT_EQ(status_of(inside() + "/empty").st_size, 0);
  const std::string path = source("sparse", "begin");
  fs::resize_file(path, 3ULL << 30);
  std::fstream(path, std::ios::binary | std::ios::in | std::ios::out).seekp(1LL << 30) << "middle";
  const auto copied = to_guest(path, {inside(), false, false});
  ASSERT_TRUE(copied) << copied.error().message;
  const auto arrived = status_of(*copied);
  EXPECT_EQ(arrived.st_size, 3LL << 30);
  EXPECT_LT(arrived.st_blocks, 4096);
  std::ifstream file(*copied, std::ios::binary);
  std::string middle(6, '\0');
  file.seekg(1LL << 30).read(middle.data(), 6);
  EXPECT_EQ(middle, "middle");
}

TEST_F(QemuGaFiles, ALinkKeepsPointingToWhatIsReplaced) {
  std::ofstream(inside() + "/file") << "old";
  fs::create_symlink("file", inside() + "/link");
  ASSERT_TRUE(to_guest(source("x", "new"), {inside() + "/link", true, false}));
  EXPECT_TRUE(fs::is_symlink(inside() + "/link"));
  EXPECT_EQ(content(inside() + "/file"), "new");
}

TEST_F(QemuGaFiles, SourcesStayAsTheyAre) {
  const std::string path = source("x", pattern(1000));
  fs::permissions(path, fs::perms(0741));
  const bool attributes = setxattr(path.c_str(), "user.vmms", "value", 5, 0) == 0;
  const auto before = status_of(path);
  ASSERT_TRUE(to_guest(path, {inside(), false, false}));
  const auto after = status_of(path);
  EXPECT_EQ(after.st_mode, before.st_mode);
  EXPECT_EQ(after.st_uid, before.st_uid);
  EXPECT_EQ(after.st_gid, before.st_gid);
  EXPECT_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
  EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
  EXPECT_EQ(after.st_atim.tv_nsec, before.st_atim.tv_nsec);
  std::string value(8, '\0');
  EXPECT_TRUE(!attributes || getxattr(path.c_str(), "user.vmms", value.data(), 8) == 5);
}

TEST_F(QemuGaFiles, SourcesThatCannotBeReadAreToldApart) {
  EXPECT_EQ(to_guest(host() + "/none", {inside(), false, false}).error().kind, Failure::not_found);
  EXPECT_EQ(to_guest(host(), {inside(), false, false}).error().kind, Failure::invalid_argument);
  EXPECT_EQ(to_guest("relative", {inside(), false, false}).error().kind, Failure::invalid_argument);
  ASSERT_EQ(mkfifo((host() + "/fifo").c_str(), 0600), 0);
  EXPECT_EQ(to_guest(host() + "/fifo", {inside(), false, false}).error().kind, Failure::invalid_argument);
}

TEST_F(QemuGaFiles, ACancelledCopyLeavesNothingAndTheOldFileAsItWas) {
  std::ofstream(inside() + "/big") << "old";
  const auto opened = SourceFile::open(source("big", pattern(4U << 20)));
  std::atomic<bool> cancel{false};
  CopyObserver observer;
  observer.moved = [&](std::uint64_t) { cancel = true; };
  observer.cancelled = [&] { return cancel.load(); };
  const auto copied = copy(observer).to_guest(*opened, {inside(), true, false});
  ASSERT_FALSE(copied);
  EXPECT_EQ(content(inside() + "/big"), "old");
  EXPECT_EQ(names_inside(), std::vector<std::string>{"big"});
}

TEST_F(QemuGaFiles, AHashThatDiffersLeavesNothing) {
  // A source that changes between two readings: what arrives is not what was hashed.
  const std::string path = source("big", pattern(2U << 20));
  const auto opened = SourceFile::open(path);
  CopyObserver observer;
  observer.moved = [&](std::uint64_t) { std::ofstream(path, std::ios::app) << "more"; };
  const auto copied = copy(observer).to_guest(*opened, {inside(), false, false});
  ASSERT_FALSE(copied);
  EXPECT_NE(copied.error().message.find("changed while it was copied"), std::string::npos) << copied.error().message;
  EXPECT_TRUE(names_inside().empty());
}

TEST_F(QemuGaFiles, WithoutGuestExecFilesAreWrittenInPlace) {
  start(",guest-exec,guest-exec-status");
  const std::string path = source("x", pattern(2U << 20));
  auto copied = to_guest(path, {inside() + "/", false, false});
  ASSERT_TRUE(copied) << copied.error().message;
  EXPECT_EQ(content(inside() + "/x"), pattern(2U << 20));
  EXPECT_EQ(to_guest(path, {inside() + "/x", false, false}).error().kind, Failure::already_exists);
  EXPECT_TRUE(to_guest(path, {inside() + "/x", true, false}));
  EXPECT_EQ(to_guest(path, {"$HOME/x", true, false}).error().kind, Failure::not_supported);
}

TEST_F(QemuGaFiles, WithoutFileCommandsSmallFilesStillGo) {
  start(",guest-file-open,guest-file-write,guest-file-close");
  EXPECT_TRUE(to_guest(source("x", "small"), {inside(), false, false}));
  const auto refused = to_guest(source("big", pattern(1U << 20)), {inside(), false, false});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::not_supported);
  EXPECT_EQ(names_inside(), std::vector<std::string>{"x"});
}

TEST_F(QemuGaFiles, CopiesOutOfTheGuest) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, (std::size_t{2} << 20) + 5}) {
    const std::string from = inside() + "/from";
    std::ofstream(from, std::ios::binary) << pattern(size);
    fs::permissions(from, fs::perms(0604));
    auto target = TargetFile::create(host() + "/to", "from", true, false);
    ASSERT_TRUE(target) << target.error().message;
    const Status copied = copy().from_guest(from, *target);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(content(host() + "/to"), pattern(size));
    EXPECT_EQ(status_of(host() + "/to").st_mode & 07777U, 0604U);
  }
  {
    auto target = TargetFile::create(host() + "/none", "from", false, false);
    EXPECT_EQ(copy().from_guest(inside() + "/none", *target).error().kind, Failure::not_found);
    EXPECT_EQ(copy().from_guest(inside(), *target).error().kind, Failure::invalid_argument);
  }
  EXPECT_EQ(TargetFile::create(host() + "/to", "from", false, false).error().kind, Failure::already_exists);
  EXPECT_EQ(std::distance(fs::directory_iterator(host()), fs::directory_iterator()), 1);
}

TEST_F(QemuGaFiles, ListsDescribesAndRemoves) {
  std::ofstream(inside() + "/b") << "12345";
  fs::permissions(inside() + "/b", fs::perms(04755));
  fs::create_directory(inside() + "/a");
  fs::create_symlink("nowhere", inside() + "/c");
  std::ofstream(inside() + "/line\nbreak") << "";
  const auto listing = files_.list(inside(), in_time());
  ASSERT_TRUE(listing) << listing.error().message;
  ASSERT_EQ(listing->entries.size(), 4U);
  EXPECT_TRUE(listing->complete);
  EXPECT_EQ(listing->entries[0].name, "a");
  EXPECT_EQ(listing->entries[0].type, FileInformation::Type::directory);
  EXPECT_EQ(listing->entries[1].size, 5U);
  EXPECT_EQ(listing->entries[1].permissions, 04755U);
  EXPECT_EQ(listing->entries[2].type, FileInformation::Type::link);
  const auto file = files_.describe(inside() + "/b", in_time());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->size, 5U);
  EXPECT_EQ(files_.describe(inside() + "/none", in_time()).error().kind, Failure::not_found);
  EXPECT_EQ(files_.list(inside() + "/b", in_time()).error().kind, Failure::invalid_argument);

  EXPECT_TRUE(files_.remove(inside() + "/c", in_time()));
  EXPECT_TRUE(files_.remove(inside() + "/a", in_time()));
  EXPECT_EQ(files_.remove(inside(), in_time()).error().kind, Failure::invalid_state);
  EXPECT_EQ(files_.remove(inside() + "/none", in_time()).error().kind, Failure::not_found);
  EXPECT_FALSE(files_.discard({"b", inside(), "b"}, in_time())) << "no part file";
  EXPECT_EQ(names_inside(), (std::vector<std::string>{"b", "line\nbreak"}));
}

TEST_F(QemuGaFiles, DiscardFindsThePartFileWhereverTheCopyWouldHavePutIt) {
  const std::string name = ".vmms-11111111-2222-3333-4444-555555555555.part";
  fs::create_directory(inside() + "/directory");
  fs::create_directory(inside() + "/elsewhere");
  fs::create_symlink("../elsewhere/file", inside() + "/directory/link");
  std::ofstream(inside() + "/elsewhere/file") << "old";
  const std::pair<std::string, std::string> cases[] = {{"/new", "/"},
                                                       {"/directory", "/directory/"},
                                                       {"/directory/", "/directory/"},
                                                       {"/directory/new", "/directory/"},
                                                       {"/directory/link", "/elsewhere/"}};
  for (const auto& [destination, directory] : cases) {
    std::ofstream(inside() + directory + name) << "part";
    const Status gone = files_.discard({name, inside() + destination, "source"}, in_time());
    EXPECT_TRUE(gone) << gone.error().message;
    EXPECT_FALSE(fs::exists(inside() + directory + name)) << destination;
  }
  EXPECT_TRUE(files_.discard({name, inside() + "/no/such/directory", "source"}, in_time())) << "nothing can be there";
  EXPECT_EQ(content(inside() + "/elsewhere/file"), "old");
}

}  // namespace
}  // namespace vmms::guest
