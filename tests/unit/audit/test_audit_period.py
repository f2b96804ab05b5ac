"""An audit of a period: figures, episodes, differences with their cause, gaps; one pass over what was stored."""

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pedwatch.audit.assembly import Findings, Sources, audit_period
from pedwatch.audit.figures import resolution
from pedwatch.audit.judged import side_by_side
from pedwatch.audit.request import AuditRequest
from pedwatch.config import PolicyConfig, PolicyOverride
from pedwatch.cycles import PERIOD
from pedwatch.errors import AuditError
from tests.unit.audit.shop_day import DAY, UNKNOWN, at, coverage, limit, line, over, sources, verdict

REQUEST = AuditRequest("march", DAY, DAY + dt.timedelta(days=1), "UTC")
Row = dict[str, Any]


def audit(given: Sources, request: AuditRequest = REQUEST) -> tuple[Findings, list[Any], list[Any]]:
    """Audit, and return also the rows of verdicts.csv and differences.csv."""
    verdicts: list[Any] = []
    differences: list[Any] = []
    findings = audit_period(request, given, PolicyConfig(), verdicts.append, differences.append)
    return findings, verdicts, differences


def busy(cycle: dt.datetime) -> Row:
    """Over from 10:00 to 11:00, not seen from 11:00 to 11:30."""
    if at("10:00") <= cycle < at("11:00"):
        return over()
    return dict(UNKNOWN) if at("11:00") <= cycle < at("11:30") else {}


def test_violation_hours_are_over_cycles_and_unknown_is_counted_apart() -> None:
    findings, verdicts, differences = audit(sources(line(busy)))
    total = findings.figures.total("then")
    assert (total.violation_hours, total.unknown_hours, total.strict_hours) == (1.0, 0.5, 1.0)
    assert total.replica_hours_over == 4.0
    assert (total.judged, len(verdicts), differences) == (288, 288, [])


def test_the_warm_up_is_folded_and_not_counted() -> None:
    findings, _, _ = audit(sources(line(lambda cycle: over() if cycle < at("1:00") else {})))
    assert findings.figures.total("then").violation_hours == 1.0
    [episode] = findings.episodes["then"]
    assert episode.started_cycle == at("22:00", -1)
    [row] = [row for row in findings.episode_rows if row["known_as"] == "then"]
    assert (row["over_cycles"], episode.over_cycles) == (12, 36)


def test_an_episode_that_began_long_before_keeps_its_id_and_its_begin() -> None:
    began = {
        "episode_id": "e-1",
        "fingerprint": "f-orders",
        "subject": "cluster/prod.shop.orders/eu-prod-1",
        "kind": "over_limit",
        **dict.fromkeys(("scope", "environment", "cluster", "team_id", "api_id", "limit_id")),
        "started_cycle": at("9:00", -5),
        "fired_cycle": at("9:05", -5),
    }
    given = sources(line(lambda cycle: over() if cycle < at("3:00") else {}), open_episodes=[began])
    [episode] = audit(given)[0].episodes["then"]
    assert (episode.episode_id, episode.state, episode.over_since) == ("e-1", "resolved", at("9:00", -5))
    assert episode.resolved_cycle == at("3:05")


def test_time_to_resolve_repeat_offenders_and_what_goes_on() -> None:
    def twice(cycle: dt.datetime) -> Row:
        return over() if at("8:00") <= cycle < at("8:30") or cycle >= at("23:00") else {}

    found = resolution(audit(sources(line(twice)))[0].episodes["then"])
    assert (found.fired, found.resolved, found.still_open) == (2, 1, 1)
    assert found.median_minutes == found.longest_minutes == 35
    assert found.repeat_offenders == ((("prod", "shop", "orders"), 2),)


def test_the_policy_of_that_time_folds_not_todays() -> None:
    patient = PolicyConfig(defaults=PolicyOverride(for_observations=12, window_observations=12)).for_api(None, None)
    row = {"team_id": None, "api_id": None, "valid_from": at("0:00", -9), "valid_to": at("0:00", 9)}
    strict = [row | patient.model_dump()]
    given = line(lambda cycle: over(11) if at("10:00") <= cycle < at("10:30") else {})
    assert audit(sources(given))[0].episodes["then"][0].fired_cycle == at("10:05")
    assert audit(sources(given, policies=strict))[0].episodes["then"][0].fired_cycle is None


def raised(row: Row) -> Row:
    """Return a verdict as it is by a limit of 20, version 2."""
    better = {"limit_version": 2, "max_replicas": 20, "ceiling": 20, "verdict": "within_limit", "is_over_strict": False}
    return row | better


def test_a_late_limit_is_named_with_commit_and_approver_and_the_rest_is_counted_as_then() -> None:
    then = line(busy)
    now = [raised(row) if at("10:30") <= row["cycle"] < at("11:00") else row for row in then]
    versions = [limit(), limit(2, source_commit="c0ffee", approver="erin")]
    findings, _, differences = audit(sources(then, now, limits=versions))
    assert (findings.figures.total("then").over, findings.figures.total("now").over) == (12, 6)
    assert {row["causes"] for row in differences} == {"late_limit"}
    [span] = findings.differences
    assert (span.first_cycle, span.last_cycle, span.cycles) == (at("10:30"), at("10:55"), 6)
    assert (span.verdicts, span.limits) == (
        ("over_limit", "within_limit", "over_limit"),
        ("10 (v1)", "20 (v2)", "10 (v1)"),
    )
    assert (span.commit, span.approver) == ("c0ffee", "erin")
    assert [row["version"] for row in findings.limits] == [1, 2]


@pytest.mark.parametrize(
    ("live", "cause"),
    [
        pytest.param(UNKNOWN, "late_data", id="it was dark when it was judged live"),
        pytest.param({**UNKNOWN, "reason": "cluster_partial", "measured": 8}, "late_data", id="only a part was seen"),
        pytest.param({"spec_replicas": 9}, "late_data", id="other evidence"),
        pytest.param({"policy_version": "p0", "ceiling": 12}, "policy_version", id="another policy"),
        pytest.param({"reason": "of_old"}, "rule_version", id="nothing but the words differ"),
        pytest.param({"limit_version": 7}, "late_limit", id="another limit with the same data"),
        pytest.param({**UNKNOWN, "policy_version": "p0"}, "late_data policy_version", id="two causes"),
    ],
)
def test_each_difference_from_live_has_its_cause(live: Row, cause: str) -> None:
    then = line(lambda _: {})
    judged = [row | live if row["cycle"] == at("9:00") else row for row in then]
    _, _, [difference] = audit(sources(then, live=judged))
    assert (difference["cycle"], difference["causes"]) == (at("9:00"), cause)
    assert difference["source_commit"] == ("0ddba11" if cause == "late_limit" else None)


def test_a_workload_that_only_late_observations_show_was_late_data() -> None:
    then = [*line(lambda _: {}), *line(lambda _: {}, "basket")]
    live = [row for row in then if (row["api_id"], row["cycle"]) != ("basket", at("9:00"))]
    _, _, [difference] = audit(sources(then, live=live))
    assert (difference["api_id"], difference["cycle"]) == ("basket", at("9:00"))
    assert (difference["causes"], difference["live_verdict"]) == ("late_data", None)


def test_a_cycle_nobody_judged_live_is_said_to_be_one() -> None:
    then = line(lambda _: {})
    findings, _, differences = audit(sources(then, live=[row for row in then if row["cycle"] != at("9:00")]))
    assert [(row["cycle"], row["causes"], row["live_verdict"]) for row in differences] == [
        (at("9:00"), "not_judged_live", None)
    ]
    assert findings.figures.total("live").judged == 287


def test_coverage_counts_cycles_without_any_record_and_never_rounds_up() -> None:
    rows = coverage(lambda cycle: "failed" if cycle == at("9:00") else "complete")
    findings, _, _ = audit(sources(line(busy), coverage=[row for row in rows if row["cycle"] != at("9:05")]))
    assert (findings.coverage.expected, findings.coverage.complete, findings.coverage.percent) == (288, 286, 99.30)
    assert [(gap.status, gap.cycles) for gap in findings.coverage.gaps] == [("failed", 1), ("no_record", 1)]


def test_a_period_without_data_is_refused() -> None:
    with pytest.raises(AuditError, match="collection_runs has no row"):
        audit(sources([], coverage=[]))


def test_exemptions_are_counted_by_name() -> None:
    exempt = {"verdict": "exempt", "exemption_id": "sale", "measured": 12, "is_over_strict": True}
    found = audit(sources(line(lambda cycle: exempt if cycle < at("1:00") else {})))[0].figures
    assert {(e.limit_id, e.exemption_id): n for e, n in found.exemptions["then"].items()} == {
        ("prod.shop.orders", "sale"): 12
    }
    assert (found.total("then").over, found.total("then").over_strict) == (0, 12)


_VERDICTS = st.sampled_from([{}, over(11), over(30), UNKNOWN, {"verdict": "exempt", "exemption_id": "sale"}])


@settings(max_examples=8)
@given(changes=st.lists(_VERDICTS, min_size=5, max_size=20), cut=st.integers(1, 39), seed=st.integers(0, 99))
def test_two_half_days_add_up_to_a_day(changes: list[Row], cut: int, seed: int) -> None:
    def change(cycle: dt.datetime) -> Row:
        return changes[((cycle - DAY) // PERIOD * 7 + seed) % len(changes)]

    whole = audit(sources(line(change)))[0].figures.total("then")
    middle = DAY + cut * 7 * PERIOD
    halves = [
        audit(sources(line(change)), AuditRequest("m", *period, "UTC"))[0].figures.total("then")
        for period in ((DAY, middle), (middle, REQUEST.end))
        # The fold of the second half begins in the first: that changes episodes' memory, never a count of verdicts.
    ]
    assert halves[0] + halves[1] == whole


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc"), st.sets(st.sampled_from(["t", "n", "l"])))))
def test_three_streams_become_one_in_order(items: list[tuple[int, str, set[str]]]) -> None:
    streams: dict[str, list[Row]] = {"t": [], "n": [], "l": []}
    for (number, api), members in sorted({(n, a): m for n, a, m in items}.items()):
        for name in members:
            streams[name].append(verdict(DAY + number * PERIOD, api))
    found = list(side_by_side(streams["t"], streams["n"], streams["l"]))
    keys = [(item.cycle, item.subject["subject"]) for item in found]
    assert keys == sorted(set(keys))
    for name, attribute in (("t", "then"), ("n", "now"), ("l", "live")):
        assert [getattr(item, attribute) for item in found if getattr(item, attribute)] == streams[name]


def test_the_result_does_not_depend_on_the_order_in_which_apis_are_named() -> None:
    apis = ["alpha", "beta", "gamma"]
    random.Random(7).shuffle(apis)
    mixed = [row for api in apis for row in line(busy, api)]
    ordered = [row for api in sorted(apis) for row in line(busy, api)]
    assert audit(sources(mixed))[1] == audit(sources(ordered))[1]
