#include "guest/own_agent/own_agent_session.hpp"

#include "base/caught_error.hpp"
#include "base/thread.hpp"
#include "guest/agent/printable.hpp"
#include "guest/services/systemd.hpp"
#include "guest/services/unit_name.hpp"
#include "guest/system/memory.hpp"

#include <algorithm>
#include <exception>
#include <type_traits>
#include <utility>

namespace vmms::guest {

namespace {

constexpr std::size_t read_size = std::size_t{64} << 10;
constexpr std::size_t services_limit = 20000;
constexpr std::chrono::seconds read_time{10};
constexpr std::chrono::seconds write_time{3};
constexpr std::chrono::seconds farewell_time{2};
constexpr std::chrono::milliseconds current_time{100};
constexpr std::chrono::seconds check_interval{1};
constexpr std::chrono::milliseconds exit_time{100};
constexpr std::chrono::milliseconds cancel_interval{200};
constexpr std::size_t word_limit = 64;
constexpr std::size_t description_limit = 512;
constexpr std::size_t message_limit = 2000;
constexpr std::size_t log_line_limit = 500;
constexpr std::size_t log_lines_limit = 5;

// What systemctl says of a job's result.
std::string job_message(const protocol::Done& done, const std::string& name, bool start) {
  const std::string& result = done.job_result;
  if (result == "done" || result == "skipped") return {};
  if (result.empty())
    return std::string("Failed to ") + (start ? "start " : "stop ") + name + ": " +
           printable(done.message.empty() ? done.error : done.message, message_limit);
  if (result == "canceled") return "Job for " + name + " canceled.";
  if (result == "timeout") return "Job for " + name + " timed out.";
  if (result == "dependency") return "A dependency job for " + name + " failed.";
  if (result == "assert") return "Assertion failed on job for " + name + ".";
  if (result == "failed") return "Job for " + name + " failed.";
  return "Job for " + name + " failed: " + printable(result, word_limit) + ".";
}

Result<ServiceOutcome> outcome_of(const protocol::Done& done, const std::string& name, bool start) {
  if (done.error == "org.freedesktop.DBus.Error.Disconnected")
    return error(Failure::unreachable,
                 "systemd in the guest went away while \"" + name + "\" was " + (start ? "starting" : "stopping"));
  std::optional<Service> service = service_of(done.unit);
  if (!service) return error(Failure::failed, "systemd in the guest does not tell the state of \"" + name + "\"");
  if (!service->exists()) return no_such_service(name);
  ServiceOutcome outcome;
  outcome.service = std::move(*service);
  outcome.message = job_message(done, name, start);
  outcome.exit_status = outcome.message.empty() ? 0 : 1;
  if (done.unmet == protocol::unmet_condition) outcome.unmet = Unmet::condition;
  if (done.unmet == protocol::unmet_assertion) outcome.unmet = Unmet::assertion;
  for (const std::string& line : done.log_lines) {
    if (outcome.log_lines.size() == log_lines_limit) break;
    std::string shown = printable(line, log_line_limit);
    if (!shown.empty()) outcome.log_lines.push_back(std::move(shown));
  }
  return outcome;
}

// Of an answer; events have none.
template <class T>
std::optional<std::uint32_t> id_of(const T& message) {
  if constexpr (requires { message.id; })
    return message.id;
  else
    return std::nullopt;
}

}  // namespace

std::optional<Service> service_of(const protocol::Unit& unit) {
  if (!is_service_unit_name(unit.name)) return std::nullopt;
  constexpr std::uint32_t exited = 1;  // waitid's si_code
  constexpr std::uint32_t killed = 2;
  constexpr std::uint32_t dumped = 3;
  Service service;
  service.name = unit.name;
  service.description = printable(unit.description, description_limit);
  service.load_state = printable(unit.load_state, word_limit);
  service.active_state = printable(unit.active_state, word_limit);
  service.sub_state = printable(unit.sub_state, word_limit);
  service.unit_file_state = printable(unit.unit_file_state, word_limit);
  service.type = printable(unit.type, word_limit);
  service.result = printable(unit.result, word_limit);
  service.main_process_id = unit.main_process_id;
  if (unit.end_code == exited) service.exit_status = unit.end_status;
  if (unit.end_code == killed || unit.end_code == dumped) service.exit_signal = unit.end_status;
  // Up to the year 9999, which is as far as CIM's times go.
  constexpr std::uint64_t latest = 253'402'300'800'000'000;
  if (unit.state_changed > 0 && unit.state_changed < latest)
    service.state_changed.emplace(std::chrono::microseconds(unit.state_changed));
  return service;
}

Result<std::shared_ptr<OwnAgentSession>> OwnAgentSession::begin(std::unique_ptr<Port> port, std::string_view build,
                                                                Clock::time_point deadline, const AccountPtr& account) {
  const std::shared_ptr<OwnAgentSession> session(new OwnAgentSession(std::move(port)));
  session->build_ = build;
  Result<Charge> charged = charge(account, Ledger::Item::guest_data);
  if (!charged) return charged.error();
  session->charge_ = std::move(*charged);
  const Status started = start_thread("own-agent", [session] { session->read(); }, {.use = ThreadUse::conversation});
  if (!started)
    return error(Failure::busy, "no thread can be started to listen to our own agent: " + started.error().message);
  std::unique_lock lock(session->mutex_);
  const bool done =
      session->changed_.wait_until(lock, deadline, [&] { return session->greeted_ || session->end_reason_; });
  if (session->greeted_ && !session->end_reason_) return session;
  const std::string reason = done ? *session->end_reason_ : "it did not say anything after its start";
  lock.unlock();
  session->close(reason);
  return error(Failure::unreachable, "our own agent in the guest: " + reason);
}

OwnAgentSession::~OwnAgentSession() = default;

bool OwnAgentSession::alive() const {
  const std::lock_guard lock(mutex_);
  return greeted_ && !end_reason_ && !leaving_;
}

bool OwnAgentSession::told_too_much() const {
  const std::lock_guard lock(mutex_);
  return too_much_;
}

std::string OwnAgentSession::end_reason() const {
  const std::lock_guard lock(mutex_);
  return end_reason_.value_or("");
}

Error OwnAgentSession::ended() const {
  return error(Failure::unreachable,
               "our own agent in the guest is gone: " + end_reason_.value_or("it was told to end"));
}

void OwnAgentSession::end(bool remove, std::string reason) {
  {
    const std::lock_guard lock(mutex_);
    if (end_reason_ || leaving_) return;
    leaving_ = remove;
  }
  if (!remove) return close(std::move(reason));
  changed_.notify_all();
  // The guest's answer, or farewell_time, ends the reading thread, which holds the port until then.
  const std::unique_lock lock(writing_, std::try_to_lock);
  if (!lock || !port_->write(protocol::encode(protocol::ToAgent(protocol::Exit{})), Clock::now() + exit_time))
    close("it was told to end");
}

void OwnAgentSession::abandon() { close("VM is gone"); }  // short enough to need no memory

void OwnAgentSession::close(std::string reason) {
  {
    const std::lock_guard lock(mutex_);
    if (!end_reason_) end_reason_ = std::move(reason);
  }
  changed_.notify_all();
  port_->close();
}

void OwnAgentSession::read() {
  try {
    listen();
  } catch (const std::exception&) {
    close(caught_error().message);
  }
  // The session may be held for long, but its data is of no use any more.
  const std::lock_guard lock(mutex_);
  loaded_.clear();
  canonical_.clear();
  charge_.reset();
}

void OwnAgentSession::listen() {
  std::optional<Clock::time_point> farewell;
  while (true) {
    const Result<std::string> bytes = port_->read(read_size, farewell.value_or(Clock::now() + read_time));
    {
      const std::lock_guard lock(mutex_);
      if (end_reason_) return;
      if (leaving_ && !farewell) farewell = Clock::now() + farewell_time;
    }
    if (farewell && Clock::now() >= *farewell) return close("it was told to end");
    if (!bytes) {
      if (bytes.error().kind == Failure::timed_out) continue;
      return close(bytes.error().message);
    }
    if (const Status taken = take_frames(*bytes); !taken) return close(taken.error().message);
    slow_down(bytes->size() + std::exchange(messages_, 0) * message_cost);
  }
}

void OwnAgentSession::slow_down(std::size_t bytes) {
  using Seconds = std::chrono::duration<double>;
  const Clock::time_point now = Clock::now();
  const double more = Seconds(now - allowed_at_).count() * static_cast<double>(bytes_a_second);
  allowed_at_ = now;
  allowance_ = std::min(static_cast<double>(burst_bytes), allowance_ + more) - static_cast<double>(bytes);
  if (allowance_ >= 0) return;
  const auto pause = std::chrono::ceil<Clock::duration>(Seconds(-allowance_ / static_cast<double>(bytes_a_second)));
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, now + pause, [this] { return end_reason_ || leaving_; });
}

Status OwnAgentSession::take_frames(std::string_view bytes) {
  const Error nonsense = error(Failure::failed, "what it says makes no sense");
  frames_.add(bytes);
  while (const std::optional<std::string_view> frame = frames_.next()) {
    std::optional<protocol::ToHost> message = protocol::decode_to_host(*frame);
    if (!message) return nonsense;
    ++messages_;
    if (const Status taken = take(std::move(*message), frame->size()); !taken) return taken;
  }
  if (frames_.broken()) return nonsense;
  return {};
}

Status OwnAgentSession::take(protocol::ToHost message, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto* hello = std::get_if<protocol::Hello>(&message);
  if ((hello == nullptr) != greeted_) return error(Failure::failed, "it did not say who it is");
  const std::optional<std::uint32_t> id = std::visit([](const auto& each) { return id_of(each); }, message);
  if (hello != nullptr) {
    if (hello->version != protocol::version || hello->build != build_)
      return error(Failure::failed, "another program answers in its place");
    greeted_ = true;
  } else if (id) {
    if (const auto* pong = std::get_if<protocol::Pong>(&message); pong != nullptr && pong->events != events_)
      return error(Failure::failed, "it told something that did not come here (the guest went back in time?)");
    // An answer that no caller waits for any more is not an error.
    if (const auto found = waiting_.find(*id); found != waiting_.end() && !found->second.answer) {
      // A list of short texts takes some ten times the memory of its frame.
      found->second.bytes = 10 * bytes;
      if (const Status kept = keep(found->second.bytes); !kept) return kept;
      found->second.answer = std::move(message);
    }
  } else {
    ++events_;
    if (const auto* changed = std::get_if<protocol::Changed>(&message)) {
      if (const Status taken = take_unit(changed->unit); !taken) return taken;
    } else if (const auto* gone = std::get_if<protocol::Gone>(&message)) {
      forget_unit(gone->unit);
      ++versions_.states;
    } else if (std::holds_alternative<protocol::FilesChanged>(message)) {
      ++versions_.files;
    } else if (std::holds_alternative<protocol::Synchronized>(message)) {
      synchronized_ = true;
    } else {
      if (leaving_) return error(Failure::failed, "it was told to end");
      synchronized_ = false;
      while (!loaded_.empty()) forget_unit(loaded_.begin()->first);
      ++versions_.states;
      ++versions_.files;
    }
  }
  changed_.notify_all();
  return {};
}

// Under the lock.
Status OwnAgentSession::take_unit(const protocol::Unit& unit) {
  std::optional<Service> service = service_of(unit);
  if (!service || !service->exists() || is_service_template(service->name)) return {};
  if (loaded_.size() >= services_limit && loaded_.count(service->name) == 0) return {};
  forget_unit(service->name);
  ++versions_.states;
  Loaded loaded;
  for (const std::string& name : unit.names) {
    if (!is_service_unit_name(name) || loaded.names.size() >= word_limit) continue;
    // As an alias, and its canonical name.
    loaded.bytes += node_memory + 3 * sizeof name + 2 * memory_of(name) + memory_of(unit.name);
    loaded.names.push_back(name);
  }
  loaded.bytes += node_memory + sizeof loaded + memory_of(unit.name) + memory_of(*service);
  if (const Status kept = keep(loaded.bytes); !kept) return kept;
  loaded.service = std::move(*service);
  for (const std::string& name : loaded.names) canonical_[name] = unit.name;
  loaded_[unit.name] = std::move(loaded);
  return {};
}

// Under the lock. The account is asked for more than is needed now, so that it is not asked for each unit.
Status OwnAgentSession::keep(std::size_t more) {
  constexpr std::size_t step = std::size_t{64} << 10;
  bytes_ += more;
  if (bytes_ <= most_bytes && (bytes_ <= charge_.bytes() || !charge_.account())) return {};
  const Status kept =
      bytes_ > most_bytes
          ? error(Failure::failed, "it told more than the " + std::to_string(most_bytes >> 20) + " MiB that are kept")
          : charge_.resize(bytes_ + step);
  if (!kept) too_much_ = true;
  return kept;
}

// Under the lock.
void OwnAgentSession::keep_less(std::size_t less) { bytes_ -= less; }

// Under the lock.
std::map<std::uint32_t, OwnAgentSession::Waiting>::node_type OwnAgentSession::no_longer_waiting(std::uint32_t id) {
  auto node = waiting_.extract(id);
  if (!node.empty()) keep_less(node.mapped().bytes);
  return node;
}

// Under the lock.
void OwnAgentSession::forget_unit(const std::string& name) {
  const auto found = loaded_.find(name);
  if (found == loaded_.end()) return;
  for (const std::string& alias : found->second.names)
    if (const auto known = canonical_.find(alias); known != canonical_.end() && known->second == name)
      canonical_.erase(known);
  keep_less(found->second.bytes);
  loaded_.erase(found);
}

template <class Message>
Result<OwnAgentSession::Sent> OwnAgentSession::send(Message message) {
  Sent request;
  {
    const std::lock_guard lock(mutex_);
    if (end_reason_ || leaving_) return ended();
    if (waiting_.size() >= most_under_way)
      return error(Failure::busy, std::to_string(most_under_way) + " requests wait for our own agent in the guest");
    request.id = message.id = ++last_id_;
  }
  request.given_up =
      std::shared_ptr<void>(nullptr, [session = shared_from_this(), id = request.id](void*) { session->give_up(id); });
  const std::string frame = protocol::encode(protocol::ToAgent(std::move(message)));
  if (frame.size() > protocol::frame_limit)
    return error(Failure::invalid_argument, "the request is too long for our own agent in the guest");
  {
    const std::lock_guard lock(mutex_);
    waiting_.try_emplace(request.id);
  }
  const Clock::time_point limit = Clock::now() + write_time;
  const std::unique_lock lock(writing_, limit);
  if (!lock.owns_lock())
    return error(Failure::busy, "other requests wait for our own agent in the guest, which does not read them");
  const Status sent = port_->write(frame, limit);
  if (sent) return request;
  // A frame that went out in part can never be completed.
  close(sent.error().message);
  return sent.error();
}

void OwnAgentSession::give_up(std::uint32_t id) {
  const std::lock_guard lock(mutex_);
  no_longer_waiting(id);
}

std::optional<Result<OwnAgentSession::Answer>> OwnAgentSession::await(std::uint32_t id, Clock::time_point deadline) {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto found = waiting_.find(id);
      if (found == waiting_.end()) return Result<Answer>(error(Failure::internal, "an answer was taken twice"));
      changed_.wait_until(lock, std::min(deadline, Clock::now() + check_interval),
                          [&] { return found->second.answer || end_reason_ || leaving_; });
      if (found->second.answer) {
        Answer answer = std::move(*found->second.answer);
        no_longer_waiting(id);
        if (const auto* failed = std::get_if<protocol::Failed>(&answer))
          return Result<Answer>(
              error(Failure::failed, (failed->code == 0 ? "" : "errno " + std::to_string(failed->code) + ": ") +
                                         printable(failed->message, message_limit)));
        return Result<Answer>(std::move(answer));
      }
      if (end_reason_ || leaving_) {
        no_longer_waiting(id);
        return Result<Answer>(ended());
      }
    }
    if (Clock::now() >= deadline) return std::nullopt;
    current(deadline);
  }
}

Status OwnAgentSession::current(Clock::time_point deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (end_reason_ || leaving_) return ended();
    if (Clock::now() - current_as_of_ < current_time) return {};
  }
  const Clock::time_point begun = Clock::now();
  const Clock::time_point limit = begun + silent_time;
  const Result<Sent> sent = send(protocol::Ping{});
  if (!sent) return sent.error();
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, std::min(limit, deadline),
                      [&] { return waiting_.at(sent->id).answer || end_reason_ || leaving_; });
  const bool answered = no_longer_waiting(sent->id).mapped().answer.has_value();
  if (end_reason_ || leaving_) return ended();
  if (answered) {
    current_as_of_ = std::max(current_as_of_, begun);
    return {};
  }
  if (deadline < limit)
    return error(Failure::timed_out, "the deadline passed before our own agent in the guest answered");
  lock.unlock();
  close("it is silent");
  const std::lock_guard again(mutex_);
  return ended();
}

std::optional<OwnAgentSession::Versions> OwnAgentSession::versions() const {
  const std::lock_guard lock(mutex_);
  if (!synchronized_ || end_reason_ || leaving_) return std::nullopt;
  return versions_;
}

std::optional<Service> OwnAgentSession::loaded(const std::string& full_name) const {
  const std::lock_guard lock(mutex_);
  const auto alias = canonical_.find(full_name);
  const auto found = loaded_.find(alias == canonical_.end() ? full_name : alias->second);
  if (found == loaded_.end()) return std::nullopt;
  return found->second.service;
}

ServiceList OwnAgentSession::now(const ServiceList& list) const {
  ServiceList result;
  result.fingerprint = list.fingerprint;
  result.defined = list.defined;
  const std::lock_guard lock(mutex_);
  for (const auto& [name, each] : loaded_) result.services.emplace_hint(result.services.end(), name, each.service);
  // What has files is listed although it is not loaded.
  for (const std::string& name : list.defined)
    if (const auto known = list.services.find(name); known != list.services.end() && loaded_.count(name) == 0)
      result.services.try_emplace(name, unloaded(known->second));
  return result;
}

Result<Service> OwnAgentSession::state(const std::string& full_name, Clock::time_point deadline) {
  const Result<Sent> sent = send(protocol::AskState{0, full_name});
  if (!sent) return sent.error();
  const std::optional<Result<Answer>> answer = await(sent->id, deadline);
  if (!answer)
    return error(Failure::timed_out,
                 "the deadline passed while the guest was asked for the state of \"" + full_name + "\"");
  if (!*answer) {
    // Without an answer of systemd there are other ways to ask.
    const Error& why = answer->error();
    return why.kind == Failure::failed ? error(Failure::unreachable, why.message) : why;
  }
  const auto* state = std::get_if<protocol::State>(&**answer);
  std::optional<Service> service = state == nullptr ? std::nullopt : service_of(state->unit);
  if (!service)
    return error(Failure::unreachable, "our own agent in the guest does not tell the state of \"" + full_name + "\"");
  if (!service->exists()) return no_such_service(full_name);
  return *service;
}

Result<OwnAgentSession::Act> OwnAgentSession::act(const std::string& full_name, bool start) {
  const Result<Sent> sent = start ? send(protocol::Start{0, full_name}) : send(protocol::Stop{0, full_name});
  if (!sent) return sent.error();
  Act act;
  act.session_ = shared_from_this();
  act.full_name_ = full_name;
  act.start_ = start;
  act.id_ = sent->id;
  act.given_up_ = sent->given_up;
  return act;
}

std::optional<Result<ServiceOutcome>> OwnAgentSession::Act::advance(Clock::time_point deadline) {
  const std::optional<Result<Answer>> answer = session_->await(id_, deadline);
  if (!answer) return std::nullopt;
  if (!*answer) return Result<ServiceOutcome>(answer->error());
  const auto* done = std::get_if<protocol::Done>(&**answer);
  if (done == nullptr)
    return Result<ServiceOutcome>(error(Failure::unreachable, "our own agent in the guest answers something else"));
  return outcome_of(*done, full_name_, start_);
}

Result<OwnAgentSession::Transfer> OwnAgentSession::receive_file(std::string_view port_name, std::string_view path,
                                                                std::uint64_t size,
                                                                std::vector<protocol::Segment> segments,
                                                                Clock::time_point deadline,
                                                                const std::function<bool()>& cancelled) {
  if (segments.size() > protocol::segments_limit)
    return error(Failure::invalid_argument,
                 "the file has more than " + std::to_string(protocol::segments_limit) + " pieces");
  const Result<Sent> sent =
      send(protocol::Receive{0, std::string(port_name), std::string(path), size, std::move(segments)});
  if (!sent) return sent.error();
  return transfer(*sent, path, deadline, cancelled);
}

Result<OwnAgentSession::Transfer> OwnAgentSession::send_file(std::string_view port_name, std::string_view path,
                                                             std::uint64_t offset, std::uint64_t length,
                                                             Clock::time_point deadline,
                                                             const std::function<bool()>& cancelled) {
  const Result<Sent> sent = send(protocol::Send{0, std::string(port_name), std::string(path), offset, length});
  if (!sent) return sent.error();
  return transfer(*sent, path, deadline, cancelled);
}

Result<OwnAgentSession::Transfer> OwnAgentSession::transfer(const Sent& request, std::string_view path,
                                                            Clock::time_point deadline,
                                                            const std::function<bool()>& cancelled) {
  Clock::time_point checked = Clock::now();
  while (true) {
    const Clock::time_point until = cancelled ? std::min(deadline, Clock::now() + cancel_interval) : deadline;
    if (Clock::now() - checked > check_interval) {
      current(deadline);
      checked = Clock::now();
    }
    const std::optional<Result<Answer>> answer = await(request.id, until);
    if (answer && !*answer) return answer->error();
    if (answer) {
      if (const auto* done = std::get_if<protocol::Transferred>(&**answer)) return Transfer{done->bytes, done->sha256};
      return error(Failure::failed, "our own agent in the guest answers something else");
    }
    const bool late = Clock::now() >= deadline;
    if (!late && !cancelled()) continue;
    give_up(request.id);
    const std::lock_guard lock(writing_);
    if (const Status sent =
            port_->write(protocol::encode(protocol::ToAgent(protocol::Cancel{request.id})), Clock::now() + write_time);
        !sent)
      close(sent.error().message);
    return late ? error(Failure::timed_out, "the deadline passed while \"" + std::string(path) + "\" was copied")
                : error(Failure::invalid_state, "the copy of \"" + std::string(path) + "\" was cancelled");
  }
}

}  // namespace vmms::guest
