// The grammar of WQL's data queries. lemon turns this into wql.c and wql.h; parser.cpp includes the former.
%name WqlParser
%token_prefix WQL_
%token_type {vmms::cim::wql::Token}
%extra_argument {vmms::cim::wql::Builder* builder}
// Parentheses and NOT nest no deeper than this: code that walks the result recursively stays within its stack.
%stack_size 100

%syntax_error { builder->unexpected = yymajor; }
%stack_overflow { builder->fail("the condition is nested too deeply"); }

%type condition {vmms::cim::wql::Condition*}
%type literal {vmms::cim::wql::Literal*}
%type comparison {vmms::cim::wql::Operator}

%fallback NAME ASSOCIATORS REFERENCES OF.

%left OR.
%left AND.
%right NOT.

query ::= statement.
statement ::= SELECT columns FROM NAME(C) opt_where. { builder->select_from(C); }
columns ::= STAR.
columns ::= QUALIFIED_STAR(S). { builder->all_of(S); }
columns ::= names.
names ::= property(N). { builder->column(N); }
names ::= names COMMA property(N). { builder->column(N); }
property(R) ::= NAME(N). { R = N; }
property(R) ::= QUALIFIED_NAME(N). { R = N; }
opt_where ::= .
opt_where ::= WHERE condition(C). { builder->where(*C); }

condition(R) ::= condition(A) OR condition(B). {
  R = builder->join(vmms::cim::wql::Condition::Kind::any, *A, *B);
}
condition(R) ::= condition(A) AND condition(B). {
  R = builder->join(vmms::cim::wql::Condition::Kind::all, *A, *B);
}
condition(R) ::= NOT condition(A). { R = builder->negate(*A); }
condition(R) ::= LEFT_PARENTHESIS condition(A) RIGHT_PARENTHESIS. { R = A; }
condition(R) ::= property(P) comparison(O) literal(L). { R = builder->compare(P, O, *L); }
condition(R) ::= literal(L) comparison(O) property(P). { R = builder->compare(P, mirrored(O), *L); }
condition(R) ::= property(P) comparison(O) property(Q). { R = builder->compare(P, O, Q); }
condition(R) ::= property(P) LIKE STRING(S). {
  R = builder->compare(P, vmms::cim::wql::Operator::like, *builder->pattern(S));
}
condition(R) ::= property(P) ISA STRING(S). {
  R = builder->compare(P, vmms::cim::wql::Operator::isa, *builder->string(S));
}
condition(R) ::= property(P) ISA NAME(N). {
  R = builder->compare(P, vmms::cim::wql::Operator::isa,
                       *builder->literal(vmms::cim::wql::Literal::Kind::string, N));
}
condition(R) ::= property(P) IS NULL. {
  R = builder->compare(P, vmms::cim::wql::Operator::equal, vmms::cim::wql::Literal());
}
condition(R) ::= property(P) IS NOT NULL. {
  R = builder->compare(P, vmms::cim::wql::Operator::not_equal, vmms::cim::wql::Literal());
}

comparison(O) ::= EQUAL. { O = vmms::cim::wql::Operator::equal; }
comparison(O) ::= NOT_EQUAL. { O = vmms::cim::wql::Operator::not_equal; }
comparison(O) ::= LESS. { O = vmms::cim::wql::Operator::less; }
comparison(O) ::= LESS_EQUAL. { O = vmms::cim::wql::Operator::less_equal; }
comparison(O) ::= GREATER. { O = vmms::cim::wql::Operator::greater; }
comparison(O) ::= GREATER_EQUAL. { O = vmms::cim::wql::Operator::greater_equal; }

literal(L) ::= STRING(T). { L = builder->string(T); }
literal(L) ::= INTEGER(T). { L = builder->literal(vmms::cim::wql::Literal::Kind::integer, T); }
literal(L) ::= REAL(T). { L = builder->literal(vmms::cim::wql::Literal::Kind::real, T); }
literal(L) ::= TRUE(T). { L = builder->literal(vmms::cim::wql::Literal::Kind::boolean, T); }
literal(L) ::= FALSE(T). { L = builder->literal(vmms::cim::wql::Literal::Kind::boolean, T); }
literal(L) ::= NULL(T). { L = builder->literal(vmms::cim::wql::Literal::Kind::null, T); }

statement ::= ASSOCIATORS OF OBJECT_PATH(P) opt_clauses. { builder->associations(P, false); }
statement ::= REFERENCES OF OBJECT_PATH(P) opt_clauses. { builder->associations(P, true); }
opt_clauses ::= .
opt_clauses ::= WHERE clauses.
clauses ::= clause.
clauses ::= clauses clause.
clause ::= NAME(N) EQUAL NAME(V). { builder->clause(N, V); }
clause ::= NAME(N). { builder->flag(N); }
