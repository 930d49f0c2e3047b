// What declarations may build on without declaring it: another schema's classes and qualifiers.
#pragma once

#include "cim/mof/ast.hpp"

#include <vector>

namespace vmms::cim::mof {

/// The declarations, with what they need of the contexts: qualifier declarations that they lack, and the classes that
/// they mention and do not declare, with the classes that those mention. An earlier context wins. What a context has
/// counts in every namespace, since what else that holds is unknown; the namespace's own come first. Classes that are
/// not needed stay out, so that a changed base class causes no errors in them.
Declarations with_context(Declarations own, const std::vector<Declarations>& contexts);

}  // namespace vmms::cim::mof
