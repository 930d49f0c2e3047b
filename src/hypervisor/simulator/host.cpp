#include "hypervisor/simulator/host.hpp"

namespace vmms::hypervisor::simulator {

Result<std::unique_ptr<Host>> load(const std::filesystem::path& toml) {
  Result<FleetDescription> description = read_description(toml);
  if (!description) return description.error();
  return std::unique_ptr<Host>(std::make_unique<Simulator>(std::move(*description)));
}

}  // namespace vmms::hypervisor::simulator
