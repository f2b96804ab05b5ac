"""Recorded traffic, read back."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True)
class Exchange:
    """A request and its answer; a body is None where it was too large to be kept."""

    service: str
    verb: str
    path: str
    query: str
    status: int
    asked: dict[str, str]
    answered: dict[str, str]
    request: str | None
    response: str | None

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The query's names and values."""
        return parse_qsl(self.query, keep_blank_values=True)

    @property
    def upload_type(self) -> str | None:
        """Google's uploadType."""
        return dict(self.parameters).get("uploadType")


def recorded(folder: Path) -> Iterator[tuple[Exchange, int]]:
    """The exchanges in a folder, each with the times that it and others of its shape were seen."""
    for path in sorted(folder.glob("*.jsonl")):
        whole: dict[int, Exchange] = {}
        times: Counter[int] = Counter()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            kept: Any = json.loads(line)
            if isinstance(kept, dict):
                whole[number] = Exchange(**kept)
            times[number if isinstance(kept, dict) else kept] += 1
        for number, exchange in whole.items():
            yield exchange, times[number]
