"""GoogleSQL on DuckDB: a parser, a typed compiler and a script interpreter.

The way of a statement: ``lexer`` → ``parse_*`` (our own syntax tree, ``nodes``) → ``compile_*`` (names resolved, every
expression typed by GoogleSQL's rules, DuckDB text out) → ``session`` (runs it). The compiler never hands text through
that it has not understood: an unknown function or construct is an error, never a guess.
"""
