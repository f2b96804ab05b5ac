"""Hundreds of SELECTs, their types and answers as the real GoogleSQL evaluator gives them (``sql_cases/evaluator``)."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.tests.comparable import comparable
from sandbox.bigquery.tests.sql_engine import Engine, type_name

FOLDER = Path(__file__).parent / "sql_cases" / "evaluator"


def cases() -> list[Any]:
    """Every recorded SELECT."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for number, case in enumerate(yaml.safe_load(path.read_text()), 1):
            found.append(pytest.param(case, id=f"{path.stem}-{number}"))
    return found


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Return one database for all; no case writes."""
    return Engine()


@pytest.mark.parametrize("case", cases())
def test_answers_as_the_evaluator(engine: Engine, case: dict[str, Any]) -> None:
    """Types and rows are the evaluator's; what it refuses is refused."""
    if case.get("error"):
        with pytest.raises(BigQueryError) as refused:
            engine.run(case["sql"])
        assert refused.value.reason in ("invalidQuery", "notFound")
        return
    answer = engine.run(case["sql"])[-1]
    assert [comparable(row) for row in answer.rows] == case["rows"]
    assert [type_name(field) for field in answer.fields] == case["types"]
