#include "base/caught_error.hpp"

#include <exception>
#include <new>

namespace vmms {

Error caught_error() noexcept {
  // Texts of up to 15 characters need no allocated memory.
  Error result{Failure::internal, "out of memory"};
  try {
    throw;
  } catch (const std::bad_alloc&) {
  } catch (const std::exception& exception) {
    try {
      result.message = std::string("an error in the service: ") + exception.what();
    } catch (const std::bad_alloc&) {
    }
  } catch (...) {
    result.message = "an exception";
  }
  return result;
}

}  // namespace vmms
