#include "daemon/options.hpp"

#include "base/nearest.hpp"
#include "daemon/configuration.hpp"
#include "wire/local_socket.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <sstream>
#include <tuple>

namespace vmms::daemon {

namespace {

constexpr const char* description =
    R"(vmmsd - Hyper-V's management service for KVM

Serves the CIM namespace root/virtualization/v2 over WS-Management and CIM-XML: virtual machines are libvirt domains,
and guest services are real services inside the guests.

When it serves, it prints one line "ready wsman=URL ..." on standard output and tells systemd. TERM ends it; HUP has it
read its configuration, users and certificates again.)";

constexpr const char* footer = R"(
Examples:
  # a described fleet, with no hypervisor at all
  printf 'correct horse' | vmms user add admin --users users
  vmmsd --simulate examples/fleet.toml --wsman 127.0.0.1:5985 --users users

  # the virtual machines of this host's libvirtd
  vmmsd --connect qemu:///system --wsman 127.0.0.1:5985 --wsmans 0.0.0.0:5986

  # libvirt's QEMU driver inside this process: no other daemon is needed
  vmmsd --connect 'qemu:///embed?root=/run/vmms' --wsman 127.0.0.1:0

Every option is also a key of the TOML file given by --config:
  wsman = ["127.0.0.1:5985"]
  connect = "qemu:///system"

Exit status: 0 ended by TERM or INT, 1 could not start (the reason is on standard error), 2 wrong options.)";

std::string default_state_folder() {
  if (geteuid() == 0) return "/var/lib/vmms";
  if (const char* state = std::getenv("XDG_STATE_HOME"); state && *state) return std::string(state) + "/vmms";
  const char* home = std::getenv("HOME");
  return std::string(home ? home : ".") + "/.local/state/vmms";
}

std::string default_runtime_folder() {
  if (geteuid() == 0) return "/run/vmms";
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"); runtime && *runtime) return std::string(runtime) + "/vmms";
  return default_state_folder() + "/run";
}

// Of which an address, a sixty-fourth, can still hold a few requests.
constexpr std::uint64_t least_memory = std::uint64_t{32} << 20;

// What HUP changes in a daemon that runs.
constexpr std::array changed_by_reload = {"log-level", "certificate", "key", "audit", "audit-reads"};

std::map<std::string, std::string> given_options(const CLI::App& app) {
  std::map<std::string, std::string> given;
  for (const CLI::Option* option : app.get_options()) {
    std::string& text = given[option->get_name().substr(2)];
    for (const std::string& value : option->results()) (text += text.empty() ? "" : ",") += value;
  }
  given.erase("config");
  return given;
}

// CLI11 itself takes a size below zero for a huge one.
CLI::Validator as_size() {
  const CLI::AsSizeValue read(false);
  return CLI::Validator(
      [read](std::string& text) {
        if (text.empty() || text.front() < '0' || text.front() > '9')
          return fmt::format("\"{}\" is no size, such as 512M or 2G", text);
        return read(text);
      },
      read.get_description());
}

// A word of the command line that is no option, with the nearest that is one.
std::string unknown_argument(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining();
  const auto option =
      std::find_if(extras.begin(), extras.end(), [](const std::string& extra) { return extra.starts_with('-'); });
  if (option == extras.end())
    return fmt::format("vmmsd takes options alone, not \"{}\" (see vmmsd --help)",
                       extras.empty() ? "" : extras.front());
  std::vector<std::string> names;
  for (const CLI::Option* known : app.get_options())
    for (const std::string& name : known->get_lnames()) names.push_back("--" + name);
  const std::string near = nearest(option->substr(0, option->find('=')), names);
  return fmt::format("vmmsd has no option {}{} (see vmmsd --help)", *option,
                     near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

Parsed wrong(std::string problem) { return {std::nullopt, 2, {}, std::move(problem)}; }

}  // namespace

Parsed parse_options(int argc, const char* const* argv) {
  CLI::App app(description);
  app.footer(footer);
  Options options;
  std::vector<std::string> wsman;
  std::vector<std::string> wsmans;
  std::vector<std::string> cimxml;
  std::vector<std::string> cimxmls;
  std::vector<std::string> copy_read;
  std::vector<std::string> copy_write;
  std::string socket;
  std::string socket_group;

  app.set_version_flag("--version", "vmmsd " VMMS_VERSION);
  std::string file;
  Configuration configuration;
  app.add_option("--config", file, "Read options from a TOML file; the command line wins");
  auto* connect = app.add_option("--connect", options.connect,
                                 "libvirt URI of the host (default: libvirt's QEMU driver inside this process)");
  auto* simulate =
      app.add_option("--simulate", options.simulate, "Serve the fleet described in this TOML file instead of a host")
          ->check(CLI::ExistingFile);
  app.add_option(
         "--define", options.define,
         "Define the domain of this libvirt XML file first, unless it exists; type='vmms:auto' chooses KVM or TCG")
      ->check(CLI::ExistingFile);
  app.add_option("--wsman", wsman, "Serve WS-Management in clear text on ADDR:PORT (port 0: the kernel chooses)");
  app.add_option("--wsmans", wsmans, "Serve WS-Management over TLS on ADDR:PORT");
  app.add_option("--cimxml", cimxml, "Serve CIM-XML in clear text on ADDR:PORT");
  app.add_option("--cimxmls", cimxmls, "Serve CIM-XML over TLS on ADDR:PORT");
  app.add_option(
      "--socket", socket,
      fmt::format("Local socket, where the kernel says which user asks and no password is needed; \"none\" for none "
                  "(default: {})",
                  wire::own_socket().value_or("none, since XDG_RUNTIME_DIR is not set")));
  app.add_option("--socket-group", socket_group,
                 "Group whose members may use the local socket (default: only the user who runs vmmsd, and root)");
  app.add_option("--users", options.users,
                 "Password file, made by: vmms user add NAME --users FILE (default: STATE/users)");
  app.add_option("--state", options.state, "Folder of what the daemon keeps: jobs, TLS key")
      ->default_str(default_state_folder());
  app.add_option("--certificate", options.certificate,
                 "TLS certificate chain, PEM (default: self-signed, kept in STATE)")
      ->check(CLI::ExistingFile);
  app.add_option("--key", options.key, "TLS private key, PEM")->check(CLI::ExistingFile);
  app.add_flag("--allow-cleartext", options.allow_cleartext,
               "Serve --wsman and --cimxml beyond loopback: passwords travel in clear text");
  app.add_option("--anonymous-identify", options.anonymous_identify,
                 "What an Identify without credentials is told: minimal (protocol and product), full (the version as "
                 "well), off (nothing)")
      ->check(CLI::IsMember({"minimal", "full", "off"}))
      ->capture_default_str();
  app.add_flag("--guest-service-interface", options.guest_service_interface,
               "The Guest Service Interface of a VM is on unless it was switched off (Hyper-V: off)");
  app.add_option("--compatibility", options.compatibility,
                 "strict: Msvm_GuestFileService.StartService answers 1, as its reference page says")
      ->check(CLI::IsMember({"extended", "strict"}))
      ->capture_default_str();
  app.add_option(
         "--copy-read", copy_read,
         "NAME=/FOLDER: CopyFilesToGuest (vmms copy --on-server) may read files of this host below this folder; "
         "may repeat (default: none)")
      ->type_name("NAME=DIR");
  app.add_option("--copy-write", copy_write,
                 "NAME=/FOLDER: CopyFilesFromGuest (vmms copy --on-server) may write files of this host below this "
                 "folder; may repeat (default: none)")
      ->type_name("NAME=DIR");
  app.add_option("--copy-largest", options.copy_largest, "Bytes of the largest file that is copied (10G, 1T ...)")
      ->transform(as_size())
      ->default_str("1T");
  app.add_option("--agent", options.agent,
                 "auto: bring a small program of our own into guests under systemd whose Guest Service Interface is "
                 "on, and run "
                 "it there as root, which makes their services quick; "
                 "never: use the guest's qemu-guest-agent alone")
      ->check(CLI::IsMember({"auto", "never"}))
      ->capture_default_str();
  app.add_option("--audit", options.audit,
                 "Append a record of each change, call and refusal to this file, a JSON object a line (default: the "
                 "journal under systemd, else the log)");
  app.add_flag("--audit-reads", options.audit_reads, "Record operations that only read, too");
  app.add_option("--memory", options.memory,
                 "Bytes held at most for clients and guests, 512M, 2G ... (default: a quarter of the smaller of this "
                 "host's memory and the control group's limit)")
      ->transform(as_size());
  app.add_option("--log-level", options.log_level, "What is logged on standard error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.add_option("--io-threads", options.io_threads, "Threads that serve the network")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--worker-threads", options.worker_threads, "Most threads that wait on hosts and guests")
      ->check(CLI::Range(4, 4096))
      ->capture_default_str();

  try {
    app.parse(argc, argv);
    if (!file.empty()) configuration.apply(file, app);
  } catch (const ConfigurationError& problem) {
    return wrong(problem.what());
  } catch (const CLI::ExtrasError&) {
    return wrong(unknown_argument(app));
  } catch (const CLI::ParseError& parse_error) {
    std::ostringstream output;
    std::ostringstream problem;
    const int status = app.exit(parse_error, output, problem);
    std::string text = problem.str();
    while (text.ends_with('\n')) text.pop_back();
    return {std::nullopt, status == 0 ? 0 : 2, output.str(), text};
  }
  // Where the file says one of them; the other may stand on the command line.
  const auto place_of = [&configuration](const char* first, const char* second) {
    const std::string place = configuration.place(first);
    return place.empty() ? configuration.place(second) : place;
  };
  if (connect->count() > 0 && simulate->count() > 0)
    return wrong(place_of("simulate", "connect") + "--simulate and --connect exclude each other");
  if (options.certificate.empty() != options.key.empty())
    return wrong(configuration.place(options.key.empty() ? "certificate" : "key") +
                 "--certificate and --key go together");
  if (!options.define.empty() && !options.simulate.empty())
    return wrong(place_of("define", "simulate") +
                 "a simulated host takes its virtual machines from --simulate alone, not from --define");
  if (options.memory > 0 && options.memory < least_memory)
    return wrong(
        configuration.place("memory") +
        fmt::format("--memory: {} bytes are too few to serve anybody; give {}M at least, with the unit (512M, 2G)",
                    options.memory, least_memory >> 20));
  options.given = given_options(app);

  for (const auto& [texts, folders] :
       {std::pair(&copy_read, &options.copy_read), std::pair(&copy_write, &options.copy_write)})
    for (const std::string& text : *texts) {
      auto named = HostFiles::parse(text);
      if (!named) {
        const std::string name = folders == &options.copy_read ? "copy-read" : "copy-write";
        return wrong(configuration.place(name, text) + "--" + name + ": " + named.error().message);
      }
      folders->push_back(*std::move(named));
    }
  options.configuration = file;
  if (options.state.empty()) options.state = default_state_folder();
  const bool users_are_default = options.users.empty();
  if (users_are_default) options.users = options.state + "/users";
  if (options.connect.empty() && options.simulate.empty())
    options.connect = "qemu:///embed?root=" + default_runtime_folder();
  if (wsman.empty() && wsmans.empty() && cimxml.empty() && cimxmls.empty()) wsman = {"127.0.0.1:5985"};
  for (const auto& [texts, protocol, tls] :
       {std::tuple(&wsman, wsman_protocol, false), std::tuple(&wsmans, wsman_protocol, true),
        std::tuple(&cimxml, cimxml_protocol, false), std::tuple(&cimxmls, cimxml_protocol, true)}) {
    for (const std::string& text : *texts) {
      auto listener = wire::http::parse_listener(text, tls);
      if (!listener)
        return wrong(configuration.place(std::string(protocol) + (tls ? "s" : ""), text) + listener.error().message);
      listener->protocol = protocol;
      options.listeners.push_back(*listener);
    }
  }
  if (socket != "none") {
    wire::http::Listener local;
    local.protocol = wsman_protocol;
    local.path = socket.empty() ? wire::own_socket().value_or("") : socket;
    local.group = socket_group;
    // It is only a default, and another daemon may have it.
    local.is_optional = socket.empty() && socket_group.empty();
    if (local.is_local()) options.listeners.push_back(local);
    options.users_may_be_missing = users_are_default && local.is_local();
  }
  return {std::move(options), 0};
}

std::vector<std::string> need_restart(const Options& running, const Options& wanted) {
  std::vector<std::string> names;
  for (const auto& [name, value] : wanted.given) {
    const auto before = running.given.find(name);
    const bool differs = before == running.given.end() || before->second != value;
    if (differs && std::find(changed_by_reload.begin(), changed_by_reload.end(), name) == changed_by_reload.end())
      names.push_back(name);
  }
  return names;
}

}  // namespace vmms::daemon
