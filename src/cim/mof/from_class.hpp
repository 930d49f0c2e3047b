// Declarations of the classes that are constant data. Of cim it uses only the plain structs of class.hpp.
#pragma once

#include "cim/class.hpp"
#include "cim/mof/ast.hpp"

namespace vmms::cim::mof {

/// What the class itself declares: its own features, and the qualifiers that are not inherited. Class data has no sizes
/// of arrays and no flavors of single qualifiers.
ClassDeclaration declaration_of(const Class& of);

QualifierDeclaration declaration_of(const QualifierType& type);

/// All classes and qualifiers of the namespace.
Declarations declarations_of(const cim::Schema& schema);

}  // namespace vmms::cim::mof
