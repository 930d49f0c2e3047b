#include "cim/mof/parser.hpp"

#include "cim/mof/builder.hpp"
#include "cim/mof/names.hpp"
#include "cim/mof/source.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
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

constexpr std::size_t deepest_include = 16;

/// Adds what a text says to the compilation, and says whether it could be read to its end.
bool parse_into(Compilation& compilation, std::string_view text, std::string_view file_name) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::string terminated(text);
  Builder builder(compilation, std::make_shared<const std::string>(file_name));
  Lexer lexer(terminated);
  yyParser parser;
  MofParserInit(&parser);
  std::vector<YYACTIONTYPE> states;
  const auto fits = [&](int other) { return accepts(states, other); };
  for (;;) {
    const Token before = builder.last;
    const int code = lexer.next(builder.last);
    const std::vector<YYACTIONTYPE> states_before = std::exchange(states, states_of(parser));
    if (code == Lexer::lexical_error) {
      builder.fail(lexer.problem);
    } else if (code == Lexer::stray_text) {
      builder.syntax_error(fits, lexer.problem);
    } else {
      MofParser(&parser, code, builder.last, &builder);
    }
    if (builder.unexpected) {
      if (fits(MOF_REF) && !fits(MOF_NAME)) {
        // Only ref makes a keyword the class of a reference: without it, the keyword itself is what does not fit, as
        // the `class` behind a brace that is missing.
        builder.last = before;
        builder.unexpected = MOF_REF;
        states = states_before;
      }
      builder.syntax_error(fits);
    }
    if (code == 0 || builder.failed) break;
  }
  MofParserFinalize(&parser);
  return !builder.failed;
}

/// Files of one compilation. One that is read already is not read again: several schemas may include the same base.
class Reader {
 public:
  Reader(const ParseOptions& options, Problems& problems)
      : namespace_name_(options.namespace_name),
        folders_(options.include_folders.begin(), options.include_folders.end()),
        problems_(problems),
        compilation_{options.dialect, problems, {}} {
    compilation_.include = [this](const std::string& path, const Position& position) {
      return include(path, position);
    };
  }

  /// Fails for a file that cannot be read.
  Status start(const std::filesystem::path& path) {
    compilation_.namespace_name = namespace_name_;
    if (!is_new(path)) return {};
    Result<std::string> text = source_text(path, problems_);
    if (text) {
      read(path, *text);
    } else if (text.error().kind == Failure::not_found) {
      return error(Failure::not_found, path.string() + ": " + text.error().message);
    } else {
      problems_.add(Severity::error, {path.string(), text.error().message});
    }
    return {};
  }

  Declarations take() { return std::move(compilation_.declarations); }

 private:
  bool is_new(const std::filesystem::path& path) {
    return done_.insert({path.lexically_normal().string(), name_key(compilation_.namespace_name)}).second;
  }

  bool read(const std::filesystem::path& path, const std::string& text) {
    open_.push_back(path.lexically_normal());
    const bool is_whole = parse_into(compilation_, text, path.string());
    open_.pop_back();
    return is_whole;
  }

  bool include(const std::string& wanted, const Position& position) {
    const auto failed = [&](const std::string& what) {
      problems_.add(Severity::error, position, what);
      return false;
    };
    std::vector<std::filesystem::path> folders{open_.back().parent_path()};
    folders.insert(folders.end(), folders_.begin(), folders_.end());
    const std::filesystem::path path = find_source(folders, wanted);
    if (path.empty()) {
      return failed("there is no " + (folders[0] / wanted).lexically_normal().string() +
                    ", nor has any --include folder one");
    }
    if (std::find(open_.begin(), open_.end(), path) != open_.end()) return failed(path.string() + " includes itself");
    if (open_.size() >= deepest_include) return failed("includes are nested too deeply");
    if (!is_new(path)) return true;
    Result<std::string> text = source_text(path, problems_);
    return text ? read(path, *text) : failed(path.string() + ": " + text.error().message);
  }

  const std::string namespace_name_;
  const std::vector<std::filesystem::path> folders_;
  Problems& problems_;
  Compilation compilation_;
  std::vector<std::filesystem::path> open_;             ///< what includes what, down to the file that is being read
  std::set<std::pair<std::string, std::string>> done_;  ///< path and namespace
};

/// Any problem is one.
Result<Declarations> strictly(Result<Declarations> read, const Problems& problems) {
  if (!read) return read;
  for (const Severity severity : {Severity::error, Severity::warning}) {
    if (!problems.of(severity).empty()) return error(Failure::invalid_argument, problems.text(severity));
  }
  return read;
}

}  // namespace

Declarations parse(std::string_view text, std::string_view file_name, const ParseOptions& options, Problems& problems) {
  Compilation compilation{options.dialect, problems, options.namespace_name};
  parse_into(compilation, text, file_name);
  return std::move(compilation.declarations);
}

Result<Declarations> parse_files(const std::vector<std::string>& paths, const ParseOptions& options,
                                 Problems& problems) {
  Reader reader(options, problems);
  for (const std::string& path : paths) {
    if (const Status status = reader.start(path); !status) return status.error();
  }
  return reader.take();
}

Result<Declarations> parse(std::string_view text, std::string_view file_name, const ParseOptions& options) {
  Problems problems;
  return strictly(parse(text, file_name, options, problems), problems);
}

Result<Declarations> parse_files(const std::vector<std::string>& paths, const ParseOptions& options) {
  Problems problems;
  return strictly(parse_files(paths, options, problems), problems);
}

}  // namespace vmms::cim::mof
