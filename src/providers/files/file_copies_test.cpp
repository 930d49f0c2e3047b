// Copies of files in both directions on a simulated fleet, from the call to the job's end.
#include "providers/files/file_copies.hpp"

#include "testing/test_fleet.hpp"

#include <filesystem>
#include <fstream>

namespace vmms::providers {
namespace {

namespace fs = std::filesystem;
using cim::Value;

class Copies : public testing::Providers {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("vmms-copies-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    allow(folder_, folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void allow(const std::string& read, const std::string& write) {
    HostFiles::Options options;
    if (!read.empty()) options.read = {{"files", read}};
    if (!write.empty()) options.write = {{"files", write}};
    environment_.configuration.host_files = HostFiles::open(options).value();
  }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  static std::string content(const std::string& name) {
    std::ifstream read(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(read), {}};
  }

  Value setting(const cim::Class& cim_class, const std::string& source, const std::string& destination,
                bool overwrite) {
    cim::Instance instance(cim_class);
    instance.set("SourcePath", source);
    instance.set("DestinationPath", destination);
    instance.set("OverwriteExisting", overwrite);
    return std::make_shared<const cim::Instance>(std::move(instance));
  }
  std::string service(std::string_view class_name, std::string_view name, std::string_view machine) {
    return fmt::format(
        R"({0}.CreationClassName="{0}",Name="{1}",SystemCreationClassName="Msvm_ComputerSystem",SystemName="{2}")",
        class_name, name, id(machine));
  }
  Result<cim::MethodResult> to_guest(std::string_view machine, const std::vector<Value>& settings) {
    return call(service("Msvm_GuestFileService", "guestfilesvc", machine), "CopyFilesToGuest",
                {cim::Array(settings.begin(), settings.end()), Value()});
  }
  Result<cim::MethodResult> to_guest(std::string_view machine, const std::string& source,
                                     const std::string& destination, bool overwrite = false) {
    return to_guest(machine, {setting(schema::Msvm_CopyFileToGuestSettingData, source, destination, overwrite)});
  }
  cim::Instance job(const Result<cim::MethodResult>& result) {
    EXPECT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->return_value, Value(std::uint64_t{4096}));
    cim::ObjectPath path_of_job = **result->outputs.back().get_if<cim::ObjectPathPtr>();
    path_of_job.namespace_name = testing::space;
    const auto got = manager_.get(context_, path_of_job);
    EXPECT_TRUE(got) << got.error().message;
    return *got;
  }
  std::string text(const cim::Instance& instance, std::string_view property) { return to_text(instance[property]); }

  fs::path folder_;
};

TEST_F(Copies, GoAndComeBack) {
  std::string bytes(300000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 31 + i / 257);
  const auto there = job(to_guest("alpha", file("up", bytes), "/var/tmp/"));
  EXPECT_EQ(there.cim_class().name, "Msvm_CopyFileToGuestJob");
  EXPECT_EQ(text(there, "JobState"), "7") << text(there, "ErrorDescription");
  EXPECT_EQ(text(there, "PercentComplete"), "100");
  EXPECT_EQ(text(there, "VirtualSystemName"), "alpha");
  EXPECT_EQ(text(there, "Cancellable"), "true");

  // Some clients poll it as an Msvm_ConcreteJob.
  cim::ObjectPath other = there.path(testing::space);
  other.class_name = "Msvm_ConcreteJob";
  const auto polled = manager_.get(context_, other);
  ASSERT_TRUE(polled) << polled.error().message;
  EXPECT_EQ(text(*polled, "PercentComplete"), "100");
  EXPECT_EQ(polled->cim_class().name, "Msvm_CopyFileToGuestJob");

  const auto back = job(call(
      service("Vmms_GuestFileService", "vmmsguestfilesvc", "alpha"), "CopyFilesFromGuest",
      {cim::Array{setting(schema::Vmms_CopyFileFromGuestSettingData, "/var/tmp/up", path("down"), false)}, Value()}));
  EXPECT_EQ(text(back, "JobState"), "7") << text(back, "ErrorDescription");
  EXPECT_EQ(content(path("down")), bytes);
}

TEST_F(Copies, AFileThatExistsIsTheJobsErrorInHyperVsWords) {
  ASSERT_EQ(text(job(to_guest("alpha", file("x", "one"), "/tmp/x")), "JobState"), "7");
  const auto second = job(to_guest("alpha", path("x"), "/tmp/x"));
  EXPECT_EQ(text(second, "JobState"), "10");
  EXPECT_NE(text(second, "ErrorDescription")
                .find("failed to initiate copying files to the guest: The file exists. (0x80070050)"),
            std::string::npos)
      << text(second, "ErrorDescription");
  const auto errors = call(second.path().to_string(), "GetErrorEx", {Value()});
  ASSERT_TRUE(errors) << errors.error().message;
  EXPECT_EQ(errors->outputs[0].get_if<cim::Array>()->size(), 1u);
  EXPECT_EQ(text(job(to_guest("alpha", path("x"), "/tmp/x", true)), "JobState"), "7");
}

TEST_F(Copies, EveryReturnCodeHasItsCause) {
  const std::string source = file("x", "text");
  const auto code = [](const Result<cim::MethodResult>& result) {
    return result ? to_text(result->return_value) : result.error().message;
  };
  EXPECT_EQ(code(to_guest("alpha", std::vector<Value>{})), "32773");
  EXPECT_EQ(code(to_guest("alpha", "", "/tmp/")), "32773");
  EXPECT_EQ(code(to_guest("alpha", source, "/tmp/a\nb")), "32773");
  EXPECT_EQ(to_guest("gamma", source, "/tmp/").error().kind, Failure::not_found) << "it is off";
  EXPECT_EQ(code(to_guest("delta", source, "/tmp/")), "32771") << "its agent is silent";
  ASSERT_TRUE(
      host_.machines().change_settings(id("beta"), [](auto& settings) { settings.guest_file_service = false; }));
  EXPECT_EQ(code(to_guest("beta", source, "/tmp/")), "32775") << "the service is stopped";
  ASSERT_TRUE(host_.machines().change_settings(id("beta"), [](auto& settings) {
    settings.guest_file_service = true;
    settings.guest_service_interface = false;
  }));
  EXPECT_EQ(code(to_guest("beta", source, "/tmp/")), "32775") << "the interface is off";
}

TEST_F(Copies, WhatGoesWrongLaterIsTheJobsError) {
  const auto missing = job(to_guest("alpha", path("missing"), "/tmp/"));
  EXPECT_EQ(text(missing, "JobState"), "10");
  EXPECT_NE(text(missing, "ErrorDescription").find("'alpha'"), std::string::npos);
  EXPECT_NE(text(missing, "ErrorDescription").find("missing"), std::string::npos);
  const auto nowhere = job(to_guest("alpha", file("x", "text"), "/no/such/place/x"));
  EXPECT_NE(text(nowhere, "ErrorDescription").find("CreateFullPath"), std::string::npos);
  // Files before the one that fails have arrived, those behind it have not.
  const auto third =
      job(to_guest("alpha", {setting(schema::Msvm_CopyFileToGuestSettingData, path("x"), "/tmp/first", false),
                             setting(schema::Msvm_CopyFileToGuestSettingData, path("x"), "/tmp/first", false),
                             setting(schema::Msvm_CopyFileToGuestSettingData, path("x"), "/tmp/third", false)}));
  EXPECT_EQ(text(third, "JobState"), "10");
  const auto listing = call(service("Vmms_GuestFileService", "vmmsguestfilesvc", "alpha"), "ListDirectory",
                            {std::string("/tmp"), Value(), Value()});
  ASSERT_TRUE(listing) << listing.error().message;
  const auto& files = *listing->outputs[1].get_if<cim::Array>();
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(to_text((**files[0].get_if<cim::InstancePtr>())["Name"]), "first");
}

TEST_F(Copies, HostFilesOutsideOfTheFoldersAreRefused) {
  const auto none = [this] {
    allow("", "");
    return job(to_guest("alpha", file("x", "text"), "/tmp/"));
  }();
  EXPECT_EQ(text(none, "ErrorCode"), "32769");
  EXPECT_NE(text(none, "ErrorDescription").find("copy-read"), std::string::npos) << text(none, "ErrorDescription");
  fs::create_directories(path("allowed"));
  allow(path("allowed"), "");
  EXPECT_EQ(text(job(to_guest("alpha", file("allowed/x", "text"), "/tmp/")), "JobState"), "7");
  for (const std::string& other : {file("x", "text"), path("allowed/../x"), path("allowed-too")}) {
    const auto refused = job(to_guest("alpha", other, "/tmp/"));
    EXPECT_EQ(text(refused, "ErrorCode"), "32769") << other << text(refused, "ErrorDescription");
  }
  fs::create_symlink(path("x"), path("allowed/link"));
  EXPECT_EQ(text(job(to_guest("alpha", path("allowed/link"), "/tmp/")), "ErrorCode"), "32769");
  const auto back =
      job(call(service("Vmms_GuestFileService", "vmmsguestfilesvc", "alpha"), "CopyFilesFromGuest",
               {cim::Array{setting(schema::Vmms_CopyFileFromGuestSettingData, "/tmp/x", path("allowed/back"), false)},
                Value()}));
  EXPECT_EQ(text(back, "ErrorCode"), "32769") << "it may be read from, not written to";
}

TEST_F(Copies, FilesAreDescribedAndRemoved) {
  ASSERT_EQ(text(job(to_guest("alpha", file("x", "12345"), "$TMPDIR/")), "JobState"), "7");
  const std::string files = service("Vmms_GuestFileService", "vmmsguestfilesvc", "alpha");
  const auto one = call(files, "GetFileInformation", {std::string("$TMPDIR/x"), Value()});
  ASSERT_TRUE(one) << one.error().message;
  const auto instance = *one->outputs[1].get_if<cim::InstancePtr>();
  EXPECT_EQ(text(*instance, "Size"), "5");
  EXPECT_EQ(text(*instance, "FileType"), "2");
  EXPECT_TRUE(call(files, "RemoveFile", {std::string("/tmp/x")}));
  const auto gone = call(files, "GetFileInformation", {std::string("/tmp/x"), Value()});
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, Failure::not_found);
  EXPECT_NE(gone.error().message.find("'alpha'"), std::string::npos);
}

TEST(CopyDetail, SurvivesItsText) {
  const CopyDetail detail{"ID", "name", {{"/a b", "/c", true, false}, {"/ä", "$HOME/", false, true}}};
  const CopyDetail read = CopyDetail::from_text(detail.to_text());
  EXPECT_EQ(read.machine_id, "ID");
  EXPECT_EQ(read.machine_name, "name");
  ASSERT_EQ(read.settings.size(), 2u);
  EXPECT_EQ(read.settings[0].source, "/a b");
  EXPECT_TRUE(read.settings[0].overwrite && !read.settings[0].create_path);
  EXPECT_EQ(read.settings[1].destination, "$HOME/");
  EXPECT_TRUE(!read.settings[1].overwrite && read.settings[1].create_path);
  EXPECT_TRUE(CopyDetail::from_text("").settings.empty());
}

}  // namespace
}  // namespace vmms::providers
