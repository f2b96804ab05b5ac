"""A slow, plain model of an audit's figures: it reads a pack's CSV files and shares no line with what wrote them."""

import csv
import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

Row = dict[str, str]


@dataclass(frozen=True)
class Model:
    """What the model finds."""

    violation_hours: float
    strict_hours: float
    unknown_hours: float
    replica_hours_over: float
    coverage: float
    violating: set[tuple[str, str, str]]
    problems: list[tuple[str, dt.datetime, dt.datetime | None]]
    live_violation_hours: float


def read(path: Path) -> list[Row]:
    """Read a CSV file."""
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def hours(minutes: int) -> float:
    """Turn minutes into hours."""
    return float(Fraction(minutes, 60))


def problems_of(rows: list[Row]) -> list[tuple[str, dt.datetime, dt.datetime | None]]:
    """Replay the default policy over each subject by itself.

    The second over of the last three fires, or at once half as much again and two more; two clean ones in a row end
    it; what was not judged counts for nothing. What an exemption allows was not over, nor does it end anything.
    """
    by_subject: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_subject[row["subject"]].append(row)
    found: list[tuple[str, dt.datetime, dt.datetime | None]] = []
    for subject, line in sorted(by_subject.items()):
        seen: list[bool] = []
        window: list[bool] = []
        fired: dt.datetime | None = None
        was_exempt = False
        for row in sorted(line, key=lambda row: row["cycle"]):
            cycle = dt.datetime.fromisoformat(row["cycle"])
            if row["verdict"] == "exempt":
                was_exempt = True
                window.append(False)
            if row["verdict"] not in ("over_limit", "within_limit"):
                continue
            is_over = row["verdict"] == "over_limit"
            seen.append(is_over)
            window.append(is_over)
            if is_over and fired is None:
                measured, ceiling = int(row["measured"]), int(row["ceiling"])
                is_gross = measured >= 1.5 * ceiling and measured >= ceiling + 2
                if sum(window[-3:]) >= 2 or is_gross or (was_exempt and not row["exemption_id"]):
                    fired = cycle
            elif fired is not None and seen[-2:] == [False, False]:
                found.append((subject, fired, cycle))
                fired, seen, window = None, [], []
            was_exempt = was_exempt and is_over and bool(row["exemption_id"])
        if fired is not None:
            found.append((subject, fired, None))
    return sorted(found, key=lambda problem: problem[:2])


def live_over(verdicts: list[Row], differences: list[Row], counted: str, lengths: dict[str, int]) -> int:
    """Count the over-minutes of the live ledger: the counted ones, corrected by each difference."""
    over = sum(lengths[row["cycle"]] for row in verdicts if row["verdict"] == "over_limit")
    for row in differences:
        is_more = (row["live_verdict"] == "over_limit") - (row[f"{counted}_verdict"] == "over_limit")
        over += is_more * lengths[row["cycle"]]
    return over


def figures_of_files(folder: Path) -> Model:
    """Return every figure, from the CSV files alone."""
    verdicts, differences = read(folder / "verdicts.csv"), read(folder / "differences.csv")
    counted = "now" if folder.name.startswith("now") else "then"
    over = [row for row in verdicts if row["verdict"] == "over_limit"]
    coverage = read(folder / "coverage.csv")
    complete = sum(row["status"] == "complete" for row in coverage)
    lengths = {row["cycle"]: int(row["cycle_minutes"]) for row in coverage}

    def minutes(rows: list[Row]) -> int:
        return sum(lengths[row["cycle"]] for row in rows)

    return Model(
        violation_hours=hours(minutes(over)),
        strict_hours=hours(minutes([row for row in verdicts if row["is_over_strict"] == "true"])),
        unknown_hours=hours(minutes([row for row in verdicts if row["verdict"] == "unknown"])),
        replica_hours_over=hours(
            sum(lengths[row["cycle"]] * (int(row["measured"]) - int(row["max_replicas"])) for row in over)
        ),
        coverage=float(Fraction(complete * 10_000 // len(coverage), 100)),
        violating={(row["environment"], row["team_id"], row["api_id"]) for row in over},
        problems=problems_of(verdicts),
        live_violation_hours=hours(live_over(verdicts, differences, counted, lengths)),
    )
