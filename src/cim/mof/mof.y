// The grammar of MOF (DSP0004 annex A), with what Windows' mofcomp takes beyond it; the builder knows which dialect is
// read. lemon turns this into mof.c and mof.h; parser.cpp includes the former. Lists are left-recursive, so that the
// stack's fixed depth is enough for any text but instances within instances.
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
%type item {vmms::cim::mof::Literal*}
%type items {vmms::cim::mof::Initializer*}
%type instance_value {vmms::cim::mof::Initializer*}
%type opt_qualifier_value {vmms::cim::mof::Initializer*}
%type opt_default {vmms::cim::mof::Initializer*}
%type opt_array {vmms::cim::mof::ArrayKind}
%type type {vmms::cim::mof::TypeName*}
%type scope_names {std::vector<std::string>*}
%type opt_flavors {std::vector<std::string>*}
%type flavor_names {std::vector<std::string>*}
%type opt_superclass {vmms::cim::mof::Token}
%type opt_alias {vmms::cim::mof::Token}

%type name {vmms::cim::mof::Token}

// `Name REF` is a reference, whatever may be named REF.
%nonassoc EMBEDDED.
%nonassoc REF.

mof ::= declarations.
declarations ::= .
declarations ::= declarations declaration. { builder->forget_values(); }

declaration ::= pragma_head. { builder->end_pragma(); }
declaration ::= pragma_head LEFT_PARENTHESIS pragma_arguments RIGHT_PARENTHESIS. { builder->end_pragma(); }
pragma_head ::= PRAGMA name(N). { builder->begin_pragma(N); }
pragma_arguments ::= pragma_argument.
pragma_arguments ::= pragma_arguments COMMA pragma_argument.
pragma_argument ::= text(T). { builder->pragma_text(*T); }
pragma_argument ::= INTEGER. { builder->pragma_flag(); }
pragma_argument ::= NAME. { builder->pragma_flag(); }

declaration ::= QUALIFIER name(N) COLON TYPE(T) opt_array(A) opt_default(V) clauses SEMICOLON. {
  builder->qualifier_declaration(N, *builder->type(T), A, V);
}
declaration ::= QUALIFIER name COLON default_flavors SEMICOLON.
default_flavors ::= NAME(N). { builder->default_flavor(N); }
default_flavors ::= default_flavors NAME(N). { builder->default_flavor(N); }
clauses ::= .
clauses ::= clauses COMMA SCOPE LEFT_PARENTHESIS scope_names(N) RIGHT_PARENTHESIS. { builder->scopes(*N); }
clauses ::= clauses COMMA FLAVOR LEFT_PARENTHESIS flavor_list(N) RIGHT_PARENTHESIS. { builder->flavors(*N); }
scope_names(L) ::= scope_name(N). { L = builder->scope(nullptr, N); }
scope_names(L) ::= scope_names(M) COMMA scope_name(N). { L = builder->scope(M, N); }
%type scope_name {vmms::cim::mof::Token}
scope_name(A) ::= NAME(N). { A = N; }
scope_name(A) ::= CLASS(N). { A = N; }
scope_name(A) ::= QUALIFIER(N). { A = N; }
%type flavor_list {std::vector<std::string>*}
flavor_list(L) ::= NAME(N). { L = builder->flavor(nullptr, N); }
flavor_list(L) ::= flavor_list(M) COMMA NAME(N). { L = builder->flavor(M, N); }

declaration ::= class_head LEFT_BRACE features RIGHT_BRACE SEMICOLON.
class_head ::= opt_qualifiers CLASS name(N) opt_alias(A) opt_superclass(S). { builder->begin_class(N, A, S); }
opt_alias(A) ::= . { A = vmms::cim::mof::Token{}; }
opt_alias(A) ::= AS ALIAS(N). { A = N; }
opt_superclass(S) ::= . { S = vmms::cim::mof::Token{}; }
opt_superclass(S) ::= COLON name(N). { S = N; }

opt_qualifiers ::= .
opt_qualifiers ::= LEFT_BRACKET qualifiers RIGHT_BRACKET.
qualifiers ::= qualifier.
qualifiers ::= qualifiers COMMA qualifier.
qualifier ::= name(N) opt_qualifier_value(V) opt_flavors(F). { builder->qualifier(N, V, *F); }
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
feature_head ::= opt_qualifiers type(T) name(N). { builder->begin_feature(*T, N); }
method_head ::= feature_head LEFT_PARENTHESIS. { builder->begin_method(); }
opt_parameters ::= .
opt_parameters ::= parameters.
parameters ::= parameter.
parameters ::= parameters COMMA parameter.
parameter ::= opt_qualifiers type(T) name(N) opt_array(A). { builder->parameter(*T, N, A); }
parameter ::= opt_qualifiers type(T) name(N) opt_array(A) EQUALS initializer. {
  builder->parameter_with_default(*T, N, A);
}

declaration ::= instance_head LEFT_BRACE values RIGHT_BRACE SEMICOLON. { builder->end_instance(); }
instance_head ::= opt_qualifiers INSTANCE OF name(N) opt_alias(A). { builder->begin_instance(N, A); }
values ::= .
values ::= values value. { builder->forget_values(); }
value ::= value_name EQUALS instance_value(I) SEMICOLON. { builder->value(I); }
value ::= value_name(N) SEMICOLON. { builder->no_value(N); }
%type value_name {vmms::cim::mof::Token}
value_name(A) ::= opt_qualifiers name(N). { A = N; builder->begin_value(N); }
instance_value(I) ::= item(L). { I = builder->scalar(L); }
instance_value(I) ::= LEFT_BRACE RIGHT_BRACE. { I = builder->array(nullptr, nullptr); }
instance_value(I) ::= LEFT_BRACE items(L) RIGHT_BRACE. { I = L; }
items(A) ::= item(L). { A = builder->array(nullptr, L); }
items(A) ::= items(B) COMMA item(L). { A = builder->array(B, L); }
item(L) ::= literal(M). { L = M; }
item(L) ::= embedded_head LEFT_BRACE values RIGHT_BRACE. { L = builder->end_embedded_instance(); }
embedded_head ::= INSTANCE OF name(N). { builder->begin_embedded_instance(N); }

type(T) ::= TYPE(N). { T = builder->type(N); }
type(T) ::= NAME(N) REF. { T = builder->reference(N); }
type(T) ::= keyword(N) REF. { T = builder->reference(N); }
type(T) ::= NAME(N). [EMBEDDED] { T = builder->embedded(N); }
type(T) ::= OBJECT(N). [EMBEDDED] { T = builder->embedded(N); }
type(T) ::= OBJECT(N) REF. { T = builder->reference(N); }
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

// Anything may have any keyword as its name, and so the class of a reference may. But types are types there, since what
// is behind `string` may be a property named ref.
name(A) ::= NAME(N). { A = N; }
name(A) ::= keyword(N). { A = N; }
name(A) ::= TYPE(N). { A = N; }
name(A) ::= OBJECT(N). { A = N; }
name(A) ::= TRUE(N). { A = N; }
name(A) ::= FALSE(N). { A = N; }
name(A) ::= NULL(N). { A = N; }
%type keyword {vmms::cim::mof::Token}
keyword(A) ::= CLASS(N). { A = N; }
keyword(A) ::= QUALIFIER(N). { A = N; }
keyword(A) ::= SCOPE(N). { A = N; }
keyword(A) ::= FLAVOR(N). { A = N; }
keyword(A) ::= INSTANCE(N). { A = N; }
keyword(A) ::= OF(N). { A = N; }
keyword(A) ::= AS(N). { A = N; }
keyword(A) ::= REF(N). { A = N; }
