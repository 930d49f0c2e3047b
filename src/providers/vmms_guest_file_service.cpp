// Vmms_GuestFileService: files out of a guest, its directories, removal.
#include "schema/vmms/guest_file_service.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "guest/files.hpp"
#include "providers/file_copies.hpp"
#include "schema/vmms/copy_file_from_guest_job.hpp"
#include "schema/vmms/guest_file.hpp"

namespace vmms::providers {
namespace {

using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;
using schema::vmms::CopyFileFromGuestJob;
using schema::vmms::GuestFileService;

cim::InstancePtr file_instance(const guest::FileInformation& file) {
  using Type = guest::FileInformation::Type;
  schema::vmms::GuestFile instance;
  instance.name = file.name;
  instance.file_type = file.type == Type::file ? 2 : file.type == Type::directory ? 3 : file.type == Type::link ? 4 : 1;
  instance.size = file.size;
  instance.permissions = static_cast<std::uint16_t>(file.permissions);
  instance.owner = file.owner;
  instance.group = file.group;
  // Times that a CIM datetime cannot say, before the year 1 and after 9999, are left out.
  constexpr std::int64_t first = -62135596800;
  constexpr std::int64_t last = 253402300799;
  if (file.modified >= first && file.modified <= last)
    instance.last_modified = cim::DateTime::timestamp(cim::DateTime::TimePoint(std::chrono::seconds(file.modified)));
  return std::make_shared<const cim::Instance>(cim::to_instance(std::move(instance)));
}

class Provider : public schema::vmms::GuestFileServiceProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<GuestFileService>& query,
                 cim::PageOf<GuestFileService>& page) override {
    const std::string after = query.after ? query.after->system_name : std::string();
    for_each_machine(environment_, query.keys.system_name, after, [&](const VirtualMachinePtr& machine) {
      if ((!after.empty() && machine->id <= after) || !is_active(*machine)) return true;
      GuestFileService instance = instance_of(*machine);
      if (!query.selects(instance.key())) return true;
      if (page.full()) return false;
      page.add(std::move(instance));
      return true;
    });
  }

  Result<GuestFileService> get(const cim::Context&, const Key& key) override {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    return instance_of(**machine);
  }

  Result<CopyFilesFromGuest::Out> invoke(const cim::Context& context, CopyFilesFromGuest, const Key& key,
                                         const CopyFilesFromGuest::In& in) override {
    const auto answer =
        start_copies(environment_, context, key.system_name, CopyDirection::from_guest,
                     CopyFileFromGuestJob::cim_class().name, read_copy_settings(in.copy_file_from_guest_settings));
    if (!answer) return answer.error();
    CopyFilesFromGuest::Out out;
    out.return_value = answer->return_value;
    out.job = answer->job;
    return out;
  }

  Result<ListDirectory::Out> invoke(const cim::Context& context, ListDirectory, const Key& key,
                                    const ListDirectory::In& in) override {
    const auto listing = ask<guest::DirectoryListing>(context, key, in.path, &guest::Files::list);
    if (!listing) return listing.error();
    ListDirectory::Out out;
    out.complete = listing->complete;
    out.files.emplace();
    for (const guest::FileInformation& file : listing->entries) out.files->push_back(file_instance(file));
    return out;
  }

  Result<GetFileInformation::Out> invoke(const cim::Context& context, GetFileInformation, const Key& key,
                                         const GetFileInformation::In& in) override {
    const auto file = ask<guest::FileInformation>(context, key, in.path, &guest::Files::describe);
    if (!file) return file.error();
    GetFileInformation::Out out;
    out.file = file_instance(*file);
    return out;
  }

  Result<RemoveFile::Out> invoke(const cim::Context& context, RemoveFile, const Key& key,
                                 const RemoveFile::In& in) override {
    const Status removed = ask<void>(context, key, in.path, &guest::Files::remove);
    if (!removed) return removed.error();
    return RemoveFile::Out{};
  }

 private:
  static GuestFileService instance_of(const VirtualMachine& machine) {
    GuestFileService instance;
    instance.system_name = machine.id;
    return instance;
  }

  /// A question about one path, once the checks that StartService makes have passed.
  template <class T>
  Result<T> ask(const cim::Context& context, const Key& key, const std::optional<std::string>& path,
                Result<T> (guest::Files::*question)(const std::string&, guest::Clock::time_point) const) {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    const auto refused = [&](Failure kind, std::string_view why) {
      return error(kind, fmt::format("files of virtual machine '{}': {}", (*machine)->name, why));
    };
    if (!interface_enabled(environment_, **machine))
      return refused(
          Failure::invalid_state,
          fmt::format("its Guest Service Interface is off; enable it with: vmms guest enable {}", (*machine)->name));
    if (!(*machine)->settings.guest_file_service.value_or(true))
      return refused(Failure::invalid_state, "its Guest File Service is stopped; start Msvm_GuestFileService");
    if (const Status reachable = check_reachable(**machine); !reachable) return reachable.error();
    if (!path) return refused(Failure::invalid_argument, "no Path is given");
    const auto guest = environment_.guests.find((*machine)->id);
    if (!guest) return refused(Failure::not_found, "it is gone");
    Result<T> result = (guest->files().*question)(*path, guest_deadline(context));
    if (!result) return refused(result.error().kind, result.error().message);
    return result;
  }

  Environment& environment_;
};

}  // namespace
}  // namespace vmms::providers

namespace vmms::schema::vmms {
std::unique_ptr<GuestFileServiceProvider> make_guest_file_service_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::vmms
