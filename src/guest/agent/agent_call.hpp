// One command of the guest agent, for those parts of src/guest that use commands beyond those of agent.hpp.
#pragma once

#include "base/result.hpp"
#include "guest/transport/transport.hpp"

#include <boost/json.hpp>

#include <string_view>

namespace vmms::guest {

/// What the agent returned. Failures are those of Agent.
Result<boost::json::value> call_agent(Transport& transport, std::string_view command,
                                      const boost::json::object& arguments, Clock::time_point deadline);

/// The error for an agent's answer that cannot be used.
Error senseless_answer(std::string_view command, std::string_view what);

}  // namespace vmms::guest
