// For tests: a transport to an agent whose scripts end when and how the test says.
#pragma once

#include "guest/agent/agent.hpp"
#include "guest/agent/base64.hpp"
#include "guest/transport/transport.hpp"

#include <boost/json.hpp>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace vmms::guest {

class FakeAgent : public Transport {
 public:
  struct Run {
    std::string text;  ///< what /bin/sh got
    std::string script;
    std::vector<std::string> parameters;
    std::string input = {};
    std::int64_t process = 0;
  };
  struct Reply {
    int exit_status = 0;
    std::string out;
    std::string err;
  };

  bool connected() const override { return connected_; }
  std::uint64_t connection() const override { return connection_; }
  PollDelays poll_delays() const override { return {std::chrono::milliseconds(1), std::chrono::milliseconds(5)}; }

  Result<std::string> command(std::string_view text, Clock::time_point deadline) override {
    std::unique_lock lock(mutex_);
    ++commands_;
    while (silent_)
      if (changed_.wait_until(lock, deadline) == std::cv_status::timeout)
        return error(Failure::unreachable, "the agent of VM \"fake\" is silent");
    if (!connected_) return error(Failure::unreachable, "no agent is connected in VM \"fake\"");
    namespace json = boost::json;
    const json::object request = json::parse(std::string(text)).as_object();
    const std::string name(request.at("execute").as_string());
    if (answers_.count(name) != 0) return answers_.at(name);
    const bool frozen_out = frozen_ && name != "guest-ping" && name != "guest-info" && name != "guest-fsfreeze-status";
    if (forbidden_.count(name) != 0 || frozen_out)
      return json::serialize(
          json::value{{"error", {{"class", "CommandNotFound"}, {"desc", "Command " + name + " has been disabled"}}}});
    return json::serialize(json::value{{"return", answer(name, request)}});
  }

  /// What each script prints when it ends.
  void reply(const std::string& script, Reply reply) {
    const std::lock_guard lock(mutex_);
    replies_[script] = std::move(reply);
  }
  /// A script that is held does not end until it is released.
  void hold(const std::string& script) {
    change([&] { held_.insert(script); });
  }
  void release(const std::string& script) {
    change([&] { held_.erase(script); });
  }
  /// The whole answer to a command from now on, instead of the usual one.
  void answer_with(const std::string& command, std::string answer) {
    change([&] { answers_[command] = std::move(answer); });
  }
  /// guest-get-osinfo's id from now on.
  void set_system(const std::string& id) {
    change([&] { system_ = id; });
  }
  void forbid(const std::string& command) {
    change([&] { forbidden_.insert(command); });
  }
  void set_frozen(bool frozen) {
    change([&] { frozen_ = frozen; });
  }
  void set_silent(bool silent) {
    change([&] { silent_ = silent; });
  }
  void set_connected(bool connected) {
    change([&] { connected_ = connected; });
  }
  void restart() {
    change([&] {
      processes_.clear();
      ++connection_;
    });
  }

  std::vector<Run> runs(std::string_view script) const {
    const std::lock_guard lock(mutex_);
    std::vector<Run> found;
    for (const Run& run : runs_)
      if (run.script == script) found.push_back(run);
    return found;
  }
  /// Waits until the script was started for the `count`th time.
  void await_run(std::string_view script, std::size_t count = 1) const {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      std::size_t found = 0;
      for (const Run& run : runs_) found += run.script == script ? 1 : 0;
      return found >= count;
    });
  }
  std::size_t commands() const { return commands_; }

 private:
  template <class Change>
  void change(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    changed_.notify_all();
  }

  boost::json::value answer(const std::string& name, const boost::json::object& request) {
    namespace json = boost::json;
    if (name == "guest-info") {
      json::array commands;
      for (const char* each :
           {"guest-ping", "guest-exec", "guest-exec-status", "guest-get-osinfo", "guest-file-open", "guest-file-write",
            "guest-file-close", "guest-fsfreeze-status", "guest-fsfreeze-freeze", "guest-fsfreeze-thaw"})
        commands.push_back({{"name", each}, {"enabled", forbidden_.count(each) == 0 && !frozen_}});
      return {{"version", "7.2.0"}, {"supported_commands", commands}};
    }
    if (name == "guest-get-osinfo")
      return {{"id", system_}, {"pretty-name", "Debian GNU/Linux 12 (bookworm)"}, {"version-id", "12"}};
    if (name == "guest-fsfreeze-status") return frozen_ ? "frozen" : "thawed";
    if (name == "guest-exec") return execute(request.at("arguments").as_object());
    if (name == "guest-exec-status") return status(request.at("arguments").as_object());
    return json::object();
  }

  boost::json::value execute(const boost::json::object& arguments) {
    Run run = arguments.at("path").as_string() == "/bin/sh" ? shell(arguments) : powershell(arguments);
    run.process = ++last_process_;
    processes_[run.process] = run.script;
    runs_.push_back(std::move(run));
    changed_.notify_all();
    return {{"pid", last_process_}};
  }

  static Run shell(const boost::json::object& arguments) {
    const boost::json::array& list = arguments.at("arg").as_array();
    Run run;
    run.text = list.at(1).as_string();
    run.script = list.at(2).as_string();
    for (std::size_t i = 3; i < list.size(); ++i) run.parameters.emplace_back(list.at(i).as_string());
    if (const auto* input = arguments.if_contains("input-data"))
      run.input = decode_base64(std::string_view(input->as_string())).value_or("");
    return run;
  }
  static Run powershell(const boost::json::object& arguments) {
    const auto decode = [](const boost::json::value& value) {
      return decode_base64(std::string_view(value.as_string())).value_or("");
    };
    const boost::json::array& list = arguments.at("arg").as_array();
    Run run;
    const std::string wide = decode(list.at(list.size() - 1));
    for (std::size_t i = 0; i < wide.size(); i += 2) run.text += wide[i];
    std::string input = decode(arguments.at("input-data"));
    std::vector<std::string> lines;
    for (std::size_t end; (end = input.find('\n')) != std::string::npos; input.erase(0, end + 1))
      lines.push_back(decode_base64(std::string_view(input).substr(0, end)).value_or("?"));
    run.script = lines.at(0);
    run.parameters.assign(lines.begin() + 1, lines.end());
    return run;
  }

  boost::json::value status(const boost::json::object& arguments) {
    const auto found = processes_.find(arguments.at("pid").as_int64());
    if (found == processes_.end()) return {{"exited", true}, {"exitcode", 99}};
    if (held_.count(found->second) != 0) return {{"exited", false}};
    const Reply& reply = replies_[found->second];
    processes_.erase(found);
    return {{"exited", true},
            {"exitcode", reply.exit_status},
            {"out-data", encode_base64(reply.out)},
            {"err-data", encode_base64(reply.err)}};
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::atomic<std::uint64_t> connection_{1};
  std::atomic<std::size_t> commands_{0};
  std::atomic<bool> connected_{true};
  bool silent_ = false;
  bool frozen_ = false;
  std::string system_ = "debian";
  std::set<std::string> forbidden_;
  std::set<std::string> held_;
  std::map<std::string, std::string> answers_;
  std::map<std::string, Reply> replies_{{"vmms-discovery", {0, "Init=systemd\nManager=systemd\nVersion=252.39\n", ""}}};
  std::map<std::int64_t, std::string> processes_;
  std::int64_t last_process_ = 100;
  std::vector<Run> runs_;
};

}  // namespace vmms::guest
