"""What the probe asks and how it tells the answers: parameters that fit, the allowance of bytes, the report. Pure."""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from pedwatch.declared_parameters import Kind, declared_types, kind_of
from pedwatch.errors import ProbeError

Status = Literal["accepted", "refused", "skipped"]
MARKS = {"accepted": "✓", "refused": "✗", "skipped": "–"}
DEFAULT_MAX_BYTES = 20 * 1024**3

_SENTENCE = 300
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
# What our own guards expect of tables that are empty; everything else is as good as any other value of its type.
_OF_AN_EMPTY_DATASET: dict[str, Any] = {"staged_rows": 0, "previous_read_time": None, "expected_cursor": None}
# The fold that is asked before it has set the cursor to the probe's cycle.
_AT_THE_CYCLE = {"alerts/commit_staged_fold.sql": "expected_cursor"}
_JSON = ("message", "told_state", "fold_state")


@dataclass(frozen=True)
class Outcome:
    """What one statement or call came to.

    Attributes:
        area: the service that was asked.
        name: the statement, by its file, or the call.
        status: whether the service took it.
        elapsed_ms: from asking to the answer, as seen from here.
        plan_ms: what the job took before its first stage began; None where the service does not tell.
        slot_ms: slot time.
        bytes_processed: bytes read.
        bytes_billed: bytes paid for.
        error: the refusal's first sentence, or why it was not asked.
    """

    area: str
    name: str
    status: Status
    elapsed_ms: int | None = None
    plan_ms: int | None = None
    slot_ms: int | None = None
    bytes_processed: int | None = None
    bytes_billed: int | None = None
    error: str = ""


class Allowance:
    """How many bytes may still be billed.

    Args:
        max_bytes: for the whole run.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.billed = 0

    @property
    def left(self) -> int:
        """What is not yet spent."""
        return max(self.max_bytes - self.billed, 0)

    def check(self, name: str, estimate: int) -> None:
        """Stop before a statement that would go beyond it.

        Raises:
            ProbeError: names the statement and the option.
        """
        if estimate > self.left or self.left == 0:
            raise self.used_up(name, f"would read {describe_bytes(estimate)}")

    def used_up(self, name: str, why: str) -> ProbeError:
        """Return the error that says where it ended."""
        return ProbeError(
            f"stopped at {name}: it {why}, and of --max-bytes {describe_bytes(self.max_bytes)} "
            f"{describe_bytes(self.left)} are left; allow more to ask for the rest"
        )


def sample_parameters(text: str, cycle: dt.datetime, statement: str = "") -> dict[str, tuple[Kind, Any]]:
    """Return fitting values for what a statement declares: kind and value by name; one row where it takes rows."""
    kinds = {name: kind_of(declared) for name, declared in declared_types(text).items()}
    values = {name: (kind, _sample(name, kind, cycle)) for name, kind in kinds.items()}
    if statement in _AT_THE_CYCLE:
        name = _AT_THE_CYCLE[statement]
        values[name] = (kinds[name], cycle)
    return values


def _sample(name: str, kind: Kind, cycle: dt.datetime) -> Any:
    if not isinstance(kind, str):
        # Lists within a row stay empty, as they are in most: it is the type that is planned by.
        scalars = {column: inner for column, inner in kind.items() if isinstance(inner, str) and "<" not in inner}
        row = {column: _sample(column, inner, cycle) for column, inner in scalars.items()}
        return [row | {column: [] for column in kind.keys() - scalars.keys()}]
    if kind.startswith("ARRAY<"):
        return [_sample(name, kind[6:-1], cycle)]
    if name in _OF_AN_EMPTY_DATASET:
        return _OF_AN_EMPTY_DATASET[name]
    if kind == "TIMESTAMP":
        is_beginning = name.endswith("_start") or name.startswith(("first_", "from_"))
        return cycle - dt.timedelta(hours=1) if is_beginning else cycle
    if kind == "STRING":
        return "{}" if name in _JSON else "probe"
    return {"BOOL": False, "INT64": 1, "FLOAT64": 0.5, "DATE": cycle.date()}[kind]


def first_sentence(text: str) -> str:
    """Return how a refusal begins, on one line."""
    line = " ".join(text.split())
    head, full_stop, rest = line.partition(". ")
    return f"{head}."[:_SENTENCE] if full_stop and rest else line[:_SENTENCE]


def read_bytes(text: str) -> int:
    """Read a number of bytes such as ``500MB`` or ``20GiB``.

    Raises:
        ValueError: says how to write it.
    """
    number = text.strip().rstrip("BbKkMmGgTtIi")
    unit = text.strip()[len(number) :].upper()
    try:
        count = int(float(number) * _UNITS[unit])
    except (KeyError, ValueError):
        raise ValueError(f"{text!r} is no number of bytes: write it like 500MB or 20GiB") from None
    if count < 0:
        raise ValueError(f"{text!r} is less than nothing")
    return count


def describe_bytes(count: int) -> str:
    """Write a number of bytes for people."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" or size >= 10 else f"{size:.1f} {unit}"


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Write the outcomes as a table, and below each ✗ why."""
    head = f"  {'':<9} {'':<44} {'elapsed':>9} {'plan':>8} {'slots':>8} {'processed':>10} {'billed':>10}"
    yield head.rstrip()
    for one in outcomes:
        cells = [_ms(one.elapsed_ms, 9), _ms(one.plan_ms, 8), _ms(one.slot_ms, 8)]
        cells += [_size(one.bytes_processed), _size(one.bytes_billed)]
        yield f"{MARKS[one.status]} {one.area:<9} {one.name:<44} {' '.join(cells)}".rstrip()
        if one.error:
            yield f"  {'':<9} → {one.error}"


def _ms(value: int | None, width: int) -> str:
    return f"{'' if value is None else f'{value} ms':>{width}}"


def _size(value: int | None) -> str:
    return f"{'' if value is None else describe_bytes(value):>10}"


def summary(outcomes: Iterable[Outcome]) -> str:
    """Write the last line."""
    found = list(outcomes)
    counts = {status: sum(one.status == status for one in found) for status in MARKS}
    billed = sum(one.bytes_billed or 0 for one in found)
    told = [f"{counts['accepted']} accepted", f"{counts['refused']} refused"]
    told += [f"{counts['skipped']} not asked"] if counts["skipped"] else []
    return f"{len(found)} statements and calls: {', '.join(told)}; {describe_bytes(billed)} billed"


def as_json(outcomes: Iterable[Outcome], stopped: str | None, about: Mapping[str, Any]) -> str:
    """Write everything for programs: ``stopped`` says why the rest was not asked."""
    return json.dumps({**about, "stopped": stopped, "outcomes": [asdict(one) for one in outcomes]}, indent=2)
