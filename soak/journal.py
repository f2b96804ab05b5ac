"""What happened in a soak, one JSON document a line; all counts of a run's end are counted from it."""

import collections
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """A journal in a file.

    Args:
        path: the file; an older one is replaced.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._file = path.open("w", encoding="utf-8")
        self.counts: collections.Counter[str] = collections.Counter()

    def write(self, kind: str, cycle: dt.datetime, counted_as: str | None = None, **values: Any) -> None:
        """Write what happened in a cycle; ``counted_as`` is what it is called where it is counted."""
        if counted_as:
            self.counts[counted_as] += 1
        line = {"kind": kind, "cycle": cycle.isoformat()} | values
        self._file.write(json.dumps(line, default=str) + "\n")
        self._file.flush()

    def read(self) -> Iterator[dict[str, Any]]:
        """Yield what was written."""
        with self.path.open(encoding="utf-8") as lines:
            yield from (json.loads(line) for line in lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
