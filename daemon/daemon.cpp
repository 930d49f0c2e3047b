#include "daemon/daemon.hpp"

#include "agent/image.hpp"
#include "base/ledger.hpp"
#include "base/log_limiter.hpp"
#include "base/thread.hpp"
#include "base/worker_pool.hpp"
#include "cim/job/jobs.hpp"
#include "cim/object_manager.hpp"
#include "daemon/audit.hpp"
#include "daemon/copy_folders.hpp"
#include "daemon/host_identity.hpp"
#include "daemon/reload.hpp"
#include "daemon/spare_memory.hpp"
#include "daemon/state_folder.hpp"
#include "hypervisor/libvirt/define.hpp"
#include "hypervisor/libvirt/host.hpp"
#include "hypervisor/simulator/host.hpp"
#include "providers/common/environment.hpp"
#include "providers/common/guests.hpp"
#include "providers/common/machines.hpp"
#include "providers/upkeep/upkeep.hpp"
#include "schema/cimv2/classes.hpp"
#include "schema/cimv2/providers.hpp"
#include "schema/classes.hpp"
#include "schema/interop/classes.hpp"
#include "schema/interop/providers.hpp"
#include "schema/providers.hpp"
#include "wire/auth/authenticator.hpp"
#include "wire/auth/basic.hpp"
#include "wire/auth/peer.hpp"
#include "wire/cimxml/server.hpp"
#include "wire/http/private_file.hpp"
#include "wire/http/server.hpp"
#include "wire/wsman/server.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vmms::daemon {

namespace {

using namespace std::chrono_literals;

// TERM ends the daemon within two seconds, whatever its threads wait for: one for answers, half of one for workers.
constexpr auto answers_grace = 1s;
constexpr auto workers_grace = 500ms;
constexpr auto audit_grace = 100ms;
constexpr auto copies_grace = 100ms;  // the end does not wait for copies: the guest removes its part

// How often lines that were left out of the log are reported, and unused memory is released.
constexpr auto left_out_interval = 60s;
constexpr auto spare_memory_interval = 10s;
constexpr std::size_t largest_definition = std::size_t{1} << 20;

// The XML of --define; empty without it.
Result<std::string> read_definition(const Options& options) {
  if (options.define.empty()) return std::string();
  // A domain may name programs and disks of this host: writing it is as good as being root.
  auto xml = wire::http::read_protected_file(options.define, largest_definition);
  if (!xml) return xml;
  const auto prepared = hypervisor::libvirt::prepare_definition(*xml, {}, [] {
    return hypervisor::libvirt::Accelerator{};  // only the XML is looked at
  });
  if (!prepared) return error(prepared.error().kind, fmt::format("{}: {}", options.define, prepared.error().message));
  return xml;
}

Result<std::unique_ptr<hypervisor::Host>> open_host(const Options& options, const std::string& definition,
                                                    const StateFolder& state) {
  if (!options.simulate.empty()) return hypervisor::simulator::load(options.simulate);
  if (!definition.empty()) {
    const auto id = hypervisor::libvirt::define_domain(options.connect, definition);
    if (!id) return error(id.error().kind, fmt::format("{}: {}", options.define, id.error().message));
    spdlog::info("defined virtual machine {} from {}", *id, options.define);
  }
  hypervisor::libvirt::Options host_options;
  host_options.uri = options.connect;
  auto identity = host_identity(state);
  if (!identity) return identity.error();
  host_options.identity = *std::move(identity);
  return hypervisor::libvirt::connect(host_options);
}

// Every authenticated user may do everything, for now; but all permissions are decided in one place.
Status authorize(const cim::Principal& principal, cim::OperationKind, const cim::Class&, const cim::Method*) {
  if (principal.is_nobody()) return error(Failure::access_denied, "nobody is logged in");
  return {};
}

// One line that a script can wait for and take the ports from.
void tell_ready(const std::vector<wire::http::Listener>& listeners) {
  std::string line = "ready";
  for (const auto& listener : listeners)
    line += listener.is_local() ? fmt::format(" socket={}", listener.path)
                                : fmt::format(" {}{}={}://{}{}", listener.protocol, listener.tls ? "s" : "",
                                              listener.tls ? "https" : "http", wire::http::to_string(listener),
                                              listener.protocol == cimxml_protocol ? "/cimom" : "/wsman");
  fmt::print("{}\n", line);
  std::fflush(stdout);
  sd_notify(0, "READY=1");
}

// Where the process does not end by itself, nothing else removes these.
std::vector<std::string> socket_files(const std::vector<wire::http::Listener>& listeners) {
  std::vector<std::string> files;
  for (const auto& listener : listeners)
    if (listener.is_local()) files.push_back(listener.path);
  return files;
}

Status serve_until_told(const Options& options, Process& process) {
  const auto state = StateFolder::open(options.state);
  if (!state) return state.error();
  const auto host_files = open_copy_folders(options);
  if (!host_files) return host_files.error();
  auto audit_place = Audit::open(options.audit);
  if (!audit_place) return audit_place.error();
  Audit audit(std::move(*audit_place), options.audit_reads);
  auto users = wire::auth::PasswordFile::open(options.users, options.users_may_be_missing);
  if (!users) {
    const bool missing = users.error().kind == Failure::not_found;
    return error(users.error().kind,
                 users.error().message +
                     (missing ? fmt::format("; add a user with: vmms user add NAME --users {}", options.users) : ""));
  }
  const auto definition = read_definition(options);
  if (!definition) return definition.error();

  // One for each operation that waits for a guest, one that asks this guest, and some.
  limit_threads(2 * options.worker_threads + 64);
  Ledger::Options ledger_options;
  ledger_options.bytes = options.memory;
  Ledger ledger(ledger_options);

  WorkerPool::Options pool_options;
  pool_options.threads = options.worker_threads;
  WorkerPool pool(pool_options);
  const auto submit = [&pool](const AccountPtr& account, std::string_view key, std::function<void()> task) {
    return pool.submit(account, key, std::move(task));
  };

  wire::auth::Authenticator by_password({std::make_shared<wire::auth::Basic>(*users)}, &audit);
  wire::auth::Peer authenticator(by_password, pool);

  // They answer once there is a host; no connection is accepted before.
  std::optional<wire::wsman::Server> wsman;
  std::optional<wire::cimxml::Server> cimxml;
  const wire::http::Handler to_wsman = [&wsman](const auto& exchange) { wsman->handle(exchange); };
  const wire::http::Handler to_cimxml = [&cimxml](const auto& exchange) { cimxml->handle(exchange); };
  wire::http::Handlers wsman_handlers = {{"/wsman", to_wsman}, {"/wsman/", to_wsman}};
  if (options.anonymous_identify != "off") {
    const wire::http::Handler to_everybody = [&wsman](const auto& exchange) { wsman->handle_everybody(exchange); };
    for (auto& [path, endpoint] : wsman_handlers)
      endpoint = wire::http::Endpoint(endpoint.handler, to_everybody, wire::wsman::is_unauthenticated);
    wsman_handlers["/wsman-anon/identify"] = wire::http::Endpoint(nullptr, to_everybody);  // DSP0226 11
  }
  const wire::http::Protocols protocols = {{wsman_protocol, wsman_handlers},
                                           {cimxml_protocol, {{"/cimom", to_cimxml}, {"/", to_cimxml}}}};
  wire::http::ServerOptions server_options;
  server_options.listeners = options.listeners;
  server_options.tls = {options.certificate, options.key, options.state};
  server_options.allow_cleartext = options.allow_cleartext;
  server_options.threads = options.io_threads;
  server_options.ledger = ledger;
  wire::http::Server server(server_options, authenticator, protocols);
  const auto listeners = server.open();
  if (!listeners) return listeners.error();
  process.signals.set_last([files = socket_files(*listeners), finish_log = process.finish_log] {
    for (const std::string& file : files) ::unlink(file.c_str());
    finish_log();
  });

  std::string job_store;
  if (options.simulate.empty()) {
    auto file = (*state)->private_file("jobs.sqlite");
    if (!file) return file.error();
    job_store = std::move(*file);
  }
  auto jobs = cim::job::Jobs::open(job_store, submit);
  if (!jobs) return jobs.error();
  // Copies take their time: with their own threads, a slow guest holds up only its other copies.
  WorkerPool::Options copy_options;
  copy_options.threads = 128;
  copy_options.running_per_key = 2;
  copy_options.begun_per_key = 8;  // each has a port of the guest, which other callers want to reach, too
  WorkerPool copy_pool(copy_options);
  (*jobs)->on_end([&audit](const cim::job::Job& job) { audit.record(job); });
  (*jobs)->run_lengthy_on([&copy_pool](const AccountPtr& account, std::string_view key, std::function<void()> task) {
    return copy_pool.submit(account, key, std::move(task));
  });

  if (process.signals.ending()) return {};
  auto host = open_host(options, *definition, **state);
  if (process.signals.ending()) return {};
  if (!host) return host.error();
  const auto host_information = (*host)->machine().information();
  spdlog::info("host {}: {}", host_information->name, host_information->hypervisor);
  audit.set_machines((*host)->machines());

  providers::Guests::Options guest_options;
  if (options.agent == "auto") guest_options.own_agent = {agent::image(), agent::image_sha256()};
  guest_options.guest_service_interface = options.guest_service_interface;
  guest_options.ledger = &ledger;
  providers::Guests guests(**host, guest_options);
  const providers::Upkeep upkeep(
      (*host)->machines(), guests, **jobs,
      [&pool](std::string_view key, std::function<void()> task) { return pool.submit(key, std::move(task)); });
  cim::ObjectManager manager(authorize, (*host)->machine().information()->name);
  manager.set_auditor(&audit);
  providers::Environment environment{**host,
                                     guests,
                                     **jobs,
                                     {options.guest_service_interface, options.compatibility == "strict", VMMS_VERSION,
                                      *host_files, options.copy_largest},
                                     manager,
                                     [&pool](const cim::Context& caller, std::function<void()> task) {
                                       return pool.submit(caller.account, {}, std::move(task)).has_value();
                                     }};
  manager.add_schema(schema::root_virtualization_v2);
  manager.add_schema(schema::cimv2::root_cimv2);
  manager.add_schema(schema::interop::root_interop);
  schema::add_providers(manager, environment);
  schema::cimv2::add_providers(manager, environment);
  schema::interop::add_providers(manager, environment);

  const auto context_store = std::make_shared<wire::enumeration::ContextStore>();
  wire::wsman::ServerOptions wsman_options;
  wsman_options.context_store = context_store;
  wsman_options.product_version = VMMS_VERSION;
  wsman_options.tell_everybody_version = options.anonymous_identify == "full";
  wsman_options.host_name = (*host)->machine().information()->name;
  wsman_options.machine_of = providers::machine_of;
  wsman.emplace(manager, submit, wsman_options);

  wire::cimxml::ServerOptions cimxml_options;
  cimxml_options.context_store = context_store;
  cimxml_options.machine_of = providers::machine_of;
  cimxml.emplace(manager, submit, cimxml_options);

  if (const auto started = server.start(); !started) {
    pool.stop(workers_grace);  // upkeep may have begun, with what is destroyed next
    return started.error();
  }
  if (!process.signals.ending()) tell_ready(*listeners);
  Reloadable running{options, server, **users, audit, **host_files};
  SpareMemory spare_memory;
  for (auto told = std::chrono::steady_clock::now();;) {
    const auto request = process.signals.wait(spare_memory_interval);
    if (request == Signals::Request::end) break;
    if (request == Signals::Request::reload) {
      reload(running, process.read_options());
      continue;
    }
    spare_memory.give_back();
    if (const auto now = std::chrono::steady_clock::now(); now - told >= left_out_interval) {
      told = now;
      tell_left_out();
    }
  }
  sd_notify(0, "STOPPING=1");
  const bool served = server.stop(answers_grace);
  process.signals.set_last(process.finish_log);  // the socket's file may be another daemon's from now on
  const bool worked = pool.stop(workers_grace) && copy_pool.stop(copies_grace);
  tell_left_out();
  audit.finish(audit_grace);
  if (!served || !worked) {
    // A thread waits for a guest or for libvirt and uses objects that would be destroyed now. All state is on disk
    // already.
    spdlog::warn("ending while work waits for a guest or the hypervisor");
    process.finish_log();
    _exit(0);
  }
  return {};
}

}  // namespace

int serve(const Options& options, Process process) {
  const Status served = serve_until_told(options, process);
  if (served || process.signals.ending()) return 0;
  spdlog::error("{}", served.error().message);
  return 1;
}

}  // namespace vmms::daemon
