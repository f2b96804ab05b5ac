"""The comparison agrees with a slow, obvious model; live cycle by cycle, with repeats, equals one recomputation.

One example judges many random worlds at once: each has an environment of its own.
"""

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pedwatch.alerts.fold import fold_period
from pedwatch.alerts.ledger import from_verdict
from pedwatch.config import PolicyConfig
from pedwatch.cycles import SHORTEST
from pedwatch.hooks.parameters import Typed
from pedwatch.hooks.warehouse import Warehouse
from tests.oracle.verdicts import Model
from tests.oracle.worlds import START, Tables, build_world, known_at, policy_row
from tests.sql.test_cases import _load

WORLDS = 60
LENGTHS, IN_EACH = (1, 5, 60), 3
"""Every run has so many cycles of each, in any order."""
COMPARED = (
    "cycle subject verdict reason measured running limit_id limit_version ceiling exemption_id is_over_strict "
    "is_lower_bound is_contested surge_allowance workload_count api_id team_id cluster workload_name"
).split()
one_example_of_many_worlds = settings(
    max_examples=1,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FAR_FUTURE = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)


@pytest.fixture
def warehouse(case_warehouse: Warehouse) -> Iterator[Warehouse]:
    yield case_warehouse
    dataset = f"{case_warehouse.config.project}.{case_warehouse.config.dataset}"
    for table in (*vars(Tables()), "verdicts"):
        case_warehouse.client.query(f"TRUNCATE TABLE `{dataset}.{table}`").result()


def make_lengths(random_: random.Random) -> dict[dt.datetime, int]:
    """Cycles of all lengths, and how long each is recorded to be.

    The first one after shorter ones mostly comes earlier, and reaches back to them and no further; the first one after
    longer ones sometimes comes later, and then nobody looked between them.
    """
    found, at, before = {}, START, 0
    for length in random_.sample(LENGTHS, len(LENGTHS)):
        for number in range(IN_EACH):
            step = length
            if number == 0 and before:
                step = random_.randint(1, length) if before < length else random_.randint(length, 2 * length)
            at += dt.timedelta(minutes=step)
            found[at] = min(step, length)
        before = length
    return found


def make_worlds(seed: int) -> tuple[list[dt.datetime], Tables]:
    """Nine cycles of three lengths, one of them missing altogether, and many worlds in them."""
    random_ = random.Random(seed)
    lengths = make_lengths(random_)
    del lengths[random_.choice(list(lengths))]
    cycles = list(lengths)
    merged = Tables(policy_history=[policy_row(None)])
    # A recomputation takes a period in parts by its size: all at once, a few cycles, or one.
    objects = random_.choice([0, 6_000, 50_000])
    for number in range(WORLDS):
        world = build_world(number, lengths, random_)
        for name, rows in vars(world).items():
            getattr(merged, name).extend(rows)
    for row in merged.collection_runs:
        row["row_count"] = objects
    return cycles, merged


def judge_live(warehouse: Warehouse, cycle: dt.datetime, origin: str = "live") -> None:
    parameters = {
        "cycle": cycle,
        "known_at": known_at(cycle),
        "computed_at": cycle,
        "is_limits_stale": False,
        "origin": origin,
        "run_id": f"run-{cycle.isoformat()}",
    }
    warehouse.write("verdicts/compare.sql", parameters)


def judged(warehouse: Warehouse, start: dt.datetime, end: dt.datetime, known: dt.datetime | None) -> list[Any]:
    parameters = {"period_start": start, "period_end": end, "known_at": Typed("TIMESTAMP", known)}
    return list(warehouse.run("verdicts/judge_period.sql", parameters))


def ledger_rows(warehouse: Warehouse) -> list[Any]:
    table = f"{warehouse.config.project}.{warehouse.config.dataset}.verdicts"
    return [dict(row.items()) for row in warehouse.client.list_rows(table)]


def facts(rows: list[Any]) -> dict[str, list[tuple[Any, ...]]]:
    """What is compared, by world: a difference is shown with its whole world and no other."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row["environment"], []).append(tuple(row[name] for name in COMPARED))
    return {environment: sorted(entries, key=repr) for environment, entries in found.items()}


def assert_same(found: list[Any], expected: list[Any]) -> None:
    ours, theirs = facts(found), facts(expected)
    for environment in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(environment, []), theirs.get(environment, [])
        if mine != other:
            only_found = "\n".join(f"  found    {_short(row)}" for row in mine if row not in other)
            only_model = "\n".join(f"  expected {_short(row)}" for row in other if row not in mine)
            pytest.fail(f"{environment} ({COMPARED}):\n{only_found}\n{only_model}")


def _short(row: tuple[Any, ...]) -> str:
    return " ".join(value.strftime("%H:%M") if isinstance(value, dt.datetime) else str(value) for value in row)


def episodes_of(rows: list[Any], cycles: list[dt.datetime]) -> list[Any]:
    before = dict.fromkeys(("max_replicas", "limit_version", "spec_replicas", "hpa_max_replicas"))
    observations = [from_verdict({**row, **{f"previous_{key}": None for key in before}}) for row in rows]
    return fold_period([], observations, cycles, PolicyConfig())


def test_the_worlds_hold_every_verdict_and_reason() -> None:
    found = set()
    for seed in range(10):
        cycles, tables = make_worlds(seed)
        model = Model(tables, known_at)
        found |= {(row["verdict"], row["reason"]) for cycle in cycles for row in model.judge(cycle)}
    assert found == {
        ("exempt", "exemption"),
        ("in_grace", "new_workload"),
        ("invalid_limit", "document_rejected"),
        ("no_limit", "limit_withdrawn"),
        ("no_limit", "relabelled"),
        ("within_limit", "api_changed"),
        ("within_limit", "limit_rekeyed"),
        ("no_limit", "no_limit_matches"),
        ("over_limit", "lower_bound_over_ceiling"),
        ("over_limit", "over_ceiling"),
        ("unknown", "cluster_failed"),
        ("unknown", "cluster_incomplete"),
        ("unknown", "cluster_partial"),
        ("unknown", "count_not_written"),
        ("unknown", "hpa_is_stale"),
        ("unlabelled", "labels_missing"),
        ("unlabelled", "labels_removed"),
        ("within_limit", "cluster_retired"),
        ("within_limit", "fewer_clusters"),
        ("within_limit", "scope_changed"),
        ("within_limit", "surge_forgiven"),
        ("within_limit", "within_ceiling"),
        ("within_limit", "workload_gone"),
    }


@given(seed=st.integers(min_value=0, max_value=2**32))
@one_example_of_many_worlds
def test_model_live_and_recomputation_agree(warehouse: Warehouse, seed: int) -> None:
    cycles, tables = make_worlds(seed)
    random_ = random.Random(seed + 1)
    for name, rows in vars(tables).items():
        _load(warehouse, name, rows)
    _load(warehouse, "verdicts", [])
    model = Model(tables, known_at)
    expected = [{"cycle": cycle, **row} for cycle in cycles for row in model.judge(cycle)]
    for cycle in cycles:
        for _ in range(random_.choice([1, 1, 2])):  # a run that died after its write is run again
            judge_live(warehouse, cycle)
    live = ledger_rows(warehouse)
    assert_same(live, expected)
    assert {row["revision"] for row in live} == {1}, "running a cycle again wrote something"

    changed = {row["cycle"]: row["cycle_minutes"] for row in tables.collection_runs}
    assert {row["cycle_minutes"] == changed[row["cycle"]] for row in live} == {True}, "each as long as it was recorded"
    end = cycles[-1] + SHORTEST
    whole = judged(warehouse, cycles[0], end, None)
    assert_same(whole, live)
    assert {row["cycle_minutes"] == changed[row["cycle"]] for row in whole} == {True}
    # A backfill long after, when cycles are of another length.
    other = warehouse.config.model_copy(update={"cycle_minutes": random_.choice([1, 15, 60])})
    judge_live(Warehouse(warehouse.client, other, warehouse.sql_root), random_.choice(cycles), "backfill")
    assert {row["revision"] for row in ledger_rows(warehouse)} == {1}, "the length of cycles now judges no past one"
    middle = random_.choice(cycles[1:])
    halves = judged(warehouse, cycles[0], middle, None) + judged(warehouse, middle, end, None)
    assert_same(halves, live)
    assert episodes_of(whole, cycles) == episodes_of(live, cycles)

    late = Model(tables, lambda cycle: FAR_FUTURE)
    known_now = [{"cycle": cycle, **row} for cycle in cycles for row in late.judge(cycle)]
    assert_same(judged(warehouse, cycles[0], end, FAR_FUTURE), known_now)
