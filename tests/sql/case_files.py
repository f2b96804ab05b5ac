"""Reads SQL cases: ``cases/<area>/<statement>/<story>/`` with given.yaml, params.yaml and expect.yaml.

``given`` maps tables to rows; columns left out come from ``cases/defaults.yaml``. ``expect`` maps tables to rows (a
subset of columns, any order, but exactly as many rows; so for rows within rows, in order), or has ``rows`` for what a
SELECT answers. A time of day such as ``10:05`` is that moment of 2026-03-02, UTC. ``sample/`` is given and params only.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pedwatch.hooks.parameters import Typed
from tests.sql.googlesql_types import parse_kind

CASES = Path(__file__).parent / "cases"
SAMPLE = Path(__file__).parent / "sample"
_TIME_OF_DAY = re.compile(r"(?P<hour>[0-2]\d):(?P<minute>[0-5]\d)")
_DAY = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Case:
    """One story of one statement."""

    name: str
    statement: str
    given: dict[str, list[dict[str, Any]]]
    params: dict[str, Any]
    expect: dict[str, list[dict[str, Any]]]


def moment(value: Any) -> Any:
    """Read a time of day as a moment; leave everything else as it is."""
    match = _TIME_OF_DAY.fullmatch(value) if isinstance(value, str) else None
    return _DAY + dt.timedelta(hours=int(match["hour"]), minutes=int(match["minute"])) if match else value


def _moments(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _moments(item) for key, item in value.items()}
    return [_moments(item) for item in value] if isinstance(value, list) else moment(value)


def _load(path: Path) -> Any:
    return _moments(yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def _rows(folder: Path, defaults: Mapping[str, Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    return with_defaults(_load(folder / "given.yaml"), defaults)


def with_defaults(
    given: Mapping[str, list[dict[str, Any]]], defaults: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """Return rows by table with the columns that they leave out, as ``cases/defaults.yaml`` has them."""
    defaults = _load(CASES / "defaults.yaml") if defaults is None else defaults
    return {table: [{**defaults.get(table, {}), **row} for row in rows or []] for table, rows in given.items()}


def _params(folder: Path, defaults: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {**defaults.get("params", {}), **_load(folder / "params.yaml")}


def read_case(folder: Path, defaults: Mapping[str, Mapping[str, Any]]) -> Case:
    """Read one case; its statement is named by the folders above it."""
    statement = folder.parent.relative_to(CASES).as_posix() + ".sql"
    expect = _load(folder / "expect.yaml")
    given, params = _rows(folder, defaults), _params(folder, defaults)
    # Tasks list it before they ask.
    params.setdefault("cursor", max((row["cycle"] for row in given.get("fold_cursor", [])), default=None))
    return Case(f"{statement}/{folder.name}", statement, given, params, expect)


def read_cases() -> list[Case]:
    """Read all cases, sorted by name."""
    defaults = _load(CASES / "defaults.yaml")
    return [read_case(path.parent, defaults) for path in sorted(CASES.rglob("expect.yaml"))]


def _moved(value: Any, by: dt.timedelta) -> Any:
    if isinstance(value, dict):
        return {key: _moved(item, by) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item, by) for item in value]
    return value + by if isinstance(value, dt.datetime) else value


def read_sample(newest: dt.datetime) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Any]]:
    """Read the rows and parameters of the sample, with all times of day moved so that 10:05 becomes ``newest``."""
    defaults = _load(CASES / "defaults.yaml")
    by = newest - moment("10:05")
    return _moved(_rows(SAMPLE, defaults), by), _moved(_params(SAMPLE, defaults), by)


def json_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as a JSON load job takes it."""

    def cell(value: Any) -> Any:
        if isinstance(value, dt.date):
            return value.isoformat()
        if isinstance(value, dict):
            return json_row(value)
        return [cell(item) for item in value] if isinstance(value, list) else value

    return {key: cell(value) for key, value in row.items()}


def typed_params(params: Mapping[str, Any], declared: Mapping[str, str] | None) -> dict[str, Any]:
    """Return those parameters that a statement declares, typed as it declares them; all when it declares none."""
    if declared is None:
        return dict(params)
    return {name: Typed(parse_kind(kind), params.get(name)) for name, kind in declared.items()}


def comparable(rows: Iterable[Mapping[str, Any]], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reduce rows, and rows within them, to the columns that are expected, in an order of their own."""
    reduced = _reduced(list(rows), expected or [{"nothing": None}])
    return sorted(reduced, key=repr)


def _reduced(value: Any, like: Any) -> Any:
    """Reduce a list of rows to the columns that any of the expected rows has; leave everything else as it is."""
    if not (isinstance(value, list) and isinstance(like, list) and like and isinstance(like[0], dict)):
        return value
    examples = {name: wanted for row in like for name, wanted in row.items()}
    return [{name: _reduced(row.get(name), examples[name]) for name in sorted(examples)} for row in value]
