// Rates of copies into one real guest, side by side: the product's ways against raw loops over the same channels.
// usage: copy_bench GUEST_DIR [MEGABYTES] [ROUNDS]     (GUEST_DIR: what guest/build made)
#include "agent/image.hpp"
#include "base/source_file.hpp"
#include "guest/files/file_copy.hpp"
#include "guest/own_agent/own_agent.hpp"
#include "guest/services/discovery.hpp"
#include "hypervisor/libvirt/define.hpp"
#include "hypervisor/libvirt/host.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <vector>

namespace {

using namespace vmms;
using namespace std::chrono_literals;
using guest::Clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

[[noreturn]] void fail(const std::string& what) {
  fmt::print(stderr, "copy_bench: {}\n", what);
  std::exit(1);
}

template <class T>
T need(Result<T> result) {
  if (!result) fail(result.error().message);
  return *std::move(result);
}

std::string definition(const std::filesystem::path& folder, const std::filesystem::path& guest) {
  std::ifstream file(std::filesystem::path(VMMS_SOURCE_DIR) / "guest/domain.xml");
  std::string xml{std::istreambuf_iterator<char>(file), {}};
  xml.erase(0, xml.find("<domain"));
  const std::pair<std::string, std::string> words[] = {{"@NAME@", "copy-bench"},
                                                       {"@GUEST@", guest},
                                                       {"@DISK@", folder / "disk.qcow2"},
                                                       {"@CONSOLE@", folder / "console"}};
  for (const auto& [word, value] : words)
    for (std::size_t at = xml.find(word); at != std::string::npos; at = xml.find(word))
      xml.replace(at, word.size(), value);
  return xml;
}

// What a careful person would write by hand: read the port, hash, sync, rename.
constexpr std::string_view raw_script = R"sh(
for file in /sys/class/virtio-ports/*/name; do [ "$(cat "$file")" = "$1" ] && port=${file%/name}; done
dd if="/dev/${port##*/}" of=/var/tmp/raw.part bs=1048576 count="$2" iflag=fullblock,count_bytes status=none
b2sum /var/tmp/raw.part && sync /var/tmp/raw.part && mv -f /var/tmp/raw.part /var/tmp/raw
)sh";

struct Bench {
  std::shared_ptr<guest::Transport> transport;
  std::shared_ptr<guest::AbandonedProcesses> abandoned = std::make_shared<guest::AbandonedProcesses>();
  guest::Capabilities capabilities;

  double raw_port(const SourceFile& file) {
    const auto begin = Clock::now();
    const auto port = need(transport->open_port("raw", Clock::now() + 20s));
    guest::Execution execution(transport, abandoned,
                               {"raw", raw_script, {port->name(), std::to_string(file.size())}, {}});
    execution.advance(Clock::now() + 10s);
    std::this_thread::sleep_for(50ms);  // until the guest's end is open
    for (std::uint64_t at = 0; at < file.size(); at += 256U << 10) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(256U << 10, file.size() - at));
      need<void>(port->write(need(file.read(at, length)), Clock::now() + 60s));
    }
    const auto output = need(execution.finish(Clock::now() + 300s));
    if (output.exit_status != 0) fail("the raw loop failed: " + output.err);
    return seconds_since(begin);
  }

  double raw_chunks(const SourceFile& file) {
    const auto begin = Clock::now();
    guest::Agent agent(*transport);
    const auto handle = need(agent.open_file("/var/tmp/raw", "w", Clock::now() + 10s));
    for (std::uint64_t at = 0; at < file.size(); at += guest::file_chunk) {
      const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(guest::file_chunk, file.size() - at));
      need<void>(agent.write_file(handle, need(file.read(at, length)), Clock::now() + 60s));
    }
    need<void>(agent.close_file(handle, Clock::now() + 10s));
    return seconds_since(begin);
  }

  std::shared_ptr<guest::OwnAgentSession> own_agent;

  double product(const SourceFile& file, bool through_own_agent = false) {
    const auto begin = Clock::now();
    guest::FileCopy copy(transport, abandoned, capabilities, {},
                         [&] { return through_own_agent ? own_agent : nullptr; });
    need(copy.to_guest(file, {"/var/tmp/product", true, false}));
    return seconds_since(begin);
  }
};

void print_row(const char* name, std::uint64_t bytes, std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  fmt::print("{:<44} {:>8.2f} s  {:>7.1f} MB/s\n", name, median, static_cast<double>(bytes) / median / 1e6);
}

std::string make_file(const std::filesystem::path& path, std::size_t bytes) {
  std::mt19937_64 random(1);
  std::ofstream file(path, std::ios::binary);
  for (std::size_t i = 0; i < bytes / 8; ++i) {
    const std::uint64_t word = random();
    file.write(reinterpret_cast<const char*>(&word), 8);
  }
  return path;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) fail("usage: copy_bench GUEST_DIR [MEGABYTES] [ROUNDS]");
  spdlog::set_level(spdlog::level::err);
  const std::size_t megabytes = argc > 2 ? std::stoul(argv[2]) : 100;
  const int rounds = argc > 3 ? std::stoi(argv[3]) : 3;
  std::string pattern = "/tmp/vmms-XXXXXX";
  const std::filesystem::path folder = mkdtemp(pattern.data());
  std::filesystem::copy_file(std::filesystem::path(argv[1]) / "disk.qcow2", folder / "disk.qcow2");
  const std::string uri = "qemu:///embed?root=" + (folder / "e").string();
  const auto id = need(hypervisor::libvirt::define_domain(uri, definition(folder, std::filesystem::absolute(argv[1]))));
  const auto host = need(hypervisor::libvirt::connect({uri}));
  need<void>(host->machines().start(id));
  Bench bench{.transport = std::make_shared<guest::PatientTransport>(host->guests().find(id)), .capabilities = {}};
  while (!bench.transport->connected()) std::this_thread::sleep_for(100ms);
  // Until its services have started, which takes the processor that is measured.
  for (auto found = guest::discover(bench.transport, bench.abandoned, Clock::now() + 30s);;
       found = guest::discover(bench.transport, bench.abandoned, Clock::now() + 30s)) {
    if (found && (*found)->manager) {
      bench.capabilities = (*found)->capabilities;
      break;
    }
    std::this_thread::sleep_for(1s);
  }
  std::this_thread::sleep_for(3s);

  const auto large = need(SourceFile::open(make_file(folder / "large", megabytes * 1'000'000)));
  const auto middle = need(SourceFile::open(make_file(folder / "middle", 10'000'000)));
  const auto small = need(SourceFile::open(make_file(folder / "small", 10'000)));
  fmt::print("the guest runs\n");
  bench.own_agent = need(guest::deploy_own_agent(bench.transport, bench.abandoned,
                                                 {agent::image(), agent::image_sha256()}, nullptr, Clock::now() + 60s));
  std::vector<double> raw, product, own, chunks, small_times, ratios;
  for (int i = 0; i < rounds; ++i) {
    raw.push_back(bench.raw_port(large));
    product.push_back(bench.product(large));
    own.push_back(bench.product(large, true));
    ratios.push_back(product.back() / raw.back());
    chunks.push_back(bench.raw_chunks(middle));
    small_times.push_back(bench.product(small));
    fmt::print("round {}: raw {:.2f} s, product {:.2f} s ({:.2f}), through our own agent {:.2f} s ({:.2f})\n", i + 1,
               raw.back(), product.back(), ratios.back(), own.back(), own.back() / raw.back());
  }
  std::sort(ratios.begin(), ratios.end());
  print_row("raw loop over a data port", large.size(), raw);
  print_row("product over a data port", large.size(), product);
  print_row("product through our own agent", large.size(), own);
  print_row("raw loop of guest-file-write, 10 MB", middle.size(), chunks);
  print_row("product, 10 KB", small.size(), small_times);
  constexpr double most = 1.15;
  const double ratio = ratios[ratios.size() / 2];
  fmt::print("product / raw, median of {} rounds: {:.2f}  at most {}: {}\n", rounds, ratio, most,
             ratio <= most ? "met" : "NOT MET");
  host->machines().turn_off(id).has_value();
  std::filesystem::remove_all(folder);
  return ratio <= most ? 0 : 1;
}
