"""The DuckDB macros of ``macros.sql``."""

import re
from pathlib import Path

_SOURCE = Path(__file__).with_name("macros.sql")


def _definitions() -> dict[str, str]:
    """Body by head, like ``bq_left(s, n)``."""
    lines: list[str] = []
    for line in _SOURCE.read_text().splitlines():
        if line.startswith("    "):
            lines[-1] += " " + line.strip()
        elif line and not line.startswith("--"):
            lines.append(line)
    pairs = (line.partition(" := ") for line in lines)
    return {head: body for head, _, body in pairs}


def statements() -> list[str]:
    """CREATE MACRO for each, those that others use first."""
    bodies = _definitions()
    names = {head: head.split("(")[0] for head in bodies}
    ordered: list[str] = []

    def add(head: str) -> None:
        if head in ordered:
            return
        used = set(re.findall(r"bq_\w+(?=\()", bodies[head]))
        for other, name in names.items():
            if name in used:
                add(other)
        ordered.append(head)

    for head in bodies:
        add(head)
    return [f"CREATE OR REPLACE MACRO {head} AS {bodies[head]}" for head in ordered]
