#include "providers/files/file_transfers.hpp"

#include "base/text.hpp"
#include "guest/agent/printable.hpp"
#include "providers/files/copy_run.hpp"
#include "providers/files/file_copies.hpp"
#include "schema/Msvm_CopyFileToGuestJob.hpp"
#include "schema/Vmms_CopyFileFromGuestJob.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace vmms::providers {

namespace {

using cim::job::Control;

Error nobody_called() {
  return error(Failure::timed_out, fmt::format("nobody has called this transfer for {} s; it has ended, and nothing of "
                                               "the file is kept",
                                               Transfer::idle_time.count()));
}

Status copy(Transfer& transfer, CopyRun& run, const std::optional<guest::FileInformation>& file,
            std::uint64_t largest) {
  const Transfer::Request& request = transfer.request();
  run.expect(file ? file->size : transfer.source()->data_bytes());
  return run.run([&](const guest::Guest&, guest::FileCopy& copy) -> Status {
    if (file) return copy.from_guest(request.path, *file, *transfer.sink(largest));
    const auto source = transfer.source();
    const auto copied = copy.to_guest(*source, {request.path, request.overwrite, request.create_path});
    return copied ? Status() : Status(copied.error());
  });
}

}  // namespace

std::string FileTransfers::owner_of(const cim::Context& context) { return context.principal->id(); }

Result<FileTransfers::Opened> FileTransfers::open(const cim::Context& context,
                                                  const hypervisor::VirtualMachine& machine,
                                                  Transfer::Request request) {
  const std::uint64_t largest = environment_.configuration.largest_copy;
  const bool to_guest = request.direction == CopyDirection::to_guest;
  std::optional<guest::FileInformation> file;
  if (!to_guest) {
    const auto guest = environment_.guests.find(machine.id);
    if (!guest) return error(Failure::not_found, "it is gone");
    const auto described = guest->files().describe_content(request.path, guest_deadline(context));
    if (!described) return guest::without_shell(guest->known_capabilities(), described.error());
    file = *described;
  }
  if (const std::uint64_t size = file ? file->size : request.size; size > largest)
    return error(Failure::invalid_argument,
                 fmt::format("the file has {} bytes; at most {} are copied (--copy-largest)", size, largest));

  cim::job::Description description;
  description.class_name = to_guest ? schema::msvm::CopyFileToGuestJob::cim_class().name
                                    : schema::vmms::CopyFileFromGuestJob::cim_class().name;
  description.caption = to_guest ? "Copying Files To Guest" : "Copying Files From Guest";
  description.owner = owner_of(context);
  description.account = context.account;
  description.affected = computer_system_path(machine.id).to_string();
  description.detail = CopyDetail{machine.id,
                                  machine.name,
                                  {{to_guest ? request.name : request.path, to_guest ? request.path : std::string(),
                                    request.overwrite, request.create_path}}}
                           .to_text();
  description.cancellable = true;
  description.lengthy = true;

  sweep();
  const std::string id = random_guid();
  auto transfer = std::make_shared<Transfer>(std::move(request));
  auto charge = vmms::charge(context.account, Ledger::Item::transfer);
  if (!charge) return charge.error();
  transfer->charge_to(*std::move(charge));
  {
    const std::lock_guard lock(mutex_);
    if (const Status room = check_room(machine); !room) return room.error();
    forget_ended(owner_of(context));
    entries_[id] = {transfer, owner_of(context), machine.id, {}};
  }
  try {
    const auto job = environment_.jobs.start(
        std::move(description), machine.id,
        [&environment = environment_, transfer, file, largest, id = machine.id, name = machine.name](Control& control) {
          CopyRun run(environment, transfer->request().direction, id, name, control);
          const Status begun = transfer->begin([&run] { return run.cancelled(); });
          return begun ? copy(*transfer, run, file, largest) : begun;
        },
        // Whatever happened: its calls and its places wait for that. A caller that gets its answer finds the job ended.
        [transfer](const Status& done) { transfer->end(done); });
    const std::lock_guard lock(mutex_);
    if (!job) {
      entries_.erase(id);
      return job.error();
    }
    entries_[id].job_id = job->id;
    return Opened{id, job_path(*job), file};
  } catch (const std::exception&) {  // no client learns of it, so none would end it
    forget(id);
    throw;
  }
}

void FileTransfers::forget(const std::string& id) noexcept {
  std::shared_ptr<Transfer> transfer;
  {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) return;
    transfer = std::move(entry->second.transfer);
    entries_.erase(entry);
  }
  try {
    transfer->abort(error(Failure::internal, "it was not opened"), guest::Clock::now()).has_value();
  } catch (const std::exception&) {  // it ends when no client has used it for a while
  }
}

// With the mutex held.
Status FileTransfers::check_room(const hypervisor::VirtualMachine& machine) const {
  const auto open = std::count_if(entries_.begin(), entries_.end(), [&](const auto& entry) {
    return entry.second.machine_id == machine.id && !entry.second.transfer->ended();
  });
  if (static_cast<std::size_t>(open) < most_of_machine) return {};
  return error(Failure::busy, fmt::format("it has {} transfers open already; end one, or try again later", open));
}

// With the mutex held: room for one more of this user.
void FileTransfers::forget_ended(const std::string& owner) {
  std::size_t ended = 0;
  auto oldest = entries_.end();
  guest::Clock::time_point oldest_end;
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    const auto end = entry->second.owner == owner ? entry->second.transfer->ended_at() : std::nullopt;
    if (!end) continue;
    if (ended++ > 0 && *end >= oldest_end) continue;
    oldest = entry;
    oldest_end = *end;
  }
  if (ended >= most_kept_after_end) entries_.erase(oldest);
}

Result<FileTransfers::Entry> FileTransfers::find(const cim::Context& context, std::string_view machine_id,
                                                 std::string_view id) {
  sweep();
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(to_upper(id));
  if (entry != entries_.end() && entry->second.owner == owner_of(context) &&
      entry->second.machine_id == to_upper(machine_id))
    return entry->second;
  return error(Failure::not_found, fmt::format("you have no transfer \"{}\" of this virtual machine; it may have ended "
                                               "more than {} s ago",
                                               guest::printable(id, 100), kept_after_end.count()));
}

Status FileTransfers::abort(const cim::Context& context, std::string_view machine_id, std::string_view id,
                            guest::Clock::time_point deadline) {
  const Result<Entry> entry = find(context, machine_id, id);
  if (!entry) return entry.error();
  environment_.jobs.cancel(entry->job_id, cim::job::State::terminated).has_value();  // it may have ended
  return entry->transfer->abort(error(Failure::invalid_state, "the transfer was aborted"), deadline);
}

// A transfer whose job runs ends by itself when no client uses it; one whose job waits for others is ended here.
void FileTransfers::sweep() {
  const auto now = guest::Clock::now();
  std::vector<Entry> idle;
  {
    const std::lock_guard lock(mutex_);
    for (auto entry = entries_.begin(); entry != entries_.end();) {
      const auto ended = entry->second.transfer->ended_at();
      if (!ended && entry->second.transfer->idle(now)) idle.push_back(entry->second);
      entry = ended && now - *ended > kept_after_end ? entries_.erase(entry) : std::next(entry);
    }
  }
  for (const Entry& entry : idle) entry.transfer->abort(nobody_called(), now).has_value();
}

}  // namespace vmms::providers
