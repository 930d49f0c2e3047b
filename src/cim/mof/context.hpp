// What declarations may build on without declaring it: another schema's classes and qualifiers.
#pragma once

#include "cim/mof/ast.hpp"

#include <vector>

namespace vmms::cim::mof {

/// The declarations, with what they need of the contexts: qualifier declarations that they lack, and the classes that
/// they mention and do not declare, with the classes that those mention. An earlier context wins. What a context has
/// stands in for every namespace, since nobody knows what else is in it; its own come first. Classes that nobody needs
/// stay out, so that a changed base class is not held against them.
Declarations with_context(Declarations own, const std::vector<Declarations>& contexts);

}  // namespace vmms::cim::mof
