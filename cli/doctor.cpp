// vmms doctor VM: everything that must be right before a guest service can be started, and the first thing that is not.
#include "cli/guest.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmms::cli {

namespace {

/// What was looked at, and how it is.
struct Finding {
  enum class Verdict { good, bad, unknown };
  std::string what;
  Verdict verdict;
  std::string text;
};

class Examination {
 public:
  Examination(Session& session, VirtualMachine machine) : session_(session), machine_(std::move(machine)) {}

  Result<int> run() {
    if (const Status done = examine(); !done) return done.error();
    print();
    return advice_.empty() ? exit_success : exit_refused;
  }

 private:
  Status examine() {
    if (const auto server = session_.client().identify())
      add("Server", true,
          fmt::format("{} {} at {}", server->product_vendor, server->product_version,
                      session_.client().endpoint().url()));
    const bool runs = machine_.state == State::running || machine_.state == State::paused;
    add("VM", machine_.state == State::running, fmt::format("{} ({})", state_name(machine_.state), machine_.id));
    if (machine_.state == State::paused)
      advise(fmt::format("The VM is paused, so its guest cannot answer. Resume it: vmms vm start {}", word()));
    else if (!runs)
      advise(fmt::format("Guest services exist only while the VM runs. Start it: vmms vm start {} --wait 60", word()));

    const auto enabled = interface_enabled(session_, machine_);
    if (!enabled) return enabled.error();
    add("Guest Service Interface", *enabled, *enabled ? "enabled" : "disabled");
    if (!*enabled)
      advise(
          fmt::format("StartService answers 1 (Not Supported) while the interface is off. Allow this VM's guest "
                      "services: vmms guest enable {}",
                      word()));
    return runs ? examine_guest(*enabled) : Status();
  }

  Status examine_guest(bool enabled) {
    // Listing the services makes the daemon look into the guest, so the component knows more afterwards.
    std::size_t services = 0;
    std::size_t started = 0;
    std::optional<Error> failure;
    if (enabled && machine_.state == State::running) {
      const Status listed = session_.client().enumerate(wsman::default_namespace, "Vmms_GuestOSService",
                                                        {{"SystemName", machine_.id}}, [&](const wsman::Record& each) {
                                                          ++services;
                                                          if (each.is_true("Started")) ++started;
                                                          return true;
                                                        });
      if (!listed) failure = listed.error();
    }
    const auto component = session_.client().get(interface_component(machine_));
    if (!component) return component.error();
    const std::string contact_word = contact(*component);
    std::string way;
    for (const std::string_view line : component->texts("StatusDescriptions")) {
      if (!way.empty()) way += "; ";
      way += line;
    }
    const bool reached = contact_word == "OK" || contact_word == "degraded";
    add("Way into the guest", reached, way);
    if (contact_word == "no contact") {
      advise(way.starts_with("No way")
                 ? fmt::format("Give the domain a channel for the agent, then start the VM again: virsh edit {}, and "
                               "inside <devices>: <channel type='unix'><target type='virtio' "
                               "name='org.qemu.guest_agent.0'/></channel>",
                               word())
                 : std::string("Install the package qemu-guest-agent in the guest and start its service; right after "
                               "the VM's start, wait until the guest is up."));
      return {};
    }
    if (contact_word == "lost")
      advise(
          "The agent is connected but silent: look at the guest's console and load; if the guest itself is well, "
          "restart "
          "qemu-guest-agent in it, and look at its log there.");
    if (failure) {
      add("Guest services", false, failure->message);
      if (contact_word != "lost")
        advise(fmt::format("See the last line above; then look again: vmms doctor {}", word()));
      return {};
    }
    if (machine_.state != State::running) return {};
    if (!enabled) {
      add("Guest services", Finding::Verdict::unknown, "not looked at while the interface is off");
      return {};
    }
    const bool forbids = way.find("forbids") != std::string::npos;
    if (contact_word == "degraded" && forbids)
      advise(
          "The guest's agent refuses the commands named above. In the guest, take them out of block-rpcs (or add them "
          "to "
          "allow-rpcs) in /etc/qemu/qemu-ga.conf, on Red Hat's systems in /etc/sysconfig/qemu-ga, and restart "
          "qemu-guest-agent.");
    else if (contact_word == "degraded" && way.find("SELinux") != std::string::npos)
      advise("SELinux in the guest confines its agent. Set the boolean that is named above, in the guest.");
    else if (contact_word == "degraded")
      advise(
          "The guest has no service manager that vmms knows: systemd, OpenRC, SysV init scripts, or Windows' service "
          "control manager.");
    add("Guest services", services > 0, services > 0 ? fmt::format("{}, {} started", services, started) : "none");
    return {};
  }

  std::string word() const { return shell_word(machine_.name); }
  void add(std::string what, bool is_good, std::string text) {
    add(std::move(what), is_good ? Finding::Verdict::good : Finding::Verdict::bad, std::move(text));
  }
  void add(std::string what, Finding::Verdict verdict, std::string text) {
    findings_.push_back({std::move(what), verdict, std::move(text)});
  }
  void advise(std::string text) { advice_.push_back(std::move(text)); }

  static std::string_view name_of(Finding::Verdict verdict) {
    switch (verdict) {
      case Finding::Verdict::good:
        return "ok";
      case Finding::Verdict::bad:
        return "problem";
      case Finding::Verdict::unknown:
        return "unknown";
    }
    return "";
  }

  void print() const {
    const Console& console = session_.console();
    if (console.json) {
      boost::json::array findings;
      for (const Finding& finding : findings_)
        findings.push_back({{"what", finding.what}, {"verdict", name_of(finding.verdict)}, {"text", finding.text}});
      boost::json::array advice;
      for (const std::string& text : advice_) advice.emplace_back(text);
      console.print(boost::json::object{{"vm", machine_.name},
                                        {"id", machine_.id},
                                        {"healthy", advice_.empty()},
                                        {"findings", std::move(findings)},
                                        {"advice", std::move(advice)}});
      return;
    }
    Table table({"LOOKED AT", "IS", "WHAT WAS FOUND"});
    for (const Finding& finding : findings_)
      table.add({finding.what, std::string(name_of(finding.verdict)), finding.text});
    std::string text = table.text();
    if (advice_.empty())
      text += fmt::format("\nNothing is in the way: vmms service start {} NAME\n", word());
    else
      text += advice_.size() == 1 ? "\nWhat to do:\n" : "\nWhat to do, in this order:\n";
    for (const std::string& each : advice_) text += fmt::format("  {}\n", each);
    console.print(text);
  }

  Session& session_;
  const VirtualMachine machine_;
  std::vector<Finding> findings_;
  std::vector<std::string> advice_;
};

Result<int> examine(Session& session, const std::string& name) {
  auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  return Examination(session, std::move(*machine)).run();
}

}  // namespace

void add_doctor(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("doctor", "Say what is in the way of a VM's guest services, and what to do");
  auto name = std::make_shared<std::string>();
  command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
  command->footer(
      R"(Looks at the VM, its Guest Service Interface, the agent in its guest, what the agent allows and the guest's service
manager, in the order in which StartService needs them.

Exit status: 0 nothing is in the way, 1 something is, 2 an error.

Example:
  vmms doctor demo)");
  run_online(*command, program, [name](Session& session) { return examine(session, *name); });
}

}  // namespace vmms::cli
