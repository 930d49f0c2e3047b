#include "hypervisor/simulator/guest.hpp"

#include "guest/agent/base64.hpp"
#include "guest/services/discovery.hpp"
#include "guest/services/systemd.hpp"
#include "guest/services/windows.hpp"
#include "hypervisor/power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vmms::hypervisor::simulator {

namespace json = boost::json;

namespace {

constexpr std::size_t processes_limit = 1000;
constexpr std::string_view agent_version = "7.2.0";

constexpr std::array<std::string_view, 19> agent_commands{"guest-ping",
                                                          "guest-info",
                                                          "guest-get-osinfo",
                                                          "guest-get-host-name",
                                                          "guest-network-get-interfaces",
                                                          "guest-get-time",
                                                          "guest-set-time",
                                                          "guest-shutdown",
                                                          "guest-suspend-disk",
                                                          "guest-exec",
                                                          "guest-exec-status",
                                                          "guest-file-open",
                                                          "guest-file-write",
                                                          "guest-file-read",
                                                          "guest-file-flush",
                                                          "guest-file-close",
                                                          "guest-fsfreeze-status",
                                                          "guest-fsfreeze-freeze",
                                                          "guest-fsfreeze-thaw"};

// What the agent still does while file systems are frozen.
constexpr std::array<std::string_view, 4> allowed_when_frozen{"guest-ping", "guest-info", "guest-fsfreeze-status",
                                                              "guest-fsfreeze-thaw"};

template <class Names>
bool holds(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

json::value refusal(std::string_view error_class, std::string text) {
  return {{"error", {{"class", error_class}, {"desc", std::move(text)}}}};
}

json::value returned(json::value value) { return {{"return", std::move(value)}}; }

}  // namespace

SimulatedGuest::SimulatedGuest(std::string vm_name, std::shared_ptr<const GuestDescription> description)
    : vm_name_(std::move(vm_name)),
      description_(std::move(description)),
      agent_(description_ ? description_->agent : AgentState::none),
      frozen_(description_ && description_->frozen),
      latency_(description_ ? description_->latency : milliseconds(0)),
      booted_(Clock::now()),
      system_(vm_name_, description_) {}

bool SimulatedGuest::connected() const {
  const std::lock_guard lock(mutex_);
  return !removed_ && power_ == PowerState::running && agent_ != AgentState::none;
}

guest::Transport::PollDelays SimulatedGuest::poll_delays() const {
  const std::lock_guard lock(mutex_);
  if (latency_ > milliseconds(0)) return {};
  return {milliseconds(0), milliseconds(20)};
}

Status SimulatedGuest::available() const {
  if (removed_) return error(Failure::invalid_state, fmt::format("VM \"{}\" no longer exists", vm_name_));
  if (power_ == PowerState::paused)
    return error(Failure::unreachable,
                 fmt::format("VM \"{}\" is paused: its guest cannot answer until it is resumed", vm_name_));
  if (power_ != PowerState::running)
    return error(Failure::invalid_state, fmt::format("VM \"{}\" is {}, not running", vm_name_, power_name(power_)));
  if (!description_)
    return error(Failure::unreachable, fmt::format("VM \"{}\" has no channel for a guest agent", vm_name_));
  if (agent_ == AgentState::none)
    return error(Failure::unreachable, fmt::format("no agent is connected in VM \"{}\": the guest is still booting, or "
                                                   "qemu-guest-agent is not installed or does not run in it",
                                                   vm_name_));
  return {};
}

Error SimulatedGuest::silence(Clock::time_point since) const {
  return error(Failure::unreachable,
               fmt::format("the agent of VM \"{}\" has not answered for {:.1f} s: the guest hangs or is overloaded",
                           vm_name_, std::chrono::duration<double>(Clock::now() - since).count()));
}

Result<std::string> SimulatedGuest::command(std::string_view json, Clock::time_point deadline) {
  const Clock::time_point begun = Clock::now();
  std::unique_lock lock(mutex_);
  const std::uint64_t connection = connection_;
  const auto lost = [&] { return connection_ != connection || !available(); };
  // The commands before this one.
  while (answering_ && !lost())
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && answering_) return silence(begun);
  if (const Status ready = available(); !ready) return ready.error();
  ++commands_;
  // An agent that is silent, or slow.
  if (agent_ == AgentState::silent || latency_ > milliseconds(0)) {
    answering_ = true;
    const Clock::time_point answered = Clock::now() + latency_;
    Clock::time_point now = Clock::now();
    while (!lost() && now < deadline && (agent_ == AgentState::silent || now < answered)) {
      changed_.wait_until(lock, agent_ == AgentState::silent ? deadline : std::min(answered, deadline));
      now = Clock::now();
    }
    answering_ = false;
    changed_.notify_all();
    if (const Status ready = available(); !ready) return ready.error();
    if (connection_ != connection)
      return error(Failure::unreachable, fmt::format("the agent of VM \"{}\" went away in mid-call", vm_name_));
    if (agent_ == AgentState::silent || now < answered) return silence(begun);
  }
  std::string answered = answer(json);
  if (!shutting_down_) return answered;
  // It does not answer: the guest ends, and the agent with it.
  const auto request = std::exchange(shutting_down_, std::nullopt);
  const auto shut_down = shut_down_;
  lock.unlock();
  if (shut_down) shut_down(*request);
  return error(Failure::unreachable, fmt::format("the agent of VM \"{}\" went away in mid-call", vm_name_));
}

std::optional<PowerRequest> SimulatedGuest::shutdown_of(std::string_view command, const json::object& arguments) const {
  if (command == "guest-suspend-disk") return PowerRequest::shut_down;
  if (command != "guest-shutdown") return std::nullopt;
  const json::value* mode = arguments.if_contains("mode");
  const bool reboot = mode != nullptr && mode->is_string() && mode->get_string() == "reboot";
  return reboot ? PowerRequest::reboot : PowerRequest::shut_down;
}

std::string SimulatedGuest::answer(std::string_view text) {
  boost::system::error_code code;
  std::array<unsigned char, 2048> memory;
  json::monotonic_resource resource(memory.data(), memory.size());
  const json::value request = json::parse(text, code, &resource);
  const json::object* object = code ? nullptr : request.if_object();
  const json::value* name = object == nullptr ? nullptr : object->if_contains("execute");
  if (name == nullptr || !name->is_string())
    return json::serialize(refusal("GenericError", "QMP input must be a JSON object with the member \"execute\""));
  const std::string_view command = name->get_string();
  const json::value* given = object->if_contains("arguments");
  static const json::object none;
  const json::object& arguments = given != nullptr && given->is_object() ? given->get_object() : none;

  if (!holds(agent_commands, command))
    return json::serialize(refusal("CommandNotFound", fmt::format("The command {} has not been found", command)));
  if (holds(description_->forbids, command) || (frozen_ && !holds(allowed_when_frozen, command)))
    return json::serialize(refusal("CommandNotFound", fmt::format("Command {} has been disabled", command)));
  if (command == "guest-ping") return R"({"return": {}})";
  if (command == "guest-info") return json::serialize(returned(information()));
  if (command == "guest-get-osinfo") return json::serialize(returned(operating_system()));
  if (command == "guest-fsfreeze-status") return json::serialize(returned(frozen_ ? "frozen" : "thawed"));
  if (command == "guest-fsfreeze-freeze" || command == "guest-fsfreeze-thaw") {
    frozen_ = command == "guest-fsfreeze-freeze";
    return R"({"return": 1})";
  }
  shutting_down_ = shutdown_of(command, arguments);
  if (shutting_down_) return {};
  if (const auto value = system_.answer(command, arguments)) return json::serialize(*value);
  if (command == "guest-exec") return json::serialize(execute(arguments));
  if (command == "guest-exec-status") return json::serialize(status(arguments));
  if (command.starts_with("guest-file-")) return json::serialize(file_command(command, arguments));
  return json::serialize(refusal("GenericError", fmt::format("{} is not simulated", command)));
}

json::value SimulatedGuest::information() const {
  json::array commands;
  for (const std::string_view name : agent_commands) {
    const bool enabled = !holds(description_->forbids, name) && (!frozen_ || holds(allowed_when_frozen, name));
    commands.push_back({{"name", name}, {"enabled", enabled}, {"success-response", true}});
  }
  return {{"version", agent_version}, {"supported_commands", std::move(commands)}};
}

json::value SimulatedGuest::operating_system() const {
  return {{"id", description_->os_id},
          {"pretty-name", description_->os_name},
          {"name", description_->os_name.substr(0, description_->os_name.find_first_of("0123456789") - 1)},
          {"version-id", description_->os_version},
          {"kernel-release", description_->kernel_release},
          {"kernel-version", description_->os_id == "mswindows" ? "10.0" : "#1 SMP PREEMPT_DYNAMIC"},
          {"machine", description_->machine}};
}

namespace {

// Name and parameters of a script: for a shell, arg is ["-c", text, name, parameters…]; for PowerShell, lines of base64
// on its standard input.
std::vector<std::string> script_words(const json::object& arguments, bool windows) {
  const auto text = [&](std::string_view key) {
    const json::value* value = arguments.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  };
  std::vector<std::string> words;
  if (windows) {
    if (text("path") != "powershell.exe") return words;
    const std::string input = guest::decode_base64(text("input-data")).value_or("");
    std::string_view rest = input;
    for (std::size_t end = 0; (end = rest.find('\n')) != rest.npos; rest.remove_prefix(end + 1))
      words.push_back(guest::decode_base64(rest.substr(0, end)).value_or(""));
    return words;
  }
  const json::value* list = arguments.if_contains("arg");
  const json::array* values = list == nullptr ? nullptr : list->if_array();
  if (text("path") != "/bin/sh" || values == nullptr) return words;
  for (std::size_t i = 2; i < values->size(); ++i)
    words.emplace_back((*values)[i].is_string() ? std::string_view((*values)[i].get_string()) : std::string_view());
  return words;
}

std::string standard_input(const json::object& arguments) {
  const json::value* value = arguments.if_contains("input-data");
  return value != nullptr && value->is_string() ? guest::decode_base64(value->get_string()).value_or("") : "";
}

}  // namespace

json::value SimulatedGuest::file_command(std::string_view command, const json::object& arguments) {
  const auto text = [&](std::string_view key) {
    const json::value* value = arguments.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const auto number = [&](std::string_view key) {
    const json::value* value = arguments.if_contains(key);
    return value != nullptr && value->is_int64() ? value->get_int64() : std::int64_t{0};
  };
  if (command == "guest-file-open") {
    const auto handle = files_.open(text("path"), text("mode"));
    return handle ? returned(*handle) : refusal("GenericError", "failed to open file: No such file or directory");
  }
  const std::int64_t handle = number("handle");
  const json::value none = refusal("GenericError", fmt::format("handle '{}' has not been found", handle));
  if (command == "guest-file-write") {
    const std::string bytes = guest::decode_base64(text("buf-b64")).value_or("");
    if (!files_.write(handle, bytes)) return none;
    return returned({{"count", bytes.size()}, {"eof", false}});
  }
  if (command == "guest-file-read") {
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(number("count"), 0));
    const std::optional<std::string> bytes = files_.read(handle, most);
    if (!bytes) return none;
    return returned(
        {{"count", bytes->size()}, {"buf-b64", guest::encode_base64(*bytes)}, {"eof", bytes->size() < most}});
  }
  if (command == "guest-file-close" && !files_.close(handle)) return none;
  return returned(json::object{});
}

// Recognizes the scripts of src/guest by their `$0` alone.
json::value SimulatedGuest::execute(const json::object& arguments) {
  const bool windows = description_->manager == ManagerState::windows;
  std::vector<std::string> words = script_words(arguments, windows);
  if (words.empty() || (description_->os_id == "mswindows" && !windows))
    return refusal("GenericError", "Guest agent command failed, error was 'Failed to execute child process'");

  Process process{std::move(words[0]),
                  {std::make_move_iterator(words.begin() + 1), std::make_move_iterator(words.end())},
                  0,
                  windows ? std::string() : standard_input(arguments)};
  process.parameters.resize(std::max<std::size_t>(process.parameters.size(), 3));
  if (!services_) services_ = std::make_unique<Services>(description_);
  const Clock::time_point now = Clock::now();
  const std::string& unit = process.parameters.front();
  if (process.script == guest::systemd_start_script) process.ticket = services_->start(unit, now);
  if (process.script == guest::systemd_stop_script) process.ticket = services_->stop(unit, now);
  const OtherScript other = other_script(process.script, process.parameters);
  if (other.action == OtherScript::Action::start) process.ticket = services_->start(other.unit, now);
  if (other.action == OtherScript::Action::stop) process.ticket = services_->stop(other.unit, now);
  if (processes_.size() >= processes_limit) {
    if (processes_.begin()->second.ticket != 0) services_->ended(processes_.begin()->second.ticket, now);
    processes_.erase(processes_.begin());
  }
  processes_.emplace(++last_process_, std::move(process));
  return returned({{"pid", last_process_}});
}

json::value SimulatedGuest::status(const json::object& arguments) {
  const json::value* pid = arguments.if_contains("pid");
  const auto process = pid != nullptr && pid->is_int64() ? processes_.find(pid->get_int64()) : processes_.end();
  if (process == processes_.end()) return refusal("GenericError", "Invalid parameter 'pid'");
  int exit_status = 0;
  std::string out;
  std::string err;
  if (!run(process->second, exit_status, out, err)) return returned({{"exited", false}});
  processes_.erase(process);
  json::object result{{"exited", true}, {"exitcode", exit_status}};
  if (!out.empty()) result["out-data"] = guest::encode_base64(out);
  if (!err.empty()) result["err-data"] = guest::encode_base64(err);
  return returned(std::move(result));
}

// What the script has printed, if it has ended by now.
bool SimulatedGuest::run(const Process& process, int& exit_status, std::string& out, std::string& err) {
  const Clock::time_point now = Clock::now();
  const std::string& unit = process.parameters.front();
  const OtherScript other = other_script(process.script, process.parameters);
  if (other.action != OtherScript::Action::none) return run_other(other, process.ticket, out, err);
  if (const auto printed = system_.run(process.script, unit, process.input)) {
    out = *printed;
  } else if (process.script == guest::discovery_script || process.script == guest::windows_discovery_script) {
    exit_status = discover(out, err) ? 0 : 1;
  } else if (process.script == guest::systemd_list_script) {
    constexpr std::string_view fingerprint = "simulated";
    out = fmt::format("Fingerprint={}\n{}\n", fingerprint, services_->show_loaded(now));
    out += unit == fingerprint
               ? "UnitFiles=unchanged\n"
               : fmt::format("UnitFiles={}\n{}", services_->file_names(), services_->show_unloaded(now));
  } else if (process.script == guest::systemd_state_script) {
    out = services_->show(unit, now);
  } else if (process.script == guest::systemd_mode_script) {
    const Services::Ended ended = services_->change_mode(unit, process.parameters[2]);
    out = fmt::format("ExitStatus={}\n{}\n", ended.exit_status, services_->show(unit, now));
    err = ended.message;
  } else if (auto files_printed = files_.run(process.script, process.parameters, process.input)) {
    out = std::move(files_printed->out);
    err = std::move(files_printed->err);
  } else if (process.ticket != 0) {
    const std::optional<Services::Ended> ended = services_->ended(process.ticket, now);
    if (!ended) return false;
    const std::string unmet = ended->unmet.empty() ? "" : fmt::format("Unmet={}\n", ended->unmet);
    out = fmt::format("ExitStatus={}\n{}{}\n", ended->exit_status, unmet, services_->show(unit, now));
    if (ended->exit_status != 0 || !unmet.empty() || out.find("\nActiveState=failed\n") != std::string::npos)
      out += "Journal:\n" + services_->log(unit);
    err = ended->message;
  } else {
    exit_status = 127;
    err = fmt::format("{}: not simulated\n", process.script);
  }
  return true;
}

// As `run`, for another service manager than systemd.
bool SimulatedGuest::run_other(const OtherScript& script, Services::Ticket ticket, std::string& out, std::string& err) {
  const Clock::time_point now = Clock::now();
  Services::Ended done;
  if (script.action == OtherScript::Action::list) {
    out = print_list(script, *services_, now);
    return true;
  }
  if (script.action == OtherScript::Action::mode) done = services_->change_mode(script.unit, script.verb);
  if (ticket != 0) {
    const std::optional<Services::Ended> ended = services_->ended(ticket, now);
    if (!ended) return false;
    done = *ended;
  }
  const bool action = script.action != OtherScript::Action::state;
  if (action) out = fmt::format("ExitStatus={}\n", done.exit_status);
  out += print_state(script, *services_, now);
  const bool failed = done.exit_status != 0 || services_->find(script.unit, now).active_state == "failed";
  if (action && failed) out += "Log:\n" + services_->log(script.unit);
  err = done.message;
  return true;
}

bool SimulatedGuest::discover(std::string& out, std::string& err) const {
  if (description_->manager == ManagerState::none) {
    out = "Init=init\n";
    return true;
  }
  if (description_->manager == ManagerState::windows) {
    out = "Manager=windows\nVersion=5.1\n";
    return true;
  }
  if (description_->manager == ManagerState::openrc || description_->manager == ManagerState::sysvinit) {
    out = fmt::format("Init=init\nManager={}\n", description_->manager == ManagerState::openrc ? "openrc" : "sysvinit");
    return true;
  }
  out = "Init=systemd\nManager=systemd\n";
  const bool starting = description_->manager == ManagerState::starting &&
                        (!description_->manager_ready || Clock::now() - booted_ < *description_->manager_ready);
  if (starting) {
    err = "Failed to connect to bus: Connection refused\n";
    return false;
  }
  out += "Version=252\nSystemState=running\n";
  return true;
}

void SimulatedGuest::set_power(PowerState power) {
  const std::lock_guard lock(mutex_);
  power_ = power;
  system_.set_running(power == PowerState::running);
  changed_.notify_all();
}

void SimulatedGuest::boot(Clock::time_point booted) {
  const std::lock_guard lock(mutex_);
  booted_ = booted;
  services_.reset();
  processes_.clear();
  power_ = PowerState::running;
  frozen_ = description_ && description_->frozen;
  system_.boot();
  ++connection_;
  changed_.notify_all();
}

void SimulatedGuest::remove() {
  const std::lock_guard lock(mutex_);
  removed_ = true;
  shut_down_ = nullptr;
  changed_.notify_all();
}

void SimulatedGuest::set_agent(AgentState agent) {
  const std::lock_guard lock(mutex_);
  if (agent_ == AgentState::none && agent != AgentState::none) ++connection_;
  agent_ = agent;
  changed_.notify_all();
}

void SimulatedGuest::restart_agent() {
  const std::lock_guard lock(mutex_);
  processes_.clear();
  ++connection_;
  changed_.notify_all();
}

void SimulatedGuest::set_frozen(bool frozen) {
  const std::lock_guard lock(mutex_);
  frozen_ = frozen;
}

void SimulatedGuest::on_shutdown(std::function<void(PowerRequest)> shut_down) {
  const std::lock_guard lock(mutex_);
  shut_down_ = std::move(shut_down);
}

std::string SimulatedGuest::host_key_values() const {
  const std::lock_guard lock(mutex_);
  return system_.host_key_values();
}

bool SimulatedGuest::frozen() const {
  const std::lock_guard lock(mutex_);
  return frozen_;
}

void SimulatedGuest::set_latency(milliseconds latency) {
  const std::lock_guard lock(mutex_);
  latency_ = latency;
}

}  // namespace vmms::hypervisor::simulator
