"""Every statement of include/sql passes the real GoogleSQL analyzer, with the parameters its header declares.

A statement declares its parameters in its leading comment: ``@cycle TIMESTAMP: the moment asked about`` a line, or
several on one, ``@cycle, @known_at TIMESTAMP; @origin STRING.`` Without any, their types are inferred. Files whose
name begins with an underscore are fragments: they are checked within the statements that include them.
"""

import pytest

from pedwatch import sql
from pedwatch.declared_parameters import declared_types
from tests.sql.googlesql import DATASET, SQL_ROOT, AnalysisError, analyze

STATEMENTS = [name for name in sql.statement_names(SQL_ROOT) if not name.rpartition("/")[2].startswith("_")]


@pytest.mark.parametrize("name", STATEMENTS)
def test_statement_passes_the_analyzer(name: str) -> None:
    text = sql.render(SQL_ROOT, name, dataset=DATASET)
    analyze(text, declared_types(text) or None)


def test_the_analyzer_refuses_an_unknown_column() -> None:
    with pytest.raises(AnalysisError, match="maximum_replicas"):
        analyze(f"SELECT maximum_replicas FROM `{DATASET}.limit_history`", {})


def test_the_analyzer_refuses_a_parameter_of_the_wrong_type() -> None:
    with pytest.raises(AnalysisError, match="No matching signature"):
        analyze(f"SELECT version FROM `{DATASET}.limit_history` WHERE valid_from <= @cycle", {"cycle": "INT64"})


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("--   @r ARRAY<STRUCT<a INT64,\n--     b STRING>>: all\nSELECT 1", {"r": "ARRAY<STRUCT<a INT64, b STRING>>"}),
        ("-- @a, @b TIMESTAMP; @c BOOL.\nSELECT 1", {"a": "TIMESTAMP", "b": "TIMESTAMP", "c": "BOOL"}),
        ("-- No word of parameters.\nSELECT 1 -- @late STRING: too late", None),
    ],
    ids=["over several lines", "several of one type", "none"],
)
def test_a_header_declares_parameters(text: str, parameters: dict[str, str] | None) -> None:
    assert (declared_types(text) or None) == parameters
