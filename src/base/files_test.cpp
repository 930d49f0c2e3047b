// Files of the host, as copies read and write them.
#include "base/source_file.hpp"
#include "base/target_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace vmms {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vmms-files-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  static std::string content(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  fs::path folder_;
};

TEST_F(Files, ATargetAppearsWhenItIsCommittedAndNotBefore) {
  {
    auto file = TargetFile::create(folder_, "name", false, false);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->path(), path("name"));
    ASSERT_TRUE(file->write("some "));
    ASSERT_TRUE(file->write("bytes"));
    EXPECT_FALSE(fs::exists(path("name")));
    ASSERT_TRUE(file->commit(0640, 1'000'000'000));
  }
  EXPECT_EQ(content(path("name")), "some bytes");
  struct stat status {};
  ASSERT_EQ(stat(path("name").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'000'000'000);
  {
    auto dropped = TargetFile::create(path("name"), "x", true, false);
    ASSERT_TRUE(dropped && dropped->write("other"));
  }
  EXPECT_EQ(content(path("name")), "some bytes");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ATargetReplacesOnlyWhenAskedFor) {
  std::ofstream(path("name")) << "old";
  EXPECT_EQ(TargetFile::create(path("name"), "x", false, false).error().kind, Failure::already_exists);
  auto first = TargetFile::create(path("other"), "x", false, false);
  ASSERT_TRUE(first && first->write("first"));
  std::ofstream(path("other")) << "somebody was quicker";
  EXPECT_EQ(first->commit(0600, 0).error().kind, Failure::already_exists);
  EXPECT_EQ(content(path("other")), "somebody was quicker");
  auto second = TargetFile::create(path("name"), "x", true, false);
  ASSERT_TRUE(second && second->write("new") && second->commit(0600, 0));
  EXPECT_EQ(content(path("name")), "new");
  EXPECT_EQ(entries(), 2U);
}

TEST_F(Files, TargetsSayWhatIsWrongWithTheirPath) {
  EXPECT_EQ(TargetFile::create("relative", "x", false, false).error().kind, Failure::invalid_argument);
  EXPECT_EQ(TargetFile::create(path("none/x"), "x", false, false).error().kind, Failure::not_found);
  EXPECT_TRUE(TargetFile::create(path("made/x"), "x", false, true));
  EXPECT_TRUE(fs::is_directory(path("made")));
}

TEST_F(Files, ErrorsSayAtWhichMachineAFileLies) {
  std::ofstream(path("name")) << "old";
  const auto here = [](const Error& why) {
    return why.message.find(" on this machine ") != std::string::npos && why.message.find("host") == std::string::npos;
  };
  const Error there = TargetFile::create(path("name"), "x", false, false).error();
  EXPECT_TRUE(here(there)) << there.message;
  EXPECT_NE(there.message.find("add --overwrite"), std::string::npos) << there.message;
  const Error nowhere = TargetFile::create(path("none/x"), "x", false, false).error();
  EXPECT_TRUE(here(nowhere)) << nowhere.message;
  EXPECT_NE(nowhere.message.find("add --create-path"), std::string::npos) << nowhere.message;
  EXPECT_TRUE(here(SourceFile::open(path("none")).error()));
  EXPECT_TRUE(here(SourceFile::open(folder_).error()));
  // A directory that takes no new files is there: nothing has to be made.
  const Error in_proc = TargetFile::create("/proc/x", "x", false, false).error();
  EXPECT_EQ(in_proc.message.find("create-path"), std::string::npos) << in_proc.message;
}

TEST_F(Files, HolesStayHoles) {
  auto target = TargetFile::create(path("holes"), "x", false, false);
  ASSERT_TRUE(target);
  const std::string zeros(8U << 20, '\0');
  ASSERT_TRUE(target->write("begin" + std::string((64U << 10) - 5, '\0')) && target->write(zeros) &&
              target->write("end") && target->commit(0600, 0));
  const auto source = SourceFile::open(path("holes"));
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ(source->size(), (8U << 20) + (64U << 10) + 3);
  EXPECT_LT(source->data_bytes(), 1U << 20);
  std::string read;
  for (const SourceFile::Piece& piece : source->pieces()) {
    read.resize(piece.offset, '\0');
    read += source->read(piece.offset, piece.length).value();
  }
  EXPECT_EQ(read.substr(0, 5), "begin");
  EXPECT_EQ(read.substr(read.size() - 3), "end");
}

TEST_F(Files, ASourceThatChangesIsNoticed) {
  const auto large = [&] {
    std::ofstream(path("x")) << std::string(200'000, 'x');
    return SourceFile::open(path("x"));
  };
  const auto shorter = large();
  ASSERT_TRUE(shorter && shorter->confirm());
  EXPECT_EQ(shorter->read(2, 3).value(), "xxx");
  fs::resize_file(path("x"), 100'000);
  EXPECT_NE(shorter->read(0, 150'000).error().message.find("became shorter"), std::string::npos);
  EXPECT_FALSE(shorter->confirm());
  const auto longer = large();
  std::ofstream(path("x"), std::ios::app) << "more";
  EXPECT_TRUE(longer->read(0, 200'000));
  EXPECT_NE(longer->confirm().error().message.find("changed"), std::string::npos);
}

TEST_F(Files, TheSizeThatTheKernelTellsIsNotBelieved) {
  for (const char* file : {"/proc/cpuinfo", "/proc/self/status"}) {
    const auto source = SourceFile::open(file);
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_GT(source->size(), 100U) << file;
    EXPECT_EQ(source->read(0, source->size())->size(), source->size());
    EXPECT_TRUE(source->confirm());
  }
  // It says 4096.
  const auto attribute = SourceFile::open("/sys/kernel/mm/transparent_hugepage/enabled");
  if (attribute) {
    EXPECT_EQ(attribute->read(0, attribute->size()).value(), content("/sys/kernel/mm/transparent_hugepage/enabled"));
  }
}

TEST_F(Files, OnlyFilesAreRead) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  for (const auto& [file, word] :
       {std::pair(path("pipe"), "pipe"), {std::string(folder_), "directory"}, {std::string("/dev/zero"), "device"}}) {
    const auto source = SourceFile::open(file);
    ASSERT_FALSE(source) << file;
    EXPECT_NE(source.error().message.find(word), std::string::npos) << source.error().message;
  }
}

TEST_F(Files, OnlyFilesAreReplaced) {
  ASSERT_EQ(mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_FALSE(TargetFile::create(path("pipe"), "x", true, false));
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
}

TEST_F(Files, ATargetKeepsFreeSpaceFree) {
  auto target = TargetFile::create(path("x"), "x", false, false);
  ASSERT_TRUE(target && target->expect(1));
  EXPECT_NE(target->expect(1ULL << 62).error().message.find("stay free"), std::string::npos);
  target->limit(1000);
  EXPECT_FALSE(target->expect(1001));
  EXPECT_TRUE(target->write(std::string(1000, 'x')));
  EXPECT_FALSE(target->write("x"));
}

TEST_F(Files, ManyPiecesAreJoined) {
  std::ofstream(path("x"));
  fs::resize_file(path("x"), 600ULL << 20);
  std::fstream file(path("x"), std::ios::in | std::ios::out | std::ios::binary);
  for (std::uint64_t i = 0; i < 600; i += 2) file.seekp(static_cast<std::streamoff>(i << 20)).put('x');
  file.close();
  const auto source = SourceFile::open(path("x"));
  ASSERT_TRUE(source);
  EXPECT_LE(source->pieces().size(), SourceFile::most_pieces);
  EXPECT_GE(source->pieces().back().offset + source->pieces().back().length, (598ULL << 20) + 1);
}

}  // namespace
}  // namespace vmms
