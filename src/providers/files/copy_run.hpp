// What every copy job does around its files: its progress, what a crash would leave, and why it has to end.
#pragma once

#include "guest/files/file_copy.hpp"
#include "providers/common/machines.hpp"
#include "providers/files/transfer.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace vmms::providers {

/// For one job, on its thread.
class CopyRun {
 public:
  using Work = std::function<Status(const guest::Guest& guest, guest::FileCopy& copy)>;

  CopyRun(const Environment& environment, CopyDirection direction, std::string machine_id, std::string machine_name,
          cim::job::Control& control)
      : environment_(environment),
        direction_(direction),
        machine_id_(std::move(machine_id)),
        machine_name_(std::move(machine_name)),
        control_(control) {}

  /// Does the work; the text of its failure begins as Hyper-V's does, and says what happened to the VM where that is
  /// the cause.
  Status run(const Work& work);

  /// So many bytes will move. A copy takes ten minutes and a second for each 128 KiB at most.
  void expect(std::uint64_t bytes);

  /// A client asked for the end of the job, the VM has ended, its files must no longer be reached, or time is up.
  bool cancelled();

 private:
  Status copy(const Work& work);
  std::optional<Error> reason_to_end() const;
  void moved(std::uint64_t bytes);

  const Environment& environment_;
  const CopyDirection direction_;
  const std::string machine_id_;
  const std::string machine_name_;
  cim::job::Control& control_;
  const guest::Clock::time_point begun_ = guest::Clock::now();
  std::optional<Error> reason_;
  std::uint64_t total_ = 0;
  std::uint64_t moved_ = 0;
  std::uint16_t percent_ = 0;
};

}  // namespace vmms::providers
