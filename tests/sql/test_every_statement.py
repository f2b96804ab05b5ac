"""Every statement of include/sql passes the real GoogleSQL analyzer, with the parameters its header declares.

A statement declares its parameters in its leading comment, each as ``--   @cycle TIMESTAMP: the moment asked about``.
A long type may go on over several comment lines, up to the colon.
"""

import re

import pytest
from pedwatch import sql

from tests.sql.googlesql import DATASET, SQL_ROOT, AnalysisError, analyze

_DECLARED = re.compile(r"@(\w+) ([A-Z0-9]+(?:<[\w<>, ]+>)?):")


def declared_parameters(text: str) -> dict[str, str]:
    """Read the parameters out of a statement's leading comment."""
    header = []
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        header.append(line.removeprefix("--").strip())
    return dict(_DECLARED.findall(" ".join(header)))


@pytest.mark.parametrize("name", sql.statement_names(SQL_ROOT))
def test_statement_passes_the_analyzer(name: str) -> None:
    text = sql.render(SQL_ROOT, name, dataset=DATASET)
    analyze(text, declared_parameters(text))


def test_the_analyzer_refuses_an_unknown_column() -> None:
    with pytest.raises(AnalysisError, match="maximum_replicas"):
        analyze(f"SELECT maximum_replicas FROM `{DATASET}.limit_history`", {})


def test_a_header_declares_long_types_over_several_lines() -> None:
    text = "--   @rows ARRAY<STRUCT<a INT64,\n--     b STRING>>: the rows\n--   @cycle TIMESTAMP: when\nSELECT 1"
    assert declared_parameters(text) == {"rows": "ARRAY<STRUCT<a INT64, b STRING>>", "cycle": "TIMESTAMP"}
