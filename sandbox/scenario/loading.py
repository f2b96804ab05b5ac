"""Reads a scenario file; every error names file, line, field and fix."""

import datetime as dt
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from sandbox.scenario.cross_checks import Problem, find_problems
from sandbox.scenario.model import Scenario

SHIPPED = Path(__file__).parent / "scenarios"
DEFAULT = SHIPPED / "shop.yaml"


class ScenarioError(Exception):
    """The file is no scenario; the message lists everything wrong with it."""


def load(path: Path) -> Scenario:
    """Read and check a scenario file.

    Raises:
        ScenarioError: the file is missing, is not YAML, or does not describe a playable scenario.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        shipped = ", ".join(sorted(file.name for file in SHIPPED.glob("*.yaml")))
        raise ScenarioError(f"{path}: {error.strerror}; shipped in {SHIPPED.name}/: {shipped}") from None
    return parse(text, str(path))


def parse(text: str, source: str = "scenario.yaml") -> Scenario:
    """Check the text of a scenario file; raises ScenarioError."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{source}:{mark.line + 1}" if mark else source
        raise ScenarioError(f"{place}: not valid YAML: {getattr(error, 'problem', error)}") from None
    if not isinstance(document, dict):
        raise ScenarioError(f"{source}: holds no mapping; see python -m sandbox.scenario schema")
    try:
        scenario = Scenario.model_validate(_aware(document))
    except ValidationError as error:
        problems = [Problem(entry["loc"], _message(entry)) for entry in error.errors(include_url=False)]
        raise ScenarioError(_report(problems, root, source)) from None
    if problems := find_problems(scenario):
        raise ScenarioError(_report(problems, root, source))
    return scenario


def _aware(value: Any) -> Any:
    """Give YAML's times back their offset: PyYAML hands out ``…Z`` as aware, but a bare date as a date."""
    if isinstance(value, dict):
        return {key: _aware(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_aware(item) for item in value]
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC)
    return value


def _message(entry: Any) -> str:
    kind = entry["type"]
    if kind == "extra_forbidden":
        return "unknown field; remove it or mend the spelling"
    if kind == "missing":
        return "is required"
    message = str(entry["msg"]).removeprefix("Value error, ")
    value = entry.get("input")
    return (
        f"{message} (found {value!r})"
        if isinstance(value, str | int | float) and repr(value) not in message
        else message
    )


def _report(problems: list[Problem], root: Any, source: str) -> str:
    lines = []
    for problem in problems:
        field = ".".join(str(part) for part in problem.path) or "(file)"
        lines.append(f"{source}:{_line(root, problem.path)}: {field}: {problem.message}")
    return "\n".join(dict.fromkeys(lines))


def _line(root: Any, path: tuple[str | int, ...]) -> int:
    """Return the line of the deepest part of a path that stands in the file."""
    node, line = root, root.start_mark.line + 1
    for part in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = (node.value[part], node.value[part])
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line
