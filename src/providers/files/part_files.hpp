// Part files that copies left in guests when the vmmsd before this one died.
#pragma once

#include "cim/job/jobs.hpp"
#include "guest/guest.hpp"

#include <string>
#include <vector>

namespace vmms::providers {

struct LeftPartFile {
  std::string job_id;
  std::string machine_id;
  guest::PartFile part;
};

/// As the store of jobs has them.
std::vector<LeftPartFile> left_part_files(const cim::job::Jobs& jobs);

/// Removes it from its guest. Errors: those of reaching the guest; not_supported (its agent removes no files).
Status remove(guest::Guest& guest, const LeftPartFile& left, guest::Clock::time_point deadline);

/// How a part file is kept with its job (cim::job::Job::left_behind).
std::string part_file_text(const std::string& machine_id, const guest::PartFile& part);

}  // namespace vmms::providers
