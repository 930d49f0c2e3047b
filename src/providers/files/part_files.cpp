#include "providers/files/part_files.hpp"

#include "guest/files/files.hpp"
#include "schema/Msvm_CopyFileToGuestJob.hpp"

#include <algorithm>
#include <string_view>

namespace vmms::providers {

namespace {

// ASCII's separator: no path has a control character.
constexpr char unit_separator = '\x1F';

std::string take(std::string_view& text) {
  const std::size_t end = std::min(text.find(unit_separator), text.size());
  std::string part(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

}  // namespace

std::string part_file_text(const std::string& machine_id, const guest::PartFile& part) {
  return machine_id + unit_separator + part.name + unit_separator + part.destination + unit_separator + part.source;
}

std::vector<LeftPartFile> left_part_files(const cim::job::Jobs& jobs) {
  std::vector<LeftPartFile> left;
  for (const cim::job::Job& job : jobs.interrupted(schema::msvm::CopyFileToGuestJob::cim_class().name)) {
    std::string_view text = job.left_behind;
    LeftPartFile& each = left.emplace_back();
    each.job_id = job.id;
    each.machine_id = take(text);
    each.part.name = take(text);
    each.part.destination = take(text);
    each.part.source = text;
  }
  return left;
}

Status remove(guest::Guest& guest, const LeftPartFile& left, guest::Clock::time_point deadline) {
  return guest.files().discard(left.part, deadline);
}

}  // namespace vmms::providers
