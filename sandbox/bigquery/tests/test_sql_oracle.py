"""The recorded answers are the evaluator's: a sample of them, and all of them with ``PEDWATCH_ORACLE=1``."""

import os
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent / "sql_cases" / "evaluator"

#: Google's evaluator takes a fifth of a second for each; all of them are two minutes.
EVERY = 1 if os.environ.get("PEDWATCH_ORACLE") else 9


@pytest.mark.timeout(600)
def test_recorded_answers_are_the_evaluators() -> None:
    """Evaluate recorded SELECTs again; all differences are listed at once."""
    from sandbox.bigquery.tests.googlesql_oracle import Oracle, OracleError

    oracle = Oracle()
    differences = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text())[::EVERY]:
            try:
                _, types, rows = oracle.evaluate(case["sql"])
            except OracleError as refused:
                if not case.get("error"):
                    differences.append((case["sql"], str(refused)))
                continue
            if case.get("error") or types != case["types"] or rows != case["rows"]:
                differences.append((case["sql"], f"{types} {rows}"))
    assert differences == []
