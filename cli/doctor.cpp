// vmms doctor VM: everything that must be right before a guest service can be started, and the first thing that is not.
#include "cli/guest.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace vmms::cli {

namespace {

enum class Verdict { good, bad, unknown };

/// What was checked, and the result.
struct Finding {
  std::string what;
  Verdict verdict;
  std::string text;
};

class Examination {
 public:
  explicit Examination(Session& session) : session_(session) {}

  Result<int> run(const std::string& name) {
    if (const Status done = examine(name); !done) return done.error();
    print();
    return healthy() ? exit_success : exit_refused;
  }

 private:
  Status examine(const std::string& name) {
    if (const auto server = session_.client().identify())
      add("Server", Verdict::good,
          fmt::format("{} {} at {}", server->product_vendor, server->product_version,
                      session_.client().endpoint().url()));
    const auto inventory = session_.inventory();
    if (!inventory) return inventory.error();
    auto machine = session_.find_virtual_machine(name, *inventory);
    if (!machine) return inventory->lost ? *inventory->lost : machine.error();
    machine_ = *std::move(machine);
    if (inventory->lost) {
      add("Hypervisor", Verdict::bad, inventory->lost->message);
      add("VM", Verdict::unknown, fmt::format("it was {} ({})", state_name(machine_.state), machine_.id));
      advise(
          "On the server's machine, see whether libvirtd runs (systemctl status libvirtd) and start it; the server "
          "connects again by itself.");
      return {};
    }
    return examine_machine();
  }

  Status examine_machine() {
    const bool runs = machine_.state == State::running;
    add("VM", runs ? Verdict::good : Verdict::bad, fmt::format("{} ({})", state_name(machine_.state), machine_.id));
    if (machine_.state == State::paused)
      advise(fmt::format("The VM is paused, so its guest cannot answer. Resume it: vmms vm start {}", word()));
    else if (!is_on(machine_))
      advise(fmt::format("Guest services exist only while the VM runs. Start it: vmms vm start --wait 60 {}", word()));
    else if (!runs)
      advise(fmt::format("Wait until the VM runs; then look again: vmms doctor {}", word()));

    const auto enabled = interface_enabled(session_, machine_);
    if (!enabled) return enabled.error();
    add("Guest Service Interface", *enabled ? Verdict::good : Verdict::bad, *enabled ? "enabled" : "disabled");
    if (!*enabled)
      advise(
          fmt::format("StartService answers 1 (Not Supported) while the interface is off. Allow this VM's guest "
                      "services: vmms guest enable {}",
                      word()));
    return is_on(machine_) ? examine_guest(*enabled && runs) : Status();
  }

  // The server decides how its guest is reached; listing the services first makes it look into the guest.
  Status examine_guest(bool lists) {
    std::size_t services = 0;
    std::size_t started = 0;
    Status listed;
    if (lists)
      listed = session_.client().enumerate(wsman::default_namespace, "Vmms_GuestOSService",
                                           {{"SystemName", machine_.id}}, [&](const wsman::Record& each) {
                                             ++services;
                                             if (each.is_true("Started")) ++started;
                                             return true;
                                           });
    const auto reach = guest_reach(session_, machine_);
    if (!reach) return reach.error();
    const bool whole = reach->contact == Contact::ok;
    add("Way into the guest", whole ? Verdict::good : Verdict::bad, reach->text());
    if (!whole && machine_.state != State::paused) advise(advice_for(*reach));
    if (!listed) {
      add("Guest services", Verdict::bad, listed.error().message);
      if (whole && listed.error().kind == Failure::timed_out)
        advise(fmt::format("The guest is slow: give it more time than {} s, as with: vmms --timeout {} doctor {}",
                           session_.timeout().count(), longer_timeout(), word()));
      else if (whole)
        advise(fmt::format("See the last line above; then look again: vmms doctor {}", word()));
    } else if (!lists) {
      add("Guest services", Verdict::unknown,
          machine_.state == State::running ? "not looked at while the interface is off"
                                           : "not looked at while the VM does not run");
    } else if (services > 0) {
      add("Guest services", Verdict::good, fmt::format("{}, {} started", services, started));
    } else {
      add("Guest services", whole ? Verdict::good : Verdict::unknown,
          whole ? "the guest has none" : "they cannot be listed");
    }
    return {};
  }

  std::string advice_for(const Reach& reach) const {
    const std::string text = reach.text();
    const auto tells = [&](std::string_view words) { return text.find(words) != std::string::npos; };
    switch (reach.contact) {
      case Contact::no_contact:
        if (tells("No way"))
          return fmt::format(
              "Give the domain a channel for the agent, then start the VM again: virsh edit {}, and inside <devices>: "
              "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
              word());
        return "Install the package qemu-guest-agent in the guest and start its service; right after the VM's start, "
               "wait until the guest is up.";
      case Contact::lost_communication:
        return "The agent is connected but silent: look at the guest's console and load; if the guest itself is well, "
               "restart qemu-guest-agent in it, and look at its log there.";
      case Contact::degraded:
        if (tells("forbids"))
          return "The guest's agent refuses the commands named above. In the guest, take them out of block-rpcs, or "
                 "add them to allow-rpcs: in /etc/qemu/qemu-ga.conf, on Red Hat's systems in /etc/sysconfig/qemu-ga, "
                 "in Windows on the command line of the service QEMU-GA. Then restart the agent.";
        if (tells("SELinux"))
          return "SELinux in the guest confines its agent. Set the boolean that is named above, in the guest.";
        if (tells("qemu-guest-agent is not connected"))
          return "Services can be managed, files and the rest cannot: start qemu-guest-agent in the guest again.";
        return "The guest has no service manager that vmms knows: systemd, OpenRC, SysV init scripts, or Windows' "
               "service control manager.";
      default:
        break;
    }
    return fmt::format("See what the server says above; then look again: vmms doctor {}", word());
  }

  bool healthy() const {
    return std::none_of(findings_.begin(), findings_.end(),
                        [](const Finding& finding) { return finding.verdict == Verdict::bad; });
  }

  std::string word() const { return machine_.word(); }
  std::chrono::seconds::rep longer_timeout() const {
    return std::max<std::chrono::seconds::rep>(Options::default_timeout_seconds, 2 * session_.timeout().count());
  }
  void add(std::string what, Verdict verdict, std::string text) {
    findings_.push_back({std::move(what), verdict, std::move(text)});
  }
  void advise(std::string text) { advice_.push_back(std::move(text)); }

  static std::string_view name_of(Verdict verdict) {
    switch (verdict) {
      case Verdict::good:
        return "ok";
      case Verdict::bad:
        return "problem";
      case Verdict::unknown:
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
                                        {"healthy", healthy()},
                                        {"findings", std::move(findings)},
                                        {"advice", std::move(advice)}});
      return;
    }
    Table table({"LOOKED AT", "IS", "WHAT WAS FOUND"});
    for (const Finding& finding : findings_)
      table.add({finding.what, std::string(name_of(finding.verdict)), finding.text});
    std::string text = table.text();
    if (healthy())
      text += fmt::format("\nNothing is in the way: vmms service start {} NAME\n", word());
    else
      text += advice_.size() == 1 ? "\nWhat to do:\n" : "\nWhat to do, in this order:\n";
    for (const std::string& each : advice_) text += fmt::format("  {}\n", each);
    console.print(text);
  }

  Session& session_;
  VirtualMachine machine_;
  std::vector<Finding> findings_;
  std::vector<std::string> advice_;
};

}  // namespace

void add_doctor(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("doctor", "Say what is in the way of a VM's guest services, and what to do");
  auto name = std::make_shared<std::string>();
  command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
  command->footer(
      R"(Looks at the server's hypervisor, the VM, its Guest Service Interface, the agent in its guest, what the agent allows and
the guest's service manager, in the order in which StartService needs them.

Exit status: 0 nothing is in the way, 1 something is, 2 an error.

Example:
  vmms doctor demo)");
  run_online(*command, program, [name](Session& session) { return Examination(session).run(*name); });
}

}  // namespace vmms::cli
