#include "agent/conversation.hpp"

#include "agent/transfer.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace vmms::agent {

namespace protocol = guest::protocol;

namespace {

constexpr std::int64_t host_gone_limit_ms = 30000;
constexpr std::int64_t look_ms = 250;
constexpr std::int64_t connect_ms = 500;
constexpr std::int64_t journal_ms = 5000;
constexpr std::size_t works_limit = 64;
constexpr std::size_t log_lines_limit = 5;

// Of a service that says nothing of itself (Type=simple) systemd only knows that it was forked. It gets so long to
// fail; and no longer than until it has been seen at rest twice.
constexpr std::int64_t prove_ms = 300;
constexpr std::int64_t look_at_process_ms = 10;

std::int64_t now_ms() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1000000;
}

bool as_wanted(Services::Kind kind, const protocol::Done& done) {
  const protocol::Unit& unit = done.unit;
  if (done.job_result != "done" && done.job_result != "skipped") return false;
  if (kind == Services::Kind::stop) return unit.active_state == "inactive";
  if (done.unmet != 0) return false;
  return unit.active_state == "active" || unit.active_state == "reloading" ||
         (unit.type == "oneshot" && unit.result == "success");
}

// Whether a process runs its own program, and waits for something.
bool at_rest(std::uint32_t process) {
  const int file = open(("/proc/" + std::to_string(process) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char text[512];
  const ssize_t size = read(file, text, sizeof text);
  close(file);
  // "123 (name) S …": until the program runs, systemd's child is called "(name)", with its own parentheses.
  const std::string_view stat(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t name = stat.find(" (");
  const std::size_t end = stat.rfind(") ");
  return name != stat.npos && end != stat.npos && stat.substr(name + 2, 1) != "(" && stat.substr(end + 2, 1) == "S";
}

// Becomes journalctl; there may be no shell.
void become_journalctl(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "journalctl");
  arguments.push_back(nullptr);
  const char* const environment[] = {"LC_ALL=C.UTF-8", nullptr};
  for (const char* path : {"/usr/bin/journalctl", "/bin/journalctl"})
    execve(path, const_cast<char* const*>(arguments.data()), const_cast<char* const*>(environment));
  _exit(127);
}

// In a separate process.
void print_journal(const std::string& unit, int pipe) {
  dup2(pipe, 1);
  dup2(open("/dev/null", O_RDWR), 2);
  // What was printed last may not have been written yet.
  const pid_t sync = fork();
  if (sync == 0) become_journalctl({"--sync"});
  if (sync > 0) waitpid(sync, nullptr, 0);
  const std::string option = "--unit=" + unit;
  become_journalctl({"--no-pager", "--quiet", "--output=cat", "--lines=5", option.c_str()});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size() && lines.size() < log_lines_limit;) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

Conversation::Conversation(int port, std::string build, std::vector<std::string> bus_addresses)
    : port_(port),
      build_(std::move(build)),
      bus_addresses_(std::move(bus_addresses)),
      services_(bus_, {[this](const protocol::Unit& unit) { tell_event(protocol::Changed{unit}); },
                       [this](const std::string& name) { tell_event(protocol::Gone{name}); },
                       [this] { tell_event(protocol::FilesChanged{}); }, [this] { tell_event(protocol::Lost{}); },
                       [this] { tell_event(protocol::Synchronized{}); }}) {}

int Conversation::run() {
  tell(protocol::Hello{protocol::version, build_});
  connect_bus();
  while (!ended_ && !port_.broken()) {
    wait();
    look_for_host();
    if (port_.wants_to_write()) port_.flush();
    hear_bus();
    if (unit_files_.changed()) tell_event(protocol::FilesChanged{});
    hear_host();
    look_after_children();
    if (!bus_.connected() && now_ms() >= next_connect_) connect_bus();
  }
  return ended_ ? 0 : 1;
}

void Conversation::wait() {
  std::int64_t wake = now_ms() + 60000;
  const auto by = [&wake](std::int64_t time) { wake = std::min(wake, time); };
  for (const Timer& timer : timers_) by(timer.at);
  for (const Work& work : works_)
    if (work.limit > 0) by(work.limit);
  if (host_gone_since_ > 0) by(next_look_);
  if (!bus_.connected()) by(next_connect_);

  waiting_.clear();
  const auto add = [this](int descriptor, bool write) {
    if (descriptor >= 0) waiting_.push_back({descriptor, static_cast<short>(POLLIN | (write ? POLLOUT : 0)), 0});
  };
  // Without a host the port is readable all the time, and gives nothing.
  if (host_gone_since_ == 0) add(port_.descriptor(), port_.wants_to_write());
  add(bus_.descriptor(), bus_.wants_to_write());
  add(unit_files_.descriptor(), false);
  for (const Work& work : works_) add(work.child->descriptor(), false);
  const std::int64_t left = std::max<std::int64_t>(0, wake - now_ms());
  poll(waiting_.data(), waiting_.size(), static_cast<int>(left));
}

void Conversation::look_for_host() {
  if (host_gone_since_ == 0) return;
  if (now_ms() - host_gone_since_ > host_gone_limit_ms) ended_ = true;
}

void Conversation::connect_bus() {
  next_connect_ = now_ms() + connect_ms;
  if (bus_.open(bus_addresses_)) {
    told_lost_ = false;
    services_.begin();
    bus_.work();
  } else if (!std::exchange(told_lost_, true)) {
    tell_event(protocol::Lost{});
  }
}

void Conversation::lose_bus() {
  bus_.close();
  services_.forget();
  if (!std::exchange(told_lost_, true)) tell_event(protocol::Lost{});
  next_connect_ = now_ms() + connect_ms;
}

void Conversation::hear_bus() {
  if (!bus_.connected()) return;
  if (!bus_.work()) return lose_bus();
  services_.settle();
  if (bus_.wants_to_write()) bus_.work();
}

void Conversation::hear_host() {
  if (host_gone_since_ > 0 && now_ms() < next_look_) return;
  const std::string_view bytes = port_.receive();
  if (!port_.host_is_there()) {
    if (host_gone_since_ == 0) host_gone_since_ = now_ms();
    next_look_ = now_ms() + look_ms;
    return;
  }
  host_gone_since_ = 0;
  frames_.add(bytes);
  while (const auto frame = frames_.next()) {
    std::optional<protocol::ToAgent> message = protocol::decode_to_agent(*frame);
    if (message)
      answer(*message);
    else
      ended_ = true;  // not our host, or the stream is out of step
  }
  if (frames_.broken()) ended_ = true;
}

void Conversation::tell(const protocol::ToHost& message) { port_.send(protocol::encode(message)); }

void Conversation::tell_event(const protocol::ToHost& message) {
  ++events_;
  tell(message);
}

void Conversation::answer(protocol::ToAgent& message) {
  if (const auto* ping = std::get_if<protocol::Ping>(&message)) {
    hear_bus();
    if (unit_files_.changed()) tell_event(protocol::FilesChanged{});
    tell(protocol::Pong{ping->id, events_});
  } else if (const auto* start = std::get_if<protocol::Start>(&message)) {
    act(Kind::start, start->id, start->unit);
  } else if (const auto* stop = std::get_if<protocol::Stop>(&message)) {
    act(Kind::stop, stop->id, stop->unit);
  } else if (const auto* ask = std::get_if<protocol::AskState>(&message)) {
    services_.state(ask->unit, [this, id = ask->id](const protocol::Unit* unit) {
      if (unit != nullptr)
        tell(protocol::State{id, *unit});
      else
        tell(protocol::Failed{id, ENOTCONN, "systemd does not answer"});
    });
  } else if (const auto* receive = std::get_if<protocol::Receive>(&message)) {
    begin(
        receive->id, 0, [receive](int pipe) { receive_file(*receive, pipe); },
        [this, id = receive->id](const std::string& output) { tell(transfer_result(id, output)); });
  } else if (const auto* send = std::get_if<protocol::Send>(&message)) {
    begin(
        send->id, 0, [send](int pipe) { send_file(*send, pipe); },
        [this, id = send->id](const std::string& output) { tell(transfer_result(id, output)); });
  } else if (const auto* cancel = std::get_if<protocol::Cancel>(&message)) {
    for (const Work& work : works_)
      if (work.id == cancel->id) work.child->kill();
  } else {
    // The host wants us to leave: leave nothing behind. Lost is the farewell; the host unplugs the port when it comes.
    char program[4096] = {};
    if (readlink("/proc/self/exe", program, sizeof program - 1) > 0) unlink(program);
    tell_event(protocol::Lost{});
    ended_ = true;
  }
  if (bus_.wants_to_write()) bus_.work();
}

void Conversation::act(Kind kind, std::uint32_t id, const std::string& unit) {
  services_.act(kind, unit, [this, kind, id](const Services::Act& act, const protocol::Unit& state) {
    // What runs nevertheless ran before.
    const bool active = state.active_state == "active" || state.active_state == "reloading";
    const std::uint32_t unmet = kind == Kind::start && !active ? act.unmet : 0;
    protocol::Done message{id, act.job_result, act.error, act.message, state, {}, unmet};
    const bool unproven = kind == Kind::start && as_wanted(kind, message) && state.main_process_id > 0 &&
                          (state.type == "simple" || state.type == "idle");
    if (unproven)
      prove(message, now_ms() + prove_ms, 0);
    else
      done(kind, message);
  });
}

void Conversation::prove(protocol::Done message, std::int64_t limit, int rests) {
  if (const protocol::Unit* unit = services_.known(message.unit.name)) message.unit = *unit;
  rests = at_rest(message.unit.main_process_id) ? rests + 1 : 0;
  if (!as_wanted(Kind::start, message) || rests == 2 || now_ms() >= limit) return done(Kind::start, message);
  timers_.push_back({now_ms() + look_at_process_ms, [this, message, limit, rests] { prove(message, limit, rests); }});
}

void Conversation::done(Kind kind, protocol::Done message) {
  if (as_wanted(kind, message) || message.unit.name.empty()) return tell(message);
  const std::string unit = message.unit.name;
  begin(
      0, journal_ms, [&unit](int pipe) { print_journal(unit, pipe); },
      [this, message](const std::string& output) {
        protocol::Done with_lines = message;
        with_lines.log_lines = lines_of(output);
        tell(with_lines);
      });
}

void Conversation::begin(std::uint32_t id, std::int64_t milliseconds, const std::function<void(int pipe)>& work,
                         std::function<void(const std::string&)> ended) {
  if (works_.size() >= works_limit) return ended("");
  Work begun{id, std::make_unique<Child>(work), std::move(ended), milliseconds > 0 ? now_ms() + milliseconds : 0};
  if (begun.child->descriptor() < 0) return begun.ended("");
  works_.push_back(std::move(begun));
}

void Conversation::look_after_children() {
  for (std::size_t i = 0; i < works_.size();) {
    Work& work = works_[i];
    if (work.limit > 0 && now_ms() >= work.limit) work.child->kill();
    if (!work.child->work()) {
      ++i;
      continue;
    }
    const Work over = std::move(work);
    works_.erase(works_.begin() + static_cast<std::ptrdiff_t>(i));
    over.ended(over.child->output());
  }
  for (std::size_t i = 0; i < timers_.size();) {
    if (now_ms() < timers_[i].at) {
      ++i;
      continue;
    }
    const Timer over = std::move(timers_[i]);
    timers_.erase(timers_.begin() + static_cast<std::ptrdiff_t>(i));
    over.act();
  }
}

}  // namespace vmms::agent
