#include "hypervisor/simulator/consoles.hpp"

#include "hypervisor/simulator/fleet.hpp"

namespace vmms::hypervisor::simulator {

Status SimulatedConsoles::press_keys(std::string_view id, const std::vector<std::uint8_t>& keys, milliseconds) {
  constexpr std::size_t most_kept = 64;
  const auto lock = fleet_.lock();
  const auto found = fleet_.running(id);
  if (!found) return found.error();
  auto& kept = found->machine->keys;
  if (kept.size() == most_kept) kept.pop_front();
  kept.push_back(keys);
  return {};
}

std::vector<std::vector<std::uint8_t>> SimulatedConsoles::keys(std::string_view id) const {
  const auto lock = fleet_.lock();
  const Fleet::Machine* const found = fleet_.machine(id);
  if (found == nullptr) return {};
  return {found->keys.begin(), found->keys.end()};
}

}  // namespace vmms::hypervisor::simulator
