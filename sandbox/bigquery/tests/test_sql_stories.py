"""Stories of statements (``sql_cases/stories``): DML, MERGE, DDL, scripts, transactions, partition filters, errors."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox.bigquery.errors import BigQueryError
from sandbox.bigquery.tests.comparable import comparable
from sandbox.bigquery.tests.sql_engine import Engine

KEYS = {"sql", "parameters", "rows", "names", "stats", "type", "operation", "error", "reason"}
FOLDER = Path(__file__).parent / "sql_cases" / "stories"


def stories() -> list[Any]:
    """Every story."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for name, steps in yaml.safe_load(path.read_text()).items():
            # An unquoted comma in a flow mapping makes keys of the rest of a statement.
            assert all(set(step) <= KEYS for step in steps), f"{path.name}: {name}"
            found.append(pytest.param(steps, id=f"{path.stem}-{name}"))
    return found


def _check(engine: Engine, step: dict[str, Any]) -> None:
    if "error" in step:
        with pytest.raises(BigQueryError) as refused:
            engine.run(step["sql"], parameters=step.get("parameters"))
        assert step["error"] in refused.value.message
        assert refused.value.reason == step.get("reason", "invalidQuery")
        return
    answer = engine.run(step["sql"], parameters=step.get("parameters"))[-1]
    if "rows" in step:
        assert [comparable(row) for row in answer.rows] == step["rows"]
    if "names" in step:
        assert [field["name"] for field in answer.fields] == step["names"]
    if "stats" in step:
        assert list((answer.dml_stats or {}).values()) == step["stats"]
    if "type" in step:
        assert answer.statement_type == step["type"]
    if "operation" in step:
        assert answer.ddl_operation == step["operation"]


@pytest.mark.parametrize("steps", stories())
def test_story(steps: list[dict[str, Any]]) -> None:
    """Each step answers, or is refused, as it says."""
    engine = Engine()
    for step in steps:
        _check(engine, step)
