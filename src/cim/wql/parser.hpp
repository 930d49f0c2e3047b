// WQL, the query language of WMI (its reference: "Querying with WQL"): data queries, no event queries.
#pragma once

#include "base/result.hpp"
#include "cim/wql/language.hpp"
#include "cim/wql/statement.hpp"

#include <cstddef>
#include <string_view>

namespace vmms::cim::wql {

/// Longer texts are refused.
inline constexpr std::size_t longest_query = 64 * 1024;

/// Reads `SELECT … FROM … [WHERE …]`, `ASSOCIATORS OF {…} [WHERE …]` or `REFERENCES OF {…} [WHERE …]`. Errors
/// (invalid_argument) say what was expected and at which position, counted from 1.
/// `before`: how many characters of the text the client did not write; positions count after them.
Result<Statement> parse(std::string_view text, Language language = Language::wql, std::size_t before = 0);

}  // namespace vmms::cim::wql
