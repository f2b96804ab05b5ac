"""What the doctor says: of each thing it looks at whether it is in place, and what to do when it is not.

What it may not look at is a state of its own: not wrong, not right, and which right is missing is said. A check that
raises is a finding too: a doctor goes on to the next organ.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["ok", "failed", "warning", "skipped", "denied"]
MARKS: dict[Status, str] = {"ok": "✓", "failed": "✗", "warning": "!", "skipped": "–", "denied": "?"}
"""``skipped``: there is nothing to look at; ``denied``: whoever asks may not look."""


@dataclass(frozen=True)
class Finding:
    """One line of the report."""

    area: str
    what: str
    status: Status
    detail: str = ""
    fix: str = ""


Check = Callable[[], Iterator[Finding]]


def examine(area: str, fix: str, check: Check) -> Iterator[Finding]:
    """Run a check; an error it raises is a finding with the area's fix: a right that is missing, or something wrong."""
    from google.api_core.exceptions import Forbidden

    try:
        yield from check()
    except Forbidden as error:
        yield Finding(area, "may be looked at", "denied", _first_line(error), fix)
    except Exception as error:  # noqa: BLE001 whatever is wrong is what is looked for, and the other checks go on
        yield Finding(area, "reachable", "failed", f"{type(error).__name__}: {_first_line(error)}"[:300], fix)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0][:300] if text else ""


def lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Write each finding as a line, and below what is not in place, or not known, what mends it."""
    for finding in findings:
        detail = f"  {finding.detail}" if finding.detail else ""
        yield f"{MARKS[finding.status]} {finding.area:<11} {finding.what:<36}{detail}".rstrip()
        if finding.fix and finding.status in ("failed", "warning", "denied"):
            yield f"  {'':<11} → {finding.fix}"


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Count the findings of each status."""
    found = [finding.status for finding in findings]
    return {status: found.count(status) for status in MARKS}


def summary(found: list[Finding]) -> str:
    """Write the last line."""
    counted = counts(found)
    told = f"{counted['failed']} to mend" if counted["failed"] else "nothing to mend"
    denied = f", {counted['denied']} not looked at for want of a right" if counted["denied"] else ""
    return f"{len(found)} checks, {told}{denied}"


def exit_status(findings: Iterable[Finding]) -> int:
    """Return 0 when all is in place, 1 when something is wrong, 3 when nothing is and not everything could be seen.

    2 is argparse's, and of a configuration that cannot be read.
    """
    counted = counts(findings)
    return 1 if counted["failed"] else 3 if counted["denied"] else 0


def as_dicts(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return the findings for programs."""
    return [asdict(finding) for finding in findings]
