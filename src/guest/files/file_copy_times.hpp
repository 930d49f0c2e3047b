// What both directions of a copy share. Included by file_copy*.cpp only.
#pragma once

#include "guest/files/file_copy.hpp"

namespace vmms::guest {

/// What fits into one agent command.
inline constexpr std::uint64_t at_once_limit = file_chunk;
/// What fits into one answer.
inline constexpr std::uint64_t answer_at_once_limit = 512U << 10;
inline constexpr std::size_t port_chunk = 256U << 10;
/// A guest that reads or writes nothing for so long has given up.
inline constexpr std::chrono::seconds stall_time{60};
/// How long to wait for a port before asking the guest whether its script still runs.
inline constexpr std::chrono::milliseconds port_time{250};
/// The same while the script checks the destination, which may be impossible.
inline constexpr std::chrono::milliseconds reply_time{50};

inline Error cancelled_error() { return error(Failure::invalid_state, "the copy was cancelled"); }
inline Clock::time_point soon() { return Clock::now() + stall_time; }
/// The time to allow for hashing and syncing, at 1 MiB a second for a guest's slowest disk and processor.
inline Clock::time_point time_for(std::uint64_t bytes) { return soon() + std::chrono::seconds(bytes >> 20); }

}  // namespace vmms::guest
