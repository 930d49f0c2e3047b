// Text -> Tree, in one pass over the markup.
#pragma once

#include "base/result.hpp"
#include "wire/xml/reader.hpp"

namespace vmms::wire::xml {

/// Reads `tree.text`, in which references get resolved, into the tables. Errors: as Document::parse.
Status parse(Tree& tree, const Limits& limits, EncodingName encoding_name, const Afford& afford);

}  // namespace vmms::wire::xml
