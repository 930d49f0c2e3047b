#include "cim/mof/parser.hpp"

#include "base/text.hpp"
#include "cim/mof/builder.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <utility>
#include <vector>

// What lemon writes is C: it is kept in this file, where the warnings that it gives are off.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include "mof.c"
#pragma GCC diagnostic pop

#include "cim/lemon_accepts.hpp"

namespace vmms::cim::mof {
namespace {

constexpr std::size_t largest_file = 16U << 20;
constexpr std::size_t deepest_include = 16;

Result<std::string> text_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::error_code code;
  if (!stream || std::filesystem::is_directory(path, code)) {
    return error(Failure::not_found, path.string() + ": this file cannot be read");
  }
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (text.size() > largest_file) return error(Failure::invalid_argument, path.string() + ": larger than 16 MB");
  return text;
}

/// Adds what a text says to the compilation.
Status parse_into(Compilation& compilation, std::string_view text, std::string_view file_name) {
  const std::string terminated(text);
  Builder builder(compilation, std::make_shared<const std::string>(file_name));
  Lexer lexer(terminated);
  yyParser parser;
  MofParserInit(&parser);
  for (;;) {
    const int code = lexer.next(builder.last);
    const std::vector<YYACTIONTYPE> states = states_of(parser);
    const auto fits = [&](int other) { return accepts(states, other); };
    if (code == Lexer::lexical_error) {
      builder.fail(lexer.problem);
    } else if (code == Lexer::stray_text) {
      builder.syntax_error(fits, lexer.problem);
    } else {
      MofParser(&parser, code, builder.last, &builder);
    }
    if (builder.unexpected) builder.syntax_error(fits);
    if (code == 0 || builder.error) break;
  }
  MofParserFinalize(&parser);
  if (builder.error) return *std::move(builder.error);
  return {};
}

/// Files of one compilation. One that is read already is not read again: several schemas may include the same base.
class Reader {
 public:
  explicit Reader(const std::string& namespace_name) : namespace_name_(namespace_name) {
    compilation_.include = [this](const Pragma& pragma) { return include(pragma); };
  }

  Status start(const std::filesystem::path& path) {
    compilation_.namespace_name = namespace_name_;
    return read(path);
  }

  Declarations take() { return std::move(compilation_.declarations); }

 private:
  Status read(const std::filesystem::path& path) {
    if (!done_.insert({path.lexically_normal().string(), to_lower(compilation_.namespace_name)}).second) return {};
    Result<std::string> text = text_of(path);
    if (!text) return text.error();
    open_.push_back(path.lexically_normal());
    Status status = parse_into(compilation_, *text, path.string());
    open_.pop_back();
    return status;
  }

  Status include(const Pragma& pragma) {
    const auto failed = [&](const std::string& what) {
      return error(Failure::invalid_argument, pragma.position.to_string() + ": " + what);
    };
    const std::filesystem::path path = (open_.back().parent_path() / pragma.parameter).lexically_normal();
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) return failed(path.string() + " includes itself");
    if (open_.size() >= deepest_include) return failed("includes are nested too deeply");
    Status status = read(path);
    if (!status && status.error().kind == Failure::not_found) return failed(status.error().message);
    return status;
  }

  const std::string namespace_name_;
  Compilation compilation_;
  std::vector<std::filesystem::path> open_;             ///< what includes what, down to the file that is being read
  std::set<std::pair<std::string, std::string>> done_;  ///< path and namespace
};

}  // namespace

Result<Declarations> parse(std::string_view text, std::string_view file_name, const std::string& namespace_name) {
  Compilation compilation;
  compilation.namespace_name = namespace_name;
  const Status status = parse_into(compilation, text, file_name);
  if (!status) return status.error();
  return std::move(compilation.declarations);
}

Result<Declarations> parse_file(const std::string& path, const std::string& namespace_name) {
  return parse_files({path}, namespace_name);
}

Result<Declarations> parse_files(const std::vector<std::string>& paths, const std::string& namespace_name) {
  Reader reader(namespace_name);
  std::optional<Error> failure;
  for (const std::string& path : paths) {
    const Status status = reader.start(path);
    if (status) continue;
    if (status.error().kind == Failure::not_found) return status.error();
    if (!failure) {
      failure = status.error();
    } else {
      failure->message += '\n' + status.error().message;
    }
  }
  if (failure) return *std::move(failure);
  return reader.take();
}

}  // namespace vmms::cim::mof
