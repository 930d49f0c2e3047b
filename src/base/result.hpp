// Results: every layer below the wire returns a value or an Error; exceptions are for bugs.
#pragma once

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace vmms {

/// What went wrong, in terms that every layer shares. The wire turns each into its protocol's fault or status.
enum class Failure : std::uint8_t {
  failed,            ///< it was tried and did not work
  internal,          ///< a bug or a broken host; never the caller's fault
  invalid_argument,  ///< the request is well-formed but one of its values cannot be used
  not_found,         ///< no such class, instance, VM, service …
  already_exists,
  access_denied,
  not_supported,  ///< the documented "not supported": nothing was touched
  invalid_state,  ///< not possible in the state that the target is in
  timed_out,      ///< the deadline passed; what was started may still go on
  unreachable,    ///< the guest or host cannot be asked right now (silent agent, paused VM, lost connection)
  busy,           ///< a bounded queue is full; try again later
};

/// One failure with the text that a person reads: what happened, to which VM and service, what to do.
struct Error {
  Failure kind = Failure::failed;
  std::string message;

  friend bool operator==(const Error&, const Error&) = default;
};

[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("result without a value: " + error.message);
}

template <class T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

inline Error error(Failure kind, std::string message) { return Error{kind, std::move(message)}; }

}  // namespace vmms
