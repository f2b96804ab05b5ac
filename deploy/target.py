"""Which environment is deployed to: ``deploy/environments/NAME.yaml``, one small file each."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent / "environments"
_REQUIRED = ("project", "location", "environment")
_SHAPES = {
    "project": (r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "a project's id, such as shop-prod"),
    "location": (r"[a-z]+-[a-z]+\d", "a region, such as europe-west1"),
    "environment": (r"[a-z]([a-z0-9-]{0,62}[a-z0-9])?", "an environment's name, such as pedwatch"),
    "image": (r"composer-3-airflow-[\d.]+-build\.\d+", "an image that is pinned to a build"),
}
_POLICY = r"projects/[^/]+/alertPolicies/\d+"


class TargetError(Exception):
    """The environment's file is missing or wrong; the message names file, field and fix."""


@dataclass(frozen=True)
class Target:
    """An environment."""

    name: str
    project: str
    location: str
    environment: str
    absence_policies: tuple[str, ...] = ()
    """Alert policies that are snoozed while the watch is paused: Terraform's output heartbeat_absence_policy."""
    image: str | None = None
    """Image that the environment is brought to; whatever it has is right when there is none."""


def load(name: str, folder: Path = FOLDER) -> Target:
    """Read an environment's file.

    Raises:
        TargetError: it is not there, or wrong.
    """
    path = folder / f"{name}.yaml"
    if not name or not path.is_file():
        there = ", ".join(sorted(file.stem for file in folder.glob("*.yaml"))) or "none"
        raise TargetError(f"ENV={name}: there is no {path}; copy example.yaml there. There are: {there}")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TargetError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(document, dict):
        raise TargetError(f"{path} must be a mapping with {', '.join(_REQUIRED)}")
    return _checked(name, path, document)


def _checked(name: str, path: Path, document: dict[str, Any]) -> Target:
    known = (*_REQUIRED, "absence_policies", "image")
    for field in document:
        if field not in known:
            near = difflib.get_close_matches(str(field), known, 1)
            raise TargetError(f"{path}: {field}: unknown key" + (f"; did you mean {near[0]}?" if near else ""))
    for field in _REQUIRED:
        if document.get(field) is None:
            raise TargetError(f"{path}: {field} is missing: write {_SHAPES[field][1]}")
    for field, (shape, words) in _SHAPES.items():
        value = document.get(field)
        if value is not None and not (isinstance(value, str) and re.fullmatch(shape, value)):
            raise TargetError(f"{path}: {field}: {value!r} is not {words}")
    policies = document.get("absence_policies") or []
    if not isinstance(policies, list) or not all(
        isinstance(one, str) and re.fullmatch(_POLICY, one) for one in policies
    ):
        raise TargetError(
            f"{path}: absence_policies: must be a list of names like projects/shop-prod/alertPolicies/123; "
            "terraform output heartbeat_absence_policy"
        )
    return Target(
        name,
        document["project"],
        document["location"],
        document["environment"],
        tuple(policies),
        document.get("image"),
    )
