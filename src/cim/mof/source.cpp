#include "cim/mof/source.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

namespace vmms::cim::mof {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file = 16U << 20;

/// Where the bytes stop being UTF-8; the end where they do not.
std::size_t end_of_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const Decoded decoded = decode_utf8(text, at);
    if (decoded.length == 0) break;
    at += decoded.length;
  }
  return at;
}

std::string from_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (const char c : bytes) append_utf8(text, static_cast<unsigned char>(c));
  return text;
}

/// Where the byte at `at` of a text in UTF-8 stands.
Position position_of(const fs::path& path, std::string_view text, std::size_t at) {
  const std::string_view before = text.substr(0, at);
  const std::string_view line = before.substr(before.rfind('\n') + 1);  // of the first line: npos + 1 is 0
  const auto is_lead = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return {std::make_shared<const std::string>(path.string()),
          static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n') + 1),
          static_cast<std::uint32_t>(std::count_if(line.begin(), line.end(), is_lead) + 1)};
}

bool is_file(const fs::path& path) {
  std::error_code code;
  return fs::exists(path, code) && !fs::is_directory(path, code);
}

/// What `folder` has under a name of any case, the first in order.
fs::path in_any_case(const fs::path& folder, const std::string& name) {
  fs::path found;
  std::error_code code;
  for (fs::directory_iterator entry(folder.empty() ? "." : folder, code), end; !code && entry != end;
       entry.increment(code)) {
    const fs::path candidate = folder / entry->path().filename();
    if (equals_no_case(candidate.filename().string(), name) && (found.empty() || candidate < found)) found = candidate;
  }
  return found;
}

}  // namespace

Result<std::vector<std::string>> mof_files(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code code;
    if (!fs::is_directory(path, code)) {
      files.push_back(path);
      continue;
    }
    const auto before = static_cast<std::ptrdiff_t>(files.size());
    for (fs::recursive_directory_iterator entry(path, code), end; !code && entry != end; entry.increment(code)) {
      const bool is_mof = equals_no_case(entry->path().extension().string(), ".mof");
      std::error_code unknown;
      if (is_mof && !entry->is_directory(unknown)) files.push_back(entry->path().string());
    }
    if (code) return error(Failure::not_found, path + ": this folder cannot be read: " + code.message());
    std::sort(files.begin() + before, files.end());
  }
  // One that is named, and lies in a folder that is named as well, is read once.
  std::set<std::string> seen;
  std::erase_if(files, [&](const std::string& file) { return !seen.insert(file).second; });
  return files;
}

Result<std::string> source_text(const fs::path& path, Problems& problems) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return error(Failure::not_found, "this file cannot be read: " + std::generic_category().message(errno));
  if (!is_file(path)) return error(Failure::not_found, "this file cannot be read: it is no file");
  std::string bytes;
  std::error_code code;
  const std::uintmax_t size = fs::file_size(path, code);  // meaningless for a pipe
  for (std::size_t more = code || size >= largest_file ? 0 : size + 1; stream && bytes.size() <= largest_file;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + std::min(std::max(more, std::size_t{1} << 16), largest_file + 1 - before));
    stream.read(bytes.data() + before, static_cast<std::streamsize>(bytes.size() - before));
    bytes.resize(before + static_cast<std::size_t>(stream.gcount()));
    more = bytes.size();
  }
  if (bytes.size() > largest_file) return error(Failure::invalid_argument, "larger than 16 MB");
  const Encoding encoding = encoding_of(bytes);
  if (encoding.is_utf16()) {
    return to_utf8(std::move(bytes), encoding);
  }
  const std::size_t end = end_of_utf8(bytes);
  if (end == bytes.size()) return bytes;
  problems.add(Severity::warning, position_of(path, bytes, end),
               "this is neither UTF-8 nor UTF-16, and read as Latin-1: save the file as UTF-8");
  return from_latin1(bytes);
}

fs::path find_source(const std::vector<fs::path>& folders, const fs::path& path) {
  for (const fs::path& folder : folders) {
    const fs::path found = (folder / path).lexically_normal();
    if (is_file(found)) return found;
  }
  for (const fs::path& folder : folders) {
    fs::path found = folder;
    for (const fs::path& part : path.relative_path().lexically_normal()) {
      found = part == ".." ? found / part : in_any_case(found, part.string());
      if (found.empty()) break;
    }
    if (!found.empty() && is_file(found)) return found.lexically_normal();
  }
  return {};
}

}  // namespace vmms::cim::mof
