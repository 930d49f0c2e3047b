#include "base/file_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace vmms {

std::string place_of(const std::string& path, FilePlace place) {
  return fmt::format("{:.1000} on {}", path, place == FilePlace::here ? "this machine" : "the host");
}

Error cannot_read(const std::string& path, FilePlace place, int code) {
  Failure kind = Failure::failed;
  if (code == ENOENT || code == ENOTDIR) kind = Failure::not_found;
  if (code == EACCES || code == EPERM) kind = Failure::access_denied;
  std::string why = std::strerror(code);
  if (code == EAGAIN) why = "it has nothing to read now and waits for more, so it has no end to copy it to";
  if (code == ENXIO) why = "it is a socket, or a device that is not there";
  return error(kind, fmt::format("the file {} cannot be read: {}", place_of(path, place), why));
}

Error cannot_write(const std::string& path, FilePlace place, const char* what, int code) {
  Failure kind = Failure::failed;
  if (code == ENOENT || code == ENOTDIR) kind = Failure::not_found;
  if (code == EACCES || code == EPERM || code == EROFS) kind = Failure::access_denied;
  if (code == EEXIST) kind = Failure::already_exists;
  std::string why = std::strerror(code);
  if (code == EEXIST)
    why = place == FilePlace::here
              ? "it is there already; to replace it, add --overwrite"
              : "it is there already; to replace it, set OverwriteExisting (vmms copy --overwrite)";
  return error(kind, fmt::format("the file {} cannot be {}: {}", place_of(path, place), what, why));
}

Error no_directory(const std::string& path, FilePlace place) {
  Error problem = cannot_write(path, place, "written", ENOENT);
  problem.message += place == FilePlace::here
                         ? "; to have missing directories made, add --create-path"
                         : "; to have missing directories made, set CreateFullPath (vmms copy --create-path)";
  return problem;
}

}  // namespace vmms
