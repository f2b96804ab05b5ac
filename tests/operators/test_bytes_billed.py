"""Every job says what it may bill at most, and a statement that would bill more is told, and changes nothing."""

import datetime as dt

import pytest
from google.cloud import bigquery

from pedwatch.byte_budgets import MIB, Budget, budget
from pedwatch.errors import LedgerError
from pedwatch.hooks.warehouse import Warehouse
from tests.e2e.watched_world import World, workload


def jobs_since(world: World, since: dt.datetime) -> list[bigquery.QueryJob]:
    client = world.warehouse.client
    found = client.list_jobs(min_creation_time=since)
    return [client.get_job(each.job_id) for each in found if each.job_type == "query" and not each.parent_job_id]


def test_every_job_of_a_cycle_has_its_limits(world: World) -> None:
    world.holds("eu-prod-1", workload("orders", 20))
    since = dt.datetime.now(dt.UTC)
    world.run(1).go()
    jobs = [job for job in jobs_since(world, since) if job.labels.get("pedwatch")]
    assert len(jobs) >= 6
    subjects = world.config.cost_guard.subjects
    assert subjects is not None
    for job in jobs:
        name = job.labels["pedwatch"].replace("-", "/", 1) + ".sql"
        allowed = budget(name, subjects)
        asked = job.to_api_repr()["configuration"]["query"]
        assert asked["scriptOptions"]["statementByteBudget"] == str(allowed.statement)
        assert job.maximum_bytes_billed == allowed.job
        assert 0 < job.total_bytes_billed < job.maximum_bytes_billed / 4


def test_what_would_bill_more_is_one_sentence_that_says_which_and_why(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pedwatch.hooks.warehouse.budget", lambda *_: Budget(10 * MIB, 10 * MIB))
    with pytest.raises(LedgerError) as refused:
        warehouse.run("alerts/digest.sql", {"now": dt.datetime(2026, 3, 2, tzinfo=dt.UTC)})
    told = str(refused.value)
    assert told.startswith("alerts/digest.sql: it would bill 60 MiB, and may bill 10 MiB by cost_guard.subjects: ")
    assert "Nothing was read." in told and "set cost_guard.subjects: 1 there" in told
    assert "\n" not in told


def test_a_comparison_that_would_bill_more_judges_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "pedwatch.hooks.warehouse.budget",
        lambda name, *given: Budget(500 * MIB, 50 * MIB) if name == "verdicts/compare.sql" else budget(name, *given),
    )
    world.holds("eu-prod-1", workload("orders", 20))
    with pytest.raises(LedgerError, match=r"verdicts/compare.sql: it would bill 60 MiB, and may bill 50 MiB"):
        world.run(1).go(until="compare")
    assert world.rows("verdicts") == []
    monkeypatch.undo()
