#include "daemon/audit.hpp"

#include "base/escaped.hpp"
#include "base/file_descriptor.hpp"
#include "base/protected_path.hpp"
#include "base/text.hpp"
#include "cim/instance.hpp"
#include "hypervisor/machines.hpp"
#include "providers/common/machines.hpp"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <optional>
#include <system_error>

namespace vmms::daemon {

namespace {

// Bytes of records that may wait to be written, and of the parameters in one record.
constexpr std::size_t waiting_bytes = std::size_t{4} << 20;
constexpr std::size_t longest_parameters = std::size_t{4} << 10;
constexpr std::size_t most_machines = 16;
constexpr char field_separator = '\x1f';

std::string now_text() {
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", second, (now - second).count());
}

// An audit file, written by one thread.
class File {
 public:
  File(FileDescriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}
  int descriptor() const { return descriptor_.get(); }

  bool write(std::string_view lines) {
    // A line that was cut off must not take the next one with it.
    const bool written = (!torn_ || write_lines(descriptor(), "\n")) && write_lines(descriptor(), lines);
    if (!written && !torn_)
      spdlog::error("the audit file {} cannot be written: {}; records are lost until it can", path_,
                    std::error_code(errno, std::generic_category()).message());
    if (written && torn_) spdlog::info("the audit file {} can be written again", path_);
    torn_ = !written;
    return written;
  }

 private:
  const FileDescriptor descriptor_;
  const std::string path_;
  bool torn_ = false;
};

// Whether standard error is systemd's own (systemd.exec(5), JOURNAL_STREAM).
bool is_under_systemd() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  return stream && ::fstat(STDERR_FILENO, &status) == 0 && fmt::format("{}:{}", status.st_dev, status.st_ino) == stream;
}

bool write_to_journal(std::string_view lines) {
  bool written = true;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    std::vector<iovec> fields;
    for (const std::string_view field : Audit::journal_fields(line))
      fields.push_back({const_cast<char*>(field.data()), field.size()});
    written = ::sd_journal_sendv(fields.data(), static_cast<int>(fields.size())) == 0 && written;
  }
  return written;
}

// One record for the journal.
std::string journal_line(std::string_view message, int priority, const std::string& fields) {
  return fmt::format("MESSAGE={}{}PRIORITY={}{}SYSLOG_IDENTIFIER=vmmsd{}", message, field_separator, priority,
                     field_separator, fields);
}

std::string report_lost(Audit::Place::Kind kind, std::uint64_t lost) {
  AuditRecord record;
  record.text("time", now_text());
  record.text("event", "lost");
  record.number("records", static_cast<std::int64_t>(lost));
  if (kind == Audit::Place::Kind::file) return record.as_json() + '\n';
  return journal_line(fmt::format("audit: {} records were lost", lost), 3, record.as_journal_fields(field_separator)) +
         '\n';
}

std::shared_ptr<LineWriter> make_writer(Audit::Place place) {
  if (place.kind == Audit::Place::Kind::log) return nullptr;
  return std::make_shared<LineWriter>(waiting_bytes, std::move(place.output),
                                      [kind = place.kind](std::uint64_t lost) { return report_lost(kind, lost); });
}

// The ids of the VMs that a value names: a reference, an embedded instance, what is inside. What belongs to the host
// names a system, too, but its name is no GUID.
void collect_machines(const cim::Value& value, std::vector<std::string>& ids, int depth = 0) {
  if (depth > 4 || ids.size() >= most_machines) return;
  const auto add = [&](std::string id) {
    if (is_guid(id) && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  };
  if (const auto* array = value.get_if<cim::Array>()) {
    for (const cim::Value& element : *array) collect_machines(element, ids, depth + 1);
  } else if (const auto* path = value.get_if<cim::ObjectPathPtr>()) {
    add(providers::machine_of(**path));
  } else if (const auto* instance = value.get_if<cim::InstancePtr>()) {
    add(providers::machine_of((*instance)->path()));
  }
}

std::string_view name_of(Failure failure) {
  switch (failure) {
    case Failure::failed:
      return "failed";
    case Failure::internal:
      return "internal";
    case Failure::invalid_argument:
      return "invalid_argument";
    case Failure::not_found:
      return "not_found";
    case Failure::already_exists:
      return "already_exists";
    case Failure::access_denied:
      return "access_denied";
    case Failure::not_supported:
      return "not_supported";
    case Failure::invalid_state:
      return "invalid_state";
    case Failure::timed_out:
      return "timed_out";
    case Failure::unreachable:
      return "unreachable";
    case Failure::busy:
      return "busy";
  }
  return "failed";
}

bool is_refused(const cim::AuditEvent& event) { return event.error && event.error->kind == Failure::access_denied; }

std::string parameters_of(const cim::AuditEvent& event) {
  std::string out = "{";
  for (std::size_t i = 0; i < event.inputs->size() && i < event.method->parameters.size(); ++i) {
    if ((*event.inputs)[i].is_null()) continue;
    if (out.size() > 1) out += ',';
    append_json_member(out, event.method->parameters[i].name, (*event.inputs)[i], longest_parameters);
  }
  return out + '}';
}

std::string keys_of(const cim::ObjectPath& path) {
  std::string out = "{";
  for (const cim::KeyBinding& key : path.keys) {
    if (out.size() > 1) out += ',';
    const cim::Value value = key.reference ? cim::Value(key.reference) : cim::Value(key.value);
    append_json_member(out, key.name, value, longest_parameters);
    if (out.size() > longest_parameters) break;
  }
  return out + '}';
}

// The job that a method's answer names.
const cim::ObjectPath* job_of(const cim::AuditEvent& event) {
  if (!event.result || !event.method) return nullptr;
  for (std::size_t i = 0; i < event.result->outputs.size() && i < event.method->parameters.size(); ++i)
    if (equals_no_case(event.method->parameters[i].name, "Job"))
      if (const auto* path = event.result->outputs[i].get_if<cim::ObjectPathPtr>()) return path->get();
  return nullptr;
}

}  // namespace

Result<Audit::Place> Audit::open(const std::string& file) {
  if (file.empty()) {
    if (is_under_systemd()) return Place{Place::Kind::journal, write_to_journal};
    return Place{};
  }
  auto descriptor = open_protected_log(file);
  if (!descriptor)
    return error(descriptor.error().kind, fmt::format("the audit file cannot be used: {}", descriptor.error().message));
  const auto opened = std::make_shared<File>(*std::move(descriptor), file);
  struct stat status {};
  if (::fstat(opened->descriptor(), &status) != 0)
    return error(Failure::failed, fmt::format("the audit file {} cannot be used: {}", file,
                                              std::error_code(errno, std::generic_category()).message()));
  // A group may read it, if its mode was set so; other users may not.
  if ((status.st_mode & 0137) != 0 && ::fchmod(opened->descriptor(), status.st_mode & 0640) != 0)
    return error(Failure::failed,
                 fmt::format("others may use the audit file {}, and its mode cannot be changed: chmod 600 it", file));
  return Place{Place::Kind::file, [opened](std::string_view lines) { return opened->write(lines); }};
}

Audit::Audit(Place place, bool reads) : kind_(place.kind), writer_(make_writer(std::move(place))), reads_(reads) {}

void Audit::use(Place place, bool reads) {
  reads_ = reads;
  const std::scoped_lock lock(mutex_);
  if (place.kind == kind_ && writer_) return writer_->replace(std::move(place.output));
  try {
    const auto kind = place.kind;
    writer_ = make_writer(std::move(place));
    kind_ = kind;
  } catch (const std::exception& problem) {
    spdlog::error("audit records go where they went before: {}", problem.what());
  }
}

void Audit::finish(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  const auto writer = writer_;
  lock.unlock();
  if (writer && !writer->flush(longest)) spdlog::error("audit records are lost: they could not be written in time");
}

void Audit::record(const cim::AuditEvent& event) {
  try {
    write(describe(event), is_refused(event));
  } catch (const std::exception&) {
    lose();
  }
}

AuditRecord Audit::describe(const cim::AuditEvent& event) const {
  AuditRecord record;
  record.text("event", event.operation);
  record.text("outcome", is_refused(event) ? "refused" : event.error ? "failed" : "done");
  const cim::Principal& principal = *event.context.principal;
  record.text("principal", principal.is_nobody() ? std::string() : principal.id(), 256);
  record.text("mechanism", principal.mechanism);
  record.text("address", principal.address);
  if (principal.uid) record.number("uid", *principal.uid);
  add_machines(record, event);
  record.text("namespace", event.namespace_name, 256);
  if (!event.class_name.empty()) record.text("class", event.class_name, 256);
  if (!event.method_name.empty()) record.text("method", event.method ? event.method->name : event.method_name, 256);
  if (event.object) record.json("keys", keys_of(*event.object));
  if (!event.query.empty()) record.text("query", event.query);
  if (event.inputs && event.method) record.json("parameters", parameters_of(event));
  if (event.instance) {
    std::string values;
    append_json(values, std::make_shared<const cim::Instance>(*event.instance), longest_parameters);
    record.json("values", std::move(values));
  }
  if (event.created) record.json("created", keys_of(*event.created));
  if (event.result) {
    std::string value;
    append_json(value, event.result->return_value, longest_parameters);
    record.json("return_value", std::move(value));
  }
  if (const cim::ObjectPath* job = job_of(event)) record.text("job", job->value("InstanceID"), 256);
  if (event.error) {
    record.text("error", name_of(event.error->kind));
    record.text("reason", event.error->message);
  }
  // Its caller got the answer at the deadline that it timed out.
  if (cim::Context::Clock::now() > event.context.deadline) record.flag("late");
  record.number("duration_us", std::chrono::duration_cast<std::chrono::microseconds>(event.duration).count());
  return record;
}

void Audit::record(const cim::RefusedSignIn& refused) {
  try {
    AuditRecord record;
    record.text("event", "sign_in");
    record.text("outcome", "refused");
    record.text("principal", refused.user, 256);
    record.text("mechanism", refused.mechanism);
    record.text("address", refused.peer);
    record.text("reason", refused.why);
    write(record, true);
  } catch (const std::exception&) {
    lose();
  }
}

void Audit::record(const cim::job::Job& job) noexcept {
  try {
    const bool refused = job.error_code == cim::job::error_code(Failure::access_denied);
    AuditRecord record;
    record.text("event", "job");
    record.text("outcome", job.state == cim::job::State::completed   ? "done"
                           : refused                                 ? "refused"
                           : job.state == cim::job::State::exception ? "failed"
                                                                     : "cancelled");
    record.text("principal", job.owner, 256);
    if (const auto affected = cim::ObjectPath::parse(job.affected))
      if (const std::string id = providers::machine_of(*affected); is_guid(id)) add_machine(record, id);
    record.text("job", job.id);
    record.text("caption", job.caption, 256);
    record.number("error_code", job.error_code);
    if (!job.error_text.empty()) record.text("reason", job.error_text);
    record.number("duration_us",
                  std::chrono::duration_cast<std::chrono::microseconds>(job.changed - job.submitted).count());
    write(record, refused);
  } catch (const std::exception&) {
    lose();
  }
}

void Audit::lose() noexcept {
  const std::scoped_lock lock(mutex_);
  if (writer_)
    writer_->lose();
  else
    spdlog::error("an audit record is lost: there is no memory for it");
}

void Audit::add_machine(AuditRecord& record, const std::string& id) const {
  record.text("vm", id, 64);
  if (const auto machine = machines_ ? machines_->find(id) : nullptr) record.text("vm_name", machine->name, 256);
}

void Audit::add_machines(AuditRecord& record, const cim::AuditEvent& event) const {
  std::vector<std::string> ids;
  if (event.object) collect_machines(std::make_shared<const cim::ObjectPath>(*event.object), ids);
  if (event.instance) collect_machines(std::make_shared<const cim::Instance>(*event.instance), ids);
  if (event.inputs)
    for (const cim::Value& value : *event.inputs) collect_machines(value, ids);
  if (ids.empty()) return;
  add_machine(record, ids.front());
  if (ids.size() == 1) return;
  std::string others = "[";
  for (std::size_t i = 1; i < ids.size(); ++i) {
    if (i > 1) others += ',';
    append_json_string(others, std::string_view(ids[i]).substr(0, 64));
  }
  record.json("other_vms", others + ']');
}

void Audit::write(const AuditRecord& record, bool refused) {
  std::unique_lock lock(mutex_);
  const auto kind = kind_;
  const auto writer = writer_;
  lock.unlock();
  switch (kind) {
    case Place::Kind::log:
      spdlog::log(refused ? spdlog::level::warn : spdlog::level::info, "audit: {}", record.as_words());
      break;
    case Place::Kind::journal:
      writer->add(
          journal_line("audit: " + record.as_words(), refused ? 4 : 6, record.as_journal_fields(field_separator)));
      break;
    case Place::Kind::file:
      writer->add(fmt::format("{{\"time\":\"{}\",{}", now_text(), record.as_json().substr(1)));
      break;
  }
}

std::vector<std::string_view> Audit::journal_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  while (!line.empty()) {
    const std::size_t end = line.find(field_separator);
    fields.push_back(line.substr(0, end));
    line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
  }
  return fields;
}

}  // namespace vmms::daemon
