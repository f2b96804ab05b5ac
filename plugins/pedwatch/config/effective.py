"""The configuration in force, defaults and all, and where each value comes from. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from pedwatch.config.policy import Policy
from pedwatch.config.reading import WrittenConfig
from pedwatch.written.problems import field_path, line_of
from pedwatch.written.yaml_text import Location, YamlDocument

DEFAULT = "default"


@dataclass(frozen=True)
class Setting:
    """One value, its place in the file, and what it comes from: a line, variables, or the default."""

    at: Location
    value: Any
    origin: str


def effective(written: WrittenConfig) -> dict[str, Any]:
    """Return the whole configuration with its defaults; of teams' and APIs' policies only what they override."""
    values: dict[str, Any] = written.config.model_dump(mode="json")
    policy = values["policy"]
    policy["defaults"] = Policy.model_validate(_set(policy["defaults"])).model_dump()
    for name, team in policy["teams"].items():
        policy["teams"][name] = _set(team) | {"apis": {api: _set(own) for api, own in team["apis"].items()}}
    return values


def settings_of(written: WrittenConfig) -> Iterator[Setting]:
    """Yield every value with its origin, in the order of the fields; a list of plain values is one."""

    def walk(value: Any, at: Location) -> Iterator[Setting]:
        if not _is_block(value):
            yield Setting(at, value, origin(written.document, at))
        else:
            for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
                yield from walk(inner, (*at, key))

    yield from walk(effective(written), ())


def origin(document: YamlDocument, at: Location) -> str:
    """Return where the value at a place comes from."""
    if at not in document.lines:
        return DEFAULT
    below = (names for place, names in document.variables.items() if place[: len(at)] == at)
    return ", ".join([f"line {line_of(at, document.lines)}", *dict.fromkeys(name for names in below for name in names)])


def as_json(written: WrittenConfig) -> str:
    """Return all settings as JSON, for machines."""
    return json.dumps(
        {
            "file": written.source,
            "policy_version": written.config.policy_version,
            "settings": [
                {"field": field_path(one.at), "value": one.value, "from": one.origin} for one in settings_of(written)
            ],
        },
        indent=2,
    )


def as_yaml(written: WrittenConfig) -> str:
    """Return the configuration as a file of the same meaning, each value's origin behind it."""
    head = [f"# {written.source} as it counts; policy version {written.config.policy_version}"]
    return "\n".join([*head, *_lines(effective(written), (), written.document)])


def _lines(value: Any, at: Location, document: YamlDocument) -> Iterator[str]:
    indent = "  " * len(at)
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        here = (*at, key)
        name = f"{indent}-" if isinstance(key, int) else f"{indent}{_plain(key)}:"
        if _is_block(inner):
            yield name
            yield from _lines(inner, here, document)
        else:
            yield f"{name} {_plain(inner)}  # {origin(document, here)}"


def _is_block(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value)
    return isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value)


def _plain(value: Any) -> str:
    """Write one value on one line; quoted where the plain reader would take it for something else."""
    if isinstance(value, dict | list | str):
        return json.dumps(value, ensure_ascii=False) if _needs_quotes(value) else str(value)
    return "null" if value is None else json.dumps(value)


def _needs_quotes(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    return yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix("...\n").strip() != value


def _set(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
