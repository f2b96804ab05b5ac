"""Cycle by cycle: is each accounted for, was what ran observed, and is the ledger what the oracle says it must be."""

import collections
import datetime as dt
from collections.abc import Iterator

from soak.engine import WATCH
from soak.judge.breaches import Breaches
from soak.judge.evidence import Cycle, Evidence, Finding, Row
from soak.judge.truth import Limits, Oracle, observed, published, rows_of

COMPARED = (
    "verdict",
    "reason",
    "measured",
    "running",
    "max_replicas",
    "is_lower_bound",
    "api_id",
    "team_id",
    "cluster",
)
SEEN = ("resource_type", "spec_replicas", "status_replicas", "updated_replicas", "api_id", "team_id")
SCALED = ("hpa_target_kind", "hpa_target_name", "hpa_current_replicas", "hpa_max_replicas", "api_id", "team_id")


class Ledger:
    """Reads the ledger in the order of its cycles; afterwards it knows who was over, by what the oracle said.

    Args:
        evidence: what is judged.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        environments = {c.name: c.environment for c in evidence.world.watched}
        self._oracle = Oracle(Limits(evidence.world, published(evidence)), environments)
        self.breaches = Breaches()
        self.judged: list[dt.datetime] = []
        """The cycles that were judged live."""
        self.fingerprints: dict[str, str] = {}
        self.verdicts = self.late = 0

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong."""
        yield from _gaps(self._evidence)
        for number, cycle in self._evidence.moments():
            runs = self._evidence.runs_at(cycle)
            yield from _accounted(self._evidence, number, cycle, runs)
            of_cycle = self._evidence.of_cycle(cycle)
            yield from _observed(self._evidence, number, cycle, runs, of_cycle)
            yield from self._judged(number, cycle, runs, of_cycle)

    def _judged(self, number: int, cycle: dt.datetime, runs: dict[str, Row], of_cycle: Cycle) -> Iterator[Finding]:
        rows = rows_of(self._evidence, number, cycle, runs)
        first = [row for row in of_cycle.verdicts if row["revision"] == 1]
        if not first:
            is_seen = any(run["attempt_id"] for run in runs.values())
            if is_seen and self._evidence.ended(WATCH).get(cycle) == "success":
                yield Finding("ledger", "all", "the run ended well, and no verdict was written", number)
            self._oracle.keep(rows)
            return
        known = first[0]["limits_known_at"]
        expected = {row["subject"]: row for row in self._oracle.take(cycle, known, list(runs.values()), rows)}
        held = {row["limit_id"]: row["max_replicas"] for row in self._oracle.limits(cycle)}
        for row in expected.values():
            row["max_replicas"] = held.get(row["limit_id"])
        if first[0]["origin"] == "live":
            self.judged.append(cycle)
            self.breaches.take(cycle, expected.values())
        self.verdicts += len(first)
        judged_at = min(row["computed_at"] for row in first)
        if any(run["recorded_at"] > judged_at + self._evidence.span(number) for run in runs.values()):
            self.late += 1  # files came after it was judged: what was known then is not in the tables any more
            return
        found = collections.Counter(row["subject"] for row in first)
        for row in first:
            self.fingerprints[row["subject"]] = row["fingerprint"]
            if found[row["subject"]] > 1:
                yield Finding("ledger", row["subject"], "two first verdicts", number, row["api_id"])
            yield from _compared(row, expected.get(row["subject"]), number)
        for subject in expected.keys() - found.keys():
            said = expected[subject]
            yield Finding("ledger", subject, f"no verdict; expected {_short(said)}", number, said["api_id"])


def _compared(row: Row, said: Row | None, number: int) -> Iterator[Finding]:
    if said is None:
        yield Finding("ledger", row["subject"], f"nothing is to be judged; found {_short(row)}", number, row["api_id"])
    elif any(row[name] != said[name] for name in COMPARED):
        text = f"found {_short(row)}, expected {_short(said)}"
        yield Finding("ledger", row["subject"], text, number, row["api_id"])


def _short(row: Row) -> str:
    return " ".join(str(row[name]) for name in COMPARED)


def _accounted(evidence: Evidence, number: int, cycle: dt.datetime, runs: dict[str, Row]) -> Iterator[Finding]:
    """One row for each cluster; why it is not complete; and complete where nothing was in the way."""
    for cluster in evidence.world.watched:
        run = runs.get(cluster.name)
        if run is None:
            yield Finding("accounted", cluster.name, "no row of collection_runs", number)
            continue
        is_retired = evidence.world.is_retired(cluster.name, number)
        if is_retired != (run["status"] == "retired"):
            yield Finding("accounted", cluster.name, f"{run['status']}, retired: {is_retired}", number)
        if run["status"] in ("partial", "failed") and not run["error_class"]:
            yield Finding("accounted", cluster.name, f"{run['status']} without a reason", number)
    count = sum(row["cycle"] == cycle for row in evidence.tables["collection_runs"])
    if count != len(runs):
        yield Finding("accounted", "all", f"{count} rows of {len(runs)} clusters", number)


def _gaps(evidence: Evidence) -> Iterator[Finding]:
    """What was paused is recorded, for the last day of it, as missed."""
    gap = evidence.world.calendar.gap
    if gap is None or not evidence.first < gap < evidence.cycles:
        return
    end = evidence.world.calendar.moment(gap)
    step = evidence.span(gap)
    missed = end - step
    while missed > max(evidence.world.calendar.moment(gap - 1), end - dt.timedelta(days=1)):
        runs = evidence.runs_at(missed)
        if not runs or any(run["status"] == "complete" for run in runs.values()):
            yield Finding("accounted", "all", f"{missed:%a %H:%M} was paused, and is not recorded as missed", gap)
        missed -= step


def _observed(
    evidence: Evidence, number: int, cycle: dt.datetime, runs: dict[str, Row], of_cycle: Cycle
) -> Iterator[Finding]:
    """What the owning attempts observed is what ran."""
    owned = collections.defaultdict(dict)  # type: ignore[var-annotated]
    for row in of_cycle.observations:
        run = runs.get(row["cluster"])
        if run is not None and run["attempt_id"] == row["attempt_id"]:
            key = (row["namespace"], row["resource_type"], row["name"])
            if key in owned[row["cluster"]]:
                yield Finding("observed", row["cluster"], f"{key} twice", number, row["api_id"])
            owned[row["cluster"]][key] = row
    for cluster, documents in evidence.world.state(number).items():
        run = runs.get(cluster)
        if run is None or run["attempt_id"] is None:
            continue
        ran = {
            (row["namespace"], row["resource_type"], row["name"]): row
            for document in documents
            for row in observed(document, cycle, cluster, run["environment"])
        }
        seen = owned[cluster]
        if run["status"] == "complete" and (missing := sorted(ran.keys() - seen.keys())):
            yield Finding("observed", cluster, f"complete without {missing[0]}", number, ran[missing[0]]["api_id"])
        for key, row in seen.items():
            names = SCALED if row["resource_type"] == "hpa" else SEEN
            if key not in ran or any(row[name] != ran[key][name] for name in names):
                yield Finding("observed", cluster, f"{key} is not what ran", number, row["api_id"])
