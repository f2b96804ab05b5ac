"""What differs from a service's description: found in traffic, or listed as known."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml

KNOWN = Path(__file__).with_name("deviations.yaml")
Side = Literal["request", "response"]


@dataclass(frozen=True, order=True)
class Deviation:
    """A kind of difference, at a place: an operation and a path in its JSON, list indices left out."""

    side: Side
    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.side}: {self.kind}: {self.place}"


@dataclass
class Findings:
    """The deviations of a run with one example each, and how many exchanges of each operation were seen."""

    examples: dict[Deviation, str] = field(default_factory=dict)
    exchanges: dict[str, int] = field(default_factory=dict)
    unchecked: dict[str, int] = field(default_factory=dict)
    """Exchanges whose body was too large or streamed, by service."""

    def add(self, side: Side, kind: str, place: str, detail: Any) -> None:
        """Note a deviation."""
        self.examples.setdefault(Deviation(side, kind, place), f"{detail!s:.200}")


def known(path: Path = KNOWN) -> dict[Deviation, str]:
    """The listed deviations with their reasons; ``ValueError`` for one without a reason, or listed twice."""
    listed: dict[Deviation, str] = {}
    for entry in yaml.safe_load(path.read_text()):
        for place in entry["places"]:
            deviation = Deviation(entry["side"], entry["kind"], place)
            if not entry["reason"].strip() or deviation in listed:
                raise ValueError(f"{path.name}: {deviation} has no reason, or is listed twice")
            listed[deviation] = entry["reason"]
    return listed


def complaints(findings: Findings, listed: Iterable[Deviation], *, is_whole: bool) -> list[str]:
    """What is wrong with a run: every deviation that is not listed; after a whole run also those listed for nothing."""
    expected = set(listed)
    new = [
        f"new deviation: {one}, e.g. {example}"
        for one, example in sorted(findings.examples.items())
        if one not in expected
    ]
    gone = sorted(expected - findings.examples.keys()) if is_whole else []
    return new + [f"no longer seen, strike it off {KNOWN.name}: {one}" for one in gone]
