"""The recorded answers (``sql_cases/evaluator``) are the evaluator's; slow to start: ``PEDWATCH_ORACLE=1`` runs it."""

import os
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent / "sql_cases" / "evaluator"

pytestmark = pytest.mark.skipif(not os.environ.get("PEDWATCH_ORACLE"), reason="set PEDWATCH_ORACLE=1 to start zetasql")


@pytest.mark.timeout(600)
def test_recorded_answers_are_the_evaluators() -> None:
    """Evaluate every recorded SELECT again; all differences are listed at once."""
    from sandbox.bigquery.tests.googlesql_oracle import Oracle, OracleError

    oracle = Oracle()
    differences = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            try:
                _, types, rows = oracle.evaluate(case["sql"])
            except OracleError as refused:
                if not case.get("error"):
                    differences.append((case["sql"], str(refused)))
                continue
            if case.get("error") or types != case["types"] or rows != case["rows"]:
                differences.append((case["sql"], f"{types} {rows}"))
    assert differences == []
