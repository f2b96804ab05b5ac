"""A month's bill: what runs in it, how often, and what each run bills.

Which statements a cycle runs, tests/operators/test_watch_statements.py counts in real runs; tests/test_cost.py holds
the two together, and leaves no statement out.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.billed_statements import Catalog
from bench.fleet_sizes import DAYS_PER_MONTH, Fleet
from bench.prices import NOTHING, Bill, Prices

DOLLARS_PER_TIB = 6.25
"""On demand, in the multi-regions EU and US; the first TiB of a month is free for each billing account."""

_WORKDAYS = 21

Often = Callable[[Fleet], float]


@dataclass(frozen=True)
class Part:
    """A part of the month: some files that run together, and how often."""

    name: str
    often: Often
    statements: tuple[str, ...]


def _daily(number: float) -> Often:
    return lambda fleet: number * DAYS_PER_MONTH


def _cycles(fleet: Fleet) -> float:
    return fleet.cycles_per_day * DAYS_PER_MONTH


_OPENING = ("observations/before_load.sql", "observations/record_collection.sql", "verdicts/compare.sql")
_QUIET = ("every cycle", "cycles that tell nothing", "syncs that find nothing", "listening", "callbacks of success")
_TELLING = ("alerts/lease_notifications.sql", "alerts/record_sends.sql")


def parts(names: set[str]) -> Iterator[Part]:
    """Yield what runs in a month, of a tree that has these statements."""
    yield Part("every cycle", _cycles, (*_OPENING, "alerts/fold_input.sql", "heartbeats/record_heartbeat.sql"))
    yield Part(
        "cycles that tell nothing",
        lambda f: _cycles(f) - f.telling_cycles_per_day * DAYS_PER_MONTH,
        ("alerts/move_cursor.sql",),
    )
    yield Part(
        "cycles that tell",
        lambda f: f.telling_cycles_per_day * DAYS_PER_MONTH,
        ("alerts/message_lookup.sql", "alerts/commit_fold.sql", *_TELLING),
    )
    if "alerts/acknowledgements.sql" in names:
        yield Part(
            "cycles in which something fires",
            lambda f: f.firing_cycles_per_day * DAYS_PER_MONTH,
            ("alerts/acknowledgements.sql",),
        )
    is_short = "limits/record_sync.sql" in names
    quiet = ("limits/record_sync.sql",)
    whole = ("limits/last_sync.sql", "limits/current_beliefs.sql", "limits/commit_sync.sql")
    always = ("limits/current_rejections.sql",)
    yield Part(
        "syncs that find nothing",
        lambda f: _cycles(f) - f.changing_syncs_per_day * DAYS_PER_MONTH,
        quiet if is_short else (*whole, *always),
    )
    yield Part(
        "syncs that find something",
        lambda f: f.changing_syncs_per_day * DAYS_PER_MONTH,
        whole if is_short else (*whole, *always),
    )
    yield Part("full syncs", _daily(24), ("limits/known_state.sql",))
    if "heartbeats/listen.sql" in names:
        yield Part("listening", _cycles, ("heartbeats/listen.sql", "heartbeats/record_heartbeat.sql"))
    else:
        yield Part("callbacks of success", lambda f: 2 * _cycles(f), ("alerts/told_of_dag.sql",))
    audited = "known_names period_verdicts period_verdicts period_ledger period_coverage period_limits period_policies"
    yield Part(
        "audits",
        _daily(1),
        (
            *(f"audit/{name}.sql" for name in f"{audited} open_episodes record_report".split()),
            # What a pack lacks and where it is linked is asked since the chain is a log.
            *sorted({"audit/recorded_days.sql", "audit/recorded_entries.sql"} & names),
        ),
    )
    # What is missing by the calendar is asked since there is one.
    asked = {"audit/first_collection.sql", "audit/recorded_days.sql", "audit/day_packs.sql"}
    calendar = asked if "audit/day_packs.sql" in names else set()
    yield Part(
        "digests",
        lambda f: _WORKDAYS,
        (
            "alerts/digest.sql",
            *({"alerts/told_channels.sql"} & names),  # which welcome came before is asked since there are any
            "audit/chain_head.sql",
            *sorted(calendar),
            "alerts/write_notifications.sql",
            *_TELLING,
        ),
    )
    checks = sorted(name for name in names if name.startswith("checks/") or name == "audit/forget_stretches.sql")
    yield Part("housekeeping", _daily(1), (*checks, *sorted(calendar)))


@dataclass(frozen=True)
class Line:
    """A statement's part of a month."""

    part: str
    name: str
    times: float
    once: Bill

    @property
    def bill(self) -> Bill:
        """What it comes to."""
        return self.once.times(self.times)


@functools.cache
def month(catalog: Catalog, fleet: Fleet) -> tuple[Line, ...]:
    """Return the month of a fleet, statement by statement."""
    prices = Prices(catalog, fleet)
    return tuple(
        Line(part.name, name, part.often(fleet), prices.of(name))
        for part in parts(set(catalog.names))
        for name in part.statements
    )


def quiet_cycle(catalog: Catalog, fleet: Fleet) -> Bill:
    """Return what a cycle that tells nothing bills with its sync; of a fleet of 0, one that asks for no past."""
    lines = [line for line in month(catalog, fleet) if line.part in _QUIET]
    return sum((line.once.times(max(1, round(line.times / _cycles(fleet)))) for line in lines), NOTHING)
