// Vmms_GuestFileService: files through the client's connection and out of a guest, its directories, removal.
#include "base/base64.hpp"
#include "base/source_file.hpp"
#include "base/text.hpp"
#include "cim/typed.hpp"
#include "guest/agent/printable.hpp"
#include "guest/files/files.hpp"
#include "providers/common/machine_pages.hpp"
#include "providers/files/file_copies.hpp"
#include "providers/files/file_transfers.hpp"
#include "schema/Vmms_CopyFileFromGuestJob.hpp"
#include "schema/Vmms_GuestFile.hpp"
#include "schema/Vmms_GuestFileService.hpp"

#include <algorithm>
#include <cctype>
#include <functional>

namespace vmms::providers {
namespace {

using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;
using schema::vmms::CopyFileFromGuestJob;
using schema::vmms::GuestFileService;

constexpr std::size_t most_text = 1U << 20;  // of a Write
constexpr std::uint16_t default_permissions = 0644;

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::all_of(text.begin(), text.end(), [](unsigned char digit) { return std::isxdigit(digit) != 0; });
}

/// What the arguments of OpenTransfer ask for. Errors: invalid_argument, which names the argument.
Result<Transfer::Request> read_request(const GuestFileService::OpenTransfer::In& in) {
  using Direction = GuestFileService::OpenTransfer::Direction;
  const auto wrong = [](std::string what) { return error(Failure::invalid_argument, std::move(what)); };
  if (in.direction != Direction::to_guest && in.direction != Direction::from_guest)
    return wrong("Direction must be 1 (to the guest) or 2 (from the guest)");
  Transfer::Request request;
  request.direction = in.direction == Direction::to_guest ? CopyDirection::to_guest : CopyDirection::from_guest;
  request.path = in.path.value_or("");
  request.name = in.name.value_or("");
  if (!usable_path(request.path) || (!request.name.empty() && !usable_path(request.name)))
    return wrong(
        fmt::format("Path \"{}\" or Name \"{}\" is missing, longer than 4096 bytes, or has a control character",
                    guest::printable(request.path, 300), guest::printable(request.name, 300)));
  if (request.name == "." || request.name == ".." || request.name.find('/') != std::string::npos)
    return wrong(fmt::format("Name \"{:.300}\" is not the name of a file", request.name));
  if (request.direction == CopyDirection::to_guest && !in.size)
    return wrong("Size is missing: how many bytes will be written");
  request.size = in.size.value_or(0);
  const std::vector<std::uint64_t> pieces = in.pieces.value_or(std::vector<std::uint64_t>());
  const auto wrong_pieces =
      wrong("Pieces must be offset and length in turn, ascending, within Size, at most 256 pairs");
  if (pieces.size() % 2 != 0 || pieces.size() > 2 * SourceFile::most_pieces) return wrong_pieces;
  if (!in.pieces && request.size > 0) request.pieces.push_back({0, request.size});
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < pieces.size(); i += 2) {
    if (pieces[i] < end || pieces[i] > request.size || pieces[i + 1] == 0 || pieces[i + 1] > request.size - pieces[i])
      return wrong_pieces;
    end = pieces[i] + pieces[i + 1];
    request.pieces.push_back({pieces[i], pieces[i + 1]});
  }
  request.overwrite = in.overwrite.value_or(false);
  request.create_path = in.create_path.value_or(false);
  request.permissions = in.permissions.value_or(default_permissions) & 0777U;
  const cim::DateTime modified = in.last_modified.value_or(cim::DateTime::now());
  if (modified.is_interval()) return wrong("LastModified is not a point in time");
  request.modified = std::chrono::floor<std::chrono::seconds>(modified.time().time_since_epoch()).count();
  return request;
}

schema::vmms::GuestFile::FileType file_type(guest::FileInformation::Type type) {
  using FileType = schema::vmms::GuestFile::FileType;
  switch (type) {
    case guest::FileInformation::Type::file:
      return FileType::file;
    case guest::FileInformation::Type::directory:
      return FileType::directory;
    case guest::FileInformation::Type::link:
      return FileType::symbolic_link;
    default:
      return FileType::other;
  }
}

cim::InstancePtr file_instance(const guest::FileInformation& file) {
  schema::vmms::GuestFile instance;
  instance.name = file.name;
  instance.file_type = file_type(file.type);
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

class VmmsGuestFileServiceProvider : public schema::vmms::GuestFileServiceProvider {
 public:
  explicit VmmsGuestFileServiceProvider(Environment& environment)
      : environment_(environment), transfers_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<GuestFileService>& query,
                 cim::PageOf<GuestFileService>& page) override {
    enumerate_by_machine(environment_, query, page, [this](const VirtualMachine& machine) {
      return is_active(machine) ? std::optional(instance_of(machine)) : std::nullopt;
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
    out.return_value = static_cast<CopyFilesFromGuest::Code>(answer->return_value);
    out.job = answer->job;
    return out;
  }

  Result<ListDirectory::Out> invoke(const cim::Context& context, ListDirectory, const Key& key,
                                    const ListDirectory::In& in) override {
    const auto listing = ask(context, key, in.path, &guest::Files::list);
    if (!listing) return listing.error();
    ListDirectory::Out out;
    out.complete = listing->complete;
    out.files.emplace();
    for (const guest::FileInformation& file : listing->entries) out.files->push_back(file_instance(file));
    return out;
  }

  Result<GetFileInformation::Out> invoke(const cim::Context& context, GetFileInformation, const Key& key,
                                         const GetFileInformation::In& in) override {
    const auto file = ask(context, key, in.path, [](const guest::Files& files, const std::string& path, auto deadline) {
      return files.describe(path, deadline);
    });
    if (!file) return file.error();
    GetFileInformation::Out out;
    out.file = file_instance(*file);
    return out;
  }

  Result<RemoveFile::Out> invoke(const cim::Context& context, RemoveFile, const Key& key,
                                 const RemoveFile::In& in) override {
    const Status removed = ask(context, key, in.path, &guest::Files::remove);
    if (!removed) return removed.error();
    return RemoveFile::Out{};
  }

  Result<MakeDirectory::Out> invoke(const cim::Context& context, MakeDirectory, const Key& key,
                                    const MakeDirectory::In& in) override {
    const std::uint32_t permissions = in.permissions.value_or(0755) & 0777U;
    const Result<bool> made =
        ask(context, key, in.path, [&](const guest::Files& files, const std::string& path, auto deadline) {
          return files.make_directory(path, permissions, deadline);
        });
    if (!made) return made.error();
    MakeDirectory::Out out;
    out.made = *made;
    return out;
  }

  Result<OpenTransfer::Out> invoke(const cim::Context& context, OpenTransfer, const Key& key,
                                   const OpenTransfer::In& in) override {
    const auto machine = usable_machine(key);
    if (!machine) return machine.error();
    if (const Status possible = check_copies(environment_, context, **machine); !possible)
      return refused(**machine, possible.error());
    auto request = read_request(in);
    if (!request) return refused(**machine, request.error());
    auto opened = transfers_.open(context, **machine, *std::move(request));
    if (!opened) return refused(**machine, opened.error());
    OpenTransfer::Out out;
    out.return_value = OpenTransfer::Code::method_parameters_checked_job_started;
    out.transfer = std::move(opened->id);
    out.job = std::move(opened->job);
    if (opened->file) out.file = file_instance(*opened->file);
    return out;
  }

  Result<Write::Out> invoke(const cim::Context& context, Write, const Key& key, const Write::In& in) override {
    if (!in.data || in.data->size() > most_text || !in.offset)
      return error(Failure::invalid_argument,
                   fmt::format("Write takes an Offset and Data of at most {} characters; {} came", most_text,
                               in.data ? in.data->size() : 0));
    auto bytes = decode_base64(*in.data);
    if (!bytes)
      return error(Failure::invalid_argument, "Data is not base64 (RFC 4648, 4: with padding, without line breaks)");
    const Status written = transfers_.with(context, key.system_name, in.transfer.value_or(""), [&](Transfer& transfer) {
      return transfer.write(*in.offset, *std::move(bytes), guest_deadline(context));
    });
    if (!written) return written.error();
    return Write::Out{};
  }

  Result<Read::Out> invoke(const cim::Context& context, Read, const Key& key, const Read::In& in) override {
    if (!in.offset || !in.length) return error(Failure::invalid_argument, "Read takes an Offset and a Length");
    auto piece = transfers_.with(context, key.system_name, in.transfer.value_or(""), [&](Transfer& transfer) {
      return transfer.read(*in.offset, *in.length, guest_deadline(context));
    });
    if (!piece) return piece.error();
    Read::Out out;
    out.data = encode_base64(piece->bytes);
    out.end_of_file = piece->end;
    if (piece->end) {
      out.size = piece->size;
      out.sha256 = std::move(piece->sha256);
    }
    return out;
  }

  Result<CommitTransfer::Out> invoke(const cim::Context& context, CommitTransfer, const Key& key,
                                     const CommitTransfer::In& in) override {
    if (!in.size || !is_sha256(in.sha256.value_or("")))
      return error(Failure::invalid_argument, "CommitTransfer takes Size and SHA256, which is 64 hexadecimal digits");
    const Status done = transfers_.with(context, key.system_name, in.transfer.value_or(""), [&](Transfer& transfer) {
      return transfer.commit(*in.size, *in.sha256, guest_deadline(context));
    });
    if (!done) return done.error();
    return CommitTransfer::Out{};
  }

  Result<AbortTransfer::Out> invoke(const cim::Context& context, AbortTransfer, const Key& key,
                                    const AbortTransfer::In& in) override {
    const Status done = transfers_.abort(context, key.system_name, in.transfer.value_or(""), guest_deadline(context));
    if (!done) return done.error();
    return AbortTransfer::Out{};
  }

 private:
  static GuestFileService instance_of(const VirtualMachine& machine) {
    GuestFileService instance;
    instance.system_name = machine.id;
    return instance;
  }

  static Error refused(const VirtualMachine& machine, const Error& why) {
    return error(why.kind, fmt::format("files of virtual machine '{}': {}", machine.name, why.message));
  }

  /// Once the checks that StartService makes have passed.
  Result<VirtualMachinePtr> usable_machine(const Key& key) const {
    auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine;
    if (!interface_enabled(environment_, **machine))
      return refused(**machine,
                     error(Failure::invalid_state,
                           fmt::format("its Guest Service Interface is off; enable it with: vmms guest enable {}",
                                       command_word(**machine))));
    if (!is_on((*machine)->settings, &hypervisor::Settings::guest_file_service))
      return refused(**machine, file_service_stopped(**machine));
    if (const Status reachable = check_reachable(**machine); !reachable) return reachable.error();
    return machine;
  }

  /// A question about one path.
  template <class Question>
  auto ask(const cim::Context& context, const Key& key, const std::optional<std::string>& path, Question question)
      -> decltype(std::invoke(question, std::declval<const guest::Files&>(), *path, guest::Clock::time_point())) {
    const auto machine = usable_machine(key);
    if (!machine) return machine.error();
    if (!path) return refused(**machine, error(Failure::invalid_argument, "no Path is given"));
    const auto guest = environment_.guests.find((*machine)->id);
    if (!guest) return refused(**machine, error(Failure::not_found, "it is gone"));
    auto result = std::invoke(question, guest->files(), *path, guest_deadline(context));
    if (result) return result;
    if (result.error().kind == Failure::failed)
      guest->capabilities(guest_deadline(context)).has_value();  // so that the guest's system is known
    return refused(**machine, guest::without_shell(guest->known_capabilities(), result.error()));
  }

  Environment& environment_;
  FileTransfers transfers_;
};

}  // namespace

template <>
std::unique_ptr<schema::vmms::GuestFileServiceProvider> make_provider(Environment& environment) {
  return std::make_unique<VmmsGuestFileServiceProvider>(environment);
}

}  // namespace vmms::providers
