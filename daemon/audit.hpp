// The audit: a record of each change, call and refusal.
#pragma once

#include "base/line_writer.hpp"
#include "base/result.hpp"
#include "cim/audit.hpp"
#include "cim/job/jobs.hpp"
#include "daemon/audit_record.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace vmms::hypervisor {
class VirtualMachines;
}

namespace vmms::daemon {

/// Writes records as lines of JSON to a file, else as fields to the journal where systemd started us, else as lines of
/// the log. No caller waits for the output; the number of lost records is written there. Any thread.
class Audit final : public cim::Auditor {
 public:
  /// A place for records.
  struct Place {
    enum class Kind : std::uint8_t { log, journal, file };
    Kind kind = Kind::log;
    LineWriter::Output output = {};
  };
  /// Opens `file` for appending, made with mode 0600 where there is none; empty: the journal or the log. Errors name
  /// the file.
  static Result<Place> open(const std::string& file);

  Audit(Place place, bool reads);

  /// From now on records go there. What waits goes there too, when both are files.
  void use(Place place, bool reads);
  /// The VMs that records name. They outlive all calls of record().
  void set_machines(const hypervisor::VirtualMachines& machines) { machines_ = &machines; }
  /// Waits until all is written, at most this long.
  void finish(std::chrono::milliseconds longest);

  bool reads() const override { return reads_; }
  void record(const cim::AuditEvent& event) override;
  void record(const cim::RefusedSignIn& refused) override;
  /// A job that has ended.
  void record(const cim::job::Job& job) noexcept;

  /// The parts of one line for the journal, each an assignment to a field.
  static std::vector<std::string_view> journal_fields(std::string_view line);

 private:
  AuditRecord describe(const cim::AuditEvent& event) const;
  void write(const AuditRecord& record, bool refused);
  /// Counts a record that there is no memory for: its operation happened nevertheless.
  void lose() noexcept;
  void add_machines(AuditRecord& record, const cim::AuditEvent& event) const;
  void add_machine(AuditRecord& record, const std::string& id) const;

  std::mutex mutex_;
  Place::Kind kind_;
  std::shared_ptr<LineWriter> writer_;  ///< null: the log
  std::atomic<bool> reads_;
  const hypervisor::VirtualMachines* machines_ = nullptr;
};

}  // namespace vmms::daemon
