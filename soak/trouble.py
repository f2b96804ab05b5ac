"""What goes wrong, and when: drawn for each try of a task from the seed and the try's own name. Pure."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from soak.scheduler import Mishap, Try
from soak.wire import ANSWERS
from soak.worker import COLLECT

CALLS: Mapping[str, int] = {COLLECT: 24, "notify": 14, "load_observations": 16, "sync_limits": 8, "write_pack": 30}
"""About how many calls a try makes; of the others fewer."""
FEW = 6
DARK = (
    *("unreachable", "unauthorized", "forbidden", "not_found", "unavailable", "server_error", "garbage"),
    *("wrong_shape", "cut_body", "redirect", "throttled", "hang", "slow_loris", "expired_continue"),
)
FIRESTORE = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "ABORTED", "INTERNAL", "PERMISSION_DENIED")
CLOCKS = (-240.0, -90.0, -40.0, 40.0, 90.0, 400.0)


@dataclass(frozen=True)
class Rates:
    """How often something goes wrong, as shares of tries, or of cycles."""

    wire: float = 0.08
    telling: float = 0.5
    """Of tries that send to Slack, which are few."""
    alarm: float = 0.01
    clock: float = 0.015
    double: float = 0.03
    disk: float = 0.01
    dark: float = 0.35
    firestore: float = 0.08
    cleared: float = 0.4
    """Of runs that failed, those whose tasks somebody clears a cycle later."""


@dataclass(frozen=True)
class Trouble:
    """All that goes wrong in a soak.

    Args:
        seed: of the soak.
        rates: how often.
        told: mishaps of tries that are told and not drawn, by name; of a story.
    """

    seed: int
    rates: Rates = field(default_factory=Rates)
    told: Mapping[str, Mishap] | None = None

    def _chance(self, *names: object) -> random.Random:
        return random.Random("|".join(map(str, (self.seed, *names))))

    def mishap(self, number: int, attempt: Try) -> Mishap:
        """Return what befalls a try of a task in a cycle."""
        name = name_of(number, attempt)
        if self.told is not None:
            return self.told.get(name, Mishap())
        chance, rates = self._chance(name), self.rates
        is_telling = attempt.task_id in ("notify", "send_digest")
        faults: list[dict[str, Any]] = []
        share = rates.telling if is_telling else rates.wire
        while chance.random() < share and len(faults) < 3:
            faults.append(self._fault(chance, CALLS.get(attempt.task_id, FEW)))
        alarm = chance.uniform(1.0, 400.0) if chance.random() < rates.alarm else None
        clock = chance.choice(CLOCKS) if chance.random() < rates.clock else 0.0
        is_double = chance.random() < rates.double and attempt.task_id != "callback"
        disk = chance.choice([0, 600, 2_000]) if attempt.task_id == COLLECT and chance.random() < rates.disk else None
        return Mishap(faults, clock, is_double, disk, alarm)

    def _fault(self, chance: random.Random, calls: int) -> dict[str, Any]:
        call = min(chance.randint(1, calls), chance.randint(1, calls))
        kind = chance.choice(["kill"] * 4 + ["answer"] * 4 + ["reset"] * 2 + ["cut", "slow"])
        fault: dict[str, Any] = {"call": call, "kind": kind}
        if kind == "kill":
            at = chance.choice(["before", "head", "body", "body", "after", "after"])
            return fault | {"at": at, "share": round(chance.random(), 3)}
        if kind == "answer":
            return fault | {"status": chance.choice(list(ANSWERS)), "taken": chance.random() < 0.3}
        if kind == "slow":
            return fault | {"seconds": chance.choice([5.0, 30.0, 100.0])}
        return fault | {"taken": True if kind == "cut" else chance.random() < 0.5}

    def dark(self, number: int, clusters: list[str]) -> dict[str, dict[str, Any]]:
        """Return which clusters misbehave in a cycle, and how: some for several cycles."""
        found: dict[str, dict[str, Any]] = {}
        for begun in range(max(0, number - 5), number + 1):
            chance = self._chance("dark", begun)
            if self.rates.dark <= chance.random():
                continue
            for cluster in chance.sample(clusters, min(len(clusters), chance.choice([1, 1, 1, 2, 5]))):
                lasts, kind = chance.choice([1, 1, 1, 2, 3, 5]), chance.choice(DARK)
                if begun + lasts > number:
                    fault: dict[str, Any] = {"kind": kind}
                    if kind in ("forbidden", "unavailable", "cut_body") and chance.random() < 0.5:
                        fault["only"] = chance.choice(["deployments", "hpa"])
                    if kind == "throttled":
                        fault |= {"retry_after": 0, "times": 2} if chance.random() < 0.5 else {"retry_after": 60}
                    found[cluster] = fault
        return found

    def firestore(self, number: int) -> dict[str, Any] | None:
        """Return what befalls Firestore in a cycle."""
        chance = self._chance("firestore", number)
        if chance.random() >= self.rates.firestore:
            return None
        return {"code": chance.choice(FIRESTORE), "times": chance.choice([1, 1, 2, 5])}

    def is_cleared(self, number: int) -> bool:
        """Tell whether somebody clears the failed tasks of the cycle's run."""
        return self._chance("cleared", number).random() < self.rates.cleared


def name_of(number: int, attempt: Try) -> str:
    """Return the name of a try."""
    return f"{number}|{attempt.run.dag_id}|{attempt.task_id}|{attempt.map_index}|{attempt.number}"


QUIET = Rates(0, 0, 0, 0, 0, 0, 0, 0, 0)
"""Nothing goes wrong."""
