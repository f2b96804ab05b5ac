"""The model of the bill: its rules, that nothing is left out, what docs/cost.md tells of it, and what it allows."""

import re

import pytest

from bench.billed_statements import Catalog
from bench.cost import BASE, MOST, total_tib
from bench.cost_page import BEGIN, END, PAGE, figures
from bench.fleet_sizes import Fleet, width
from bench.month import month, parts
from bench.prices import LEAST, Prices
from pedwatch.byte_budgets import KIB_PER_SUBJECT, budget
from tests.operators.test_watch_statements import QUIET, TELLING

OCCASIONAL = {
    "alerts/acknowledgeable.sql",  # a person takes care
    "alerts/record_acknowledgements.sql",
    "alerts/commit_staged_fold.sql",  # a fold of a whole fleet
    "alerts/done_in_cycle.sql",  # a run that failed
    "limits/current_rejections.sql",  # documents that are wrong
    "alerts/told_of_documents.sql",
    "alerts/told_of_foreign_messages.sql",  # once a day
    "alerts/report_failed_run.sql",
    "alerts/reported_runs.sql",
    "alerts/write_run_words.sql",  # and one that finishes again
    "limits/known_at.sql",  # limits that are late
    "limits/limits_as_of.sql",
    "limits/record_refusal.sql",
    "limits/replay_proposed.sql",
    "limits/replayable_cycles.sql",
    "limits/taken_workloads.sql",
    "page/audited_until.sql",  # somebody looks at the pages
    "page/coverage.sql",
    "page/episodes.sql",
    "page/ledger.sql",
    "page/limit_versions.sql",
    "page/now.sql",
    "page/stretches.sql",
    "page/told.sql",
    "verdicts/cycle_at.sql",
    "observations/pinned_clusters.sql",
    "observations/seen_clusters.sql",  # whether names in the configuration are known
    "schema/record_step.sql",
    "schema/take_over.sql",
    "heartbeats/newest.sql",  # the doctor
    "audit/cycle_limits.sql",  # backfills
    "audit/cycle_verdicts.sql",
    "audit/sample.sql",  # an auditor draws
    "audit/sampled_ledger.sql",
    "audit/sampled_messages.sql",
    "audit/sampled_observations.sql",
    "verdicts/advisories.sql",  # off, until asked for
    "verdicts/explain.sql",
    "verdicts/explain_observations.sql",
    "verdicts/judge_period.sql",
    "verdicts/replay_period.sql",
}
"""What no part of the month counts: it runs when something went wrong, or when somebody asks."""
LARGE = Fleet(100_000)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog()


def scanned(catalog: Catalog, name: str, table: str) -> set[str]:
    return {
        column
        for each in catalog.statements(name)
        for scan in each.scans
        if scan.table == table
        for column in scan.columns
    }


def test_only_columns_that_are_needed_are_billed_also_of_what_a_with_names(catalog: Catalog) -> None:
    found = scanned(catalog, "alerts/message_lookup.sql", "verdicts")
    assert {"measured", "fingerprint", "cycle"} <= found and not {"subject", "content_sha256", "run_id"} & found


def test_a_column_is_as_wide_as_its_type_and_nothing_where_it_is_not_written(catalog: Catalog) -> None:
    kinds = catalog.tables["replica_observations"]
    names = ("created_at", "namespace", "spec_replicas", "is_past_deadline", "hpa_able_to_scale")
    assert [width(name, kinds[name]) for name in names] == [8, 16, 8, 1, 16]
    assert width("hpa_max_replicas", kinds["hpa_max_replicas"], "replica_observations") == pytest.approx(8 / 3)


def test_of_six_hours_no_more_is_read_than_tells_surge_names_and_labels(catalog: Catalog) -> None:
    [past] = [
        scan
        for each in catalog.statements("verdicts/compare.sql")
        for scan in each.scans
        if scan.table == "replica_observations" and each.conditions
    ]
    who = {"cycle", "cluster", "namespace", "resource_type", "name", "api_id", "team_id"}
    surge = {"spec_replicas", "status_replicas", "updated_replicas", "strategy", "max_surge"}
    takeover = {"workload_ref_kind", "workload_ref_name", "workload_ref_scale_down"}
    assert past.columns == who | surge | takeover


def test_a_merge_that_updates_is_billed_the_whole_table(catalog: Catalog) -> None:
    prices = Prices(catalog, LARGE)
    merges = {each.rewritten: each for each in catalog.statements("limits/commit_sync.sql") if each.rewritten}
    assert set(merges) >= {"limit_history", "limit_rejections", "policy_history"}
    update = prices.statement(merges["limit_history"]).bytes
    whole = prices.fleet.rows("limit_history") * 150
    assert update > whole


def test_a_statement_costs_ten_megabytes_for_each_table_at_least(catalog: Catalog) -> None:
    bill = Prices(catalog, Fleet(1)).of("heartbeats/listen.sql")
    assert bill.bytes == bill.references * LEAST


def test_an_hour_is_read_of_the_ledger_and_not_a_day(catalog: Catalog) -> None:
    *_, judged = catalog.statements("verdicts/compare.sql")
    assert judged.text.startswith("MERGE `")
    rows = Prices(catalog, LARGE)._rows(
        "verdicts", [s for s in judged.scans if s.table == "verdicts"], LARGE.moments()[6]
    )
    assert rows <= 2 * 12 * LARGE.subjects


def test_six_hours_are_billed_only_where_some_workload_asks_for_its_past(catalog: Catalog) -> None:
    asking = [
        each
        for each in catalog.statements("verdicts/compare.sql")
        for scan in each.scans
        if scan.table == "replica_observations" and "$equal" not in {bound.operator for bound in scan.bounds}
    ]
    assert [len(each.conditions) for each in asking] == [1]
    assert Prices(catalog, Fleet(10))._share(asking[0]) < 0.1 < Prices(catalog, Fleet(500))._share(asking[0])


def test_no_statement_is_left_out(catalog: Catalog) -> None:
    counted = {name for part in parts(set(catalog.names)) for name in part.statements}
    shipped = {name for name in catalog.names if not name.startswith("ddl/")}
    assert counted | OCCASIONAL == shipped
    assert not counted & OCCASIONAL


def test_the_cycles_are_those_of_real_runs(catalog: Catalog) -> None:
    by_part = {part.name: part.statements for part in parts(set(catalog.names))}

    def labels(*names: str) -> list[str]:
        return sorted(one.removesuffix(".sql").replace("/", "-") for name in names for one in by_part[name])

    assert labels("every cycle", "cycles that tell nothing") == sorted(QUIET)
    assert labels("every cycle", "cycles that tell") == sorted(TELLING)


@pytest.mark.parametrize("subjects", BASE)
def test_a_month_is_the_part_of_what_it_was_that_it_may_be(catalog: Catalog, subjects: int) -> None:
    assert total_tib(catalog, subjects) <= MOST[subjects] * BASE[subjects]


def test_the_page_tells_what_the_model_says(catalog: Catalog) -> None:
    """To five per cent, or one in the last digit: ``python -m bench.cost_page`` writes it anew."""
    told = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
    now = figures(catalog)
    number = r"\d[\d,]*\.?\d*"
    assert re.sub(number, "#", told) == re.sub(number, "#", now)
    for one, other in zip(re.findall(number, told), re.findall(number, now), strict=True):
        last = 10.0 ** -len(other.partition(".")[2])
        assert float(one.replace(",", "")) == pytest.approx(float(other.replace(",", "")), rel=0.05, abs=1.01 * last)


def test_no_healthy_deployment_meets_a_limit_and_a_mistake_does(catalog: Catalog) -> None:
    run = {line.name for line in month(catalog, LARGE)} | OCCASIONAL
    for fleet in (Fleet(500), Fleet(10_000), LARGE):
        prices = Prices(catalog, fleet, is_worst=True)
        for name in run:
            allowed = budget(name, fleet.subjects)
            assert 2 * prices.of(name).bytes <= allowed.job, name
            assert 2 * prices.largest(name) <= allowed.statement, name
    # All of the ledger, read once by whatever runs in a cycle.
    whole = Prices(catalog, LARGE).of("ddl/views/live_ledger.sql").bytes
    assert budget("verdicts/compare.sql", LARGE.subjects).job < whole / 50


def test_statements_with_a_budget_of_their_own_are_shipped(catalog: Catalog) -> None:
    assert set(KIB_PER_SUBJECT) <= set(catalog.names)
