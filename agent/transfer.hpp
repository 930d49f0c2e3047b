// File streams: bytes between a port and a file.
#pragma once

#include "guest/protocol/messages.hpp"

#include <string>

namespace vmms::agent {

/// These run in a separate process and write their result into the pipe.
void receive_file(const guest::protocol::Receive& request, int pipe);
void send_file(const guest::protocol::Send& request, int pipe);

/// What the process's output means: Transferred or Failed.
guest::protocol::ToHost transfer_result(std::uint32_t id, const std::string& output);

}  // namespace vmms::agent
