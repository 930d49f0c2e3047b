// The grammar of MOF (DSP0004 annex A). lemon turns this into mof.c and mof.h; parser.cpp includes
// the former. Lists are left-recursive, so that the stack's fixed depth is enough for any text.
%name MofParser
%token_prefix MOF_
%token_type {vmms::cim::mof::Token}
%extra_argument {vmms::cim::mof::Builder* builder}
%stack_size 64

%syntax_error { builder->unexpected = yymajor; }
%stack_overflow { builder->fail("nested too deeply"); }

%type text {std::string*}
%type literal {vmms::cim::mof::Literal*}
%type literals {vmms::cim::mof::Initializer*}
%type initializer {vmms::cim::mof::Initializer*}
%type opt_qualifier_value {vmms::cim::mof::Initializer*}
%type opt_default {vmms::cim::mof::Initializer*}
%type opt_array {vmms::cim::mof::ArrayKind}
%type type {vmms::cim::mof::TypeName*}
%type scope_names {std::vector<std::string>*}
%type opt_flavors {std::vector<std::string>*}
%type flavor_names {std::vector<std::string>*}
%type opt_superclass {vmms::cim::mof::Token}
%type opt_alias {vmms::cim::mof::Token}

%fallback NAME QUALIFIER SCOPE FLAVOR INSTANCE OF AS REF.

mof ::= declarations.
declarations ::= .
declarations ::= declarations declaration. { builder->forget_values(); }

declaration ::= PRAGMA NAME(N) LEFT_PARENTHESIS text(T) RIGHT_PARENTHESIS. { builder->pragma(N, T); }
declaration ::= PRAGMA NAME(N). { builder->pragma(N, nullptr); }

declaration ::= QUALIFIER NAME(N) COLON TYPE(T) opt_array(A) opt_default(V) clauses SEMICOLON. {
  builder->qualifier_declaration(N, *builder->type(T), A, V);
}
clauses ::= .
clauses ::= clauses COMMA SCOPE LEFT_PARENTHESIS scope_names(N) RIGHT_PARENTHESIS. { builder->scopes(*N); }
clauses ::= clauses COMMA FLAVOR LEFT_PARENTHESIS flavor_list(N) RIGHT_PARENTHESIS. { builder->flavors(*N); }
scope_names(L) ::= scope_name(N). { L = builder->scope(nullptr, N); }
scope_names(L) ::= scope_names(M) COMMA scope_name(N). { L = builder->scope(M, N); }
%type scope_name {vmms::cim::mof::Token}
scope_name(A) ::= NAME(N). { A = N; }
scope_name(A) ::= CLASS(N). { A = N; }
%type flavor_list {std::vector<std::string>*}
flavor_list(L) ::= NAME(N). { L = builder->flavor(nullptr, N); }
flavor_list(L) ::= flavor_list(M) COMMA NAME(N). { L = builder->flavor(M, N); }

declaration ::= class_head LEFT_BRACE features RIGHT_BRACE SEMICOLON.
class_head ::= opt_qualifiers CLASS NAME(N) opt_alias(A) opt_superclass(S). { builder->begin_class(N, A, S); }
opt_alias(A) ::= . { A = vmms::cim::mof::Token{}; }
opt_alias(A) ::= AS ALIAS(N). { A = N; }
opt_superclass(S) ::= . { S = vmms::cim::mof::Token{}; }
opt_superclass(S) ::= COLON NAME(N). { S = N; }

opt_qualifiers ::= .
opt_qualifiers ::= LEFT_BRACKET qualifiers RIGHT_BRACKET.
qualifiers ::= qualifier.
qualifiers ::= qualifiers COMMA qualifier.
qualifier ::= qualifier_name(N) opt_qualifier_value(V) opt_flavors(F). { builder->qualifier(N, V, *F); }
%type qualifier_name {vmms::cim::mof::Token}
qualifier_name(A) ::= NAME(N). { A = N; }
opt_qualifier_value(V) ::= . { V = nullptr; }
opt_qualifier_value(V) ::= LEFT_PARENTHESIS literal(L) RIGHT_PARENTHESIS. { V = builder->scalar(L); }
opt_qualifier_value(V) ::= LEFT_BRACE literals(L) RIGHT_BRACE. { V = L; }
opt_qualifier_value(V) ::= LEFT_BRACE RIGHT_BRACE. { V = builder->array(nullptr, nullptr); }
opt_flavors(F) ::= . { F = builder->make<std::vector<std::string>>(); }
opt_flavors(F) ::= COLON flavor_names(N). { F = N; }
flavor_names(L) ::= NAME(N). { L = builder->flavor(nullptr, N); }
flavor_names(L) ::= flavor_names(M) NAME(N). { L = builder->flavor(M, N); }

features ::= .
features ::= features feature. { builder->forget_values(); }
feature ::= feature_head opt_array(A) opt_default(V) SEMICOLON. { builder->property(A, V); }
feature ::= method_head opt_parameters RIGHT_PARENTHESIS SEMICOLON.
feature_head ::= opt_qualifiers type(T) NAME(N). { builder->begin_feature(*T, N); }
method_head ::= feature_head LEFT_PARENTHESIS. { builder->begin_method(); }
opt_parameters ::= .
opt_parameters ::= parameters.
parameters ::= parameter.
parameters ::= parameters COMMA parameter.
parameter ::= opt_qualifiers type(T) NAME(N) opt_array(A). { builder->parameter(*T, N, A); }

declaration ::= instance_head LEFT_BRACE values RIGHT_BRACE SEMICOLON.
instance_head ::= opt_qualifiers INSTANCE OF NAME(N) opt_alias(A). { builder->begin_instance(N, A); }
values ::= .
values ::= values value. { builder->forget_values(); }
value ::= value_name EQUALS initializer(I) SEMICOLON. { builder->value(I); }
value_name ::= opt_qualifiers NAME(N). { builder->begin_value(N); }

type(T) ::= TYPE(N). { T = builder->type(N); }
type(T) ::= NAME(N) REF. { T = builder->reference(N); }
opt_array(A) ::= . { A = vmms::cim::mof::ArrayKind{false, 0}; }
opt_array(A) ::= LEFT_BRACKET RIGHT_BRACKET. { A = vmms::cim::mof::ArrayKind{true, 0}; }
opt_array(A) ::= LEFT_BRACKET INTEGER(N) RIGHT_BRACKET. { A = builder->array_kind(N); }
opt_default(V) ::= . { V = nullptr; }
opt_default(V) ::= EQUALS initializer(I). { V = I; }

initializer(I) ::= literal(L). { I = builder->scalar(L); }
initializer(I) ::= LEFT_BRACE RIGHT_BRACE. { I = builder->array(nullptr, nullptr); }
initializer(I) ::= LEFT_BRACE literals(L) RIGHT_BRACE. { I = L; }
literals(A) ::= literal(L). { A = builder->array(nullptr, L); }
literals(A) ::= literals(B) COMMA literal(L). { A = builder->array(B, L); }

literal(L) ::= text(T). { L = builder->string(T); }
literal(L) ::= INTEGER(N). { L = builder->integer(N); }
literal(L) ::= REAL(N). { L = builder->real(N); }
literal(L) ::= CHARACTER(N). { L = builder->character(N); }
literal(L) ::= TRUE(N). { L = builder->boolean(N, true); }
literal(L) ::= FALSE(N). { L = builder->boolean(N, false); }
literal(L) ::= NULL(N). { L = builder->null(N); }
literal(L) ::= ALIAS(N). { L = builder->alias(N); }
text(T) ::= STRING(S). { T = builder->text(nullptr, S); }
text(T) ::= text(U) STRING(S). { T = builder->text(U, S); }
