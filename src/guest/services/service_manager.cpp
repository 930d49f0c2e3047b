#include "guest/services/service_manager.hpp"

#include "guest/agent/printable.hpp"

namespace vmms::guest {

Error not_understood(std::string_view manager, const Output& output, std::string_view what) {
  constexpr std::size_t words_limit = 2000;
  std::string message(manager);
  if (output.signal) {
    message += " in the guest was ended by signal " + std::to_string(*output.signal);
  } else if (output.exit_status.value_or(0) != 0) {
    message += " in the guest failed with exit status " + std::to_string(*output.exit_status);
  } else {
    message += " in the guest did not answer";
  }
  message += " when asked for " + std::string(what);
  const std::string words = printable(output.err, words_limit);
  return error(Failure::failed, words.empty() ? message : message + ": " + words);
}

}  // namespace vmms::guest
