"""Expectations hold, or say what was seen instead."""

from typing import Any

import pytest

from sandbox.scenario.checking import check, not_held
from sandbox.scenario.left_behind import LeftBehind, LeftByBackfill, Outcome, SlackMessage
from sandbox.scenario.tests.minimal import minimal

VERDICT = {
    "cycle": 1,
    "subject": "cluster/prod.orders.api/eu-1",
    "scope": "cluster",
    "cluster": "eu-1",
    "namespace": "shop",
    "workload_name": "api",
    "api_id": "api",
    "team_id": "orders",
    "verdict": "within_limit",
    "measured": 4,
    "max_replicas": 4,
    "reason": "within_ceiling",
    "is_over_strict": False,
}
COLLECTED = [{"cycle": cycle, "cluster": "eu-1", "status": "complete"} for cycle in range(1, 5)]
EPISODE = {
    "kind": "over_limit",
    "subject": "cluster/prod.orders.api/eu-1",
    "api_id": "api",
    "team_id": "orders",
    "cluster": "eu-1",
    "state": "resolved",
    "end_reason": "replicas_fell",
    "severity": "warning",
    "fired_cycle": 2,
    "resolved_cycle": 4,
    "peak_measured": 9,
}


def message(text: str, **changes: Any) -> SlackMessage:
    values: dict[str, Any] = {
        "channel": "C0ORDERS",
        "channel_name": "orders",
        "ts": "1.0",
        "thread_ts": None,
        "text": text,
        "posted_text": text,
        "kind": "first",
        "cycle": 2,
        "api_id": "api",
    }
    return SlackMessage(**{**values, **changes})


def outcome(expect: dict[str, Any], **evidence: Any) -> Outcome:
    """Return the outcome of the only expectation given."""
    scenario = minimal(expect=expect)
    return check(scenario, LeftBehind(**{"collection_runs": COLLECTED, **evidence}))[0]


WITHIN = {"cycles": 1, "api": "api", "verdict": "within_limit"}


@pytest.mark.parametrize(
    ("expected", "held", "seen"),
    [
        pytest.param(WITHIN, True, "1 verdicts", id="as expected"),
        pytest.param({**WITHIN, "verdict": "over_limit"}, False, "is within_limit (measured 4", id="another verdict"),
        pytest.param({**WITHIN, "measured": 5}, False, "measured 4", id="another count"),
        pytest.param({**WITHIN, "cycles": "1-2"}, False, "cycle 2: no verdict at all", id="a cycle is missing"),
        pytest.param({**WITHIN, "subjects": 2}, False, "1 subjects, not 2", id="too few subjects"),
        pytest.param({**WITHIN, "api": "other"}, False, "no verdict at all", id="nothing matches"),
        pytest.param({"cycles": 1, "workload": "eu-1/shop/api", "verdict": "within_limit"}, True, "", id="by workload"),
        pytest.param({"cycles": 1, "workload": "eu-1/other/api", "verdict": "within_limit"}, False, "", id="namespace"),
    ],
)
def test_verdicts(expected: dict[str, Any], held: bool, seen: str) -> None:
    result = outcome({"verdicts": [expected]}, verdicts=[VERDICT])
    assert (result.held, seen in result.detail) == (held, True), result.detail


@pytest.mark.parametrize(
    ("expected", "messages", "held"),
    [
        pytest.param({"api": "api", "kind": "first"}, [message("api is over")], True, id="one"),
        pytest.param({"api": "api", "kind": "first"}, [], False, id="none"),
        pytest.param({"api": "api"}, [message("a"), message("b", kind="resolved")], False, id="one too many"),
        pytest.param({"api": "api", "kind": "first"}, [message("a", kind="resolved")], False, id="another kind"),
        pytest.param({"api": "api", "cycles": 3}, [message("a")], False, id="another cycle"),
        pytest.param({"channel": "orders"}, [message("a")], True, id="channel by name"),
        pytest.param({"channel": "C0PLATFORM"}, [message("a")], False, id="another channel"),
        pytest.param({"text": ["OVER", "9"]}, [message("api is over: 9")], True, id="words in any case"),
        pytest.param({"text": ["over", "10"]}, [message("api is over: 9")], False, id="a word is missing"),
        pytest.param(
            {"text": "was", "count": 0}, [message("now", posted_text="was")], False, id="as posted, not as edited"
        ),
        pytest.param({"count": 0}, [], True, id="silence"),
        pytest.param({"count": 0}, [message("a")], False, id="no silence"),
        pytest.param({"in_thread": True}, [message("a", thread_ts="0.5")], True, id="a reply"),
        pytest.param({"in_thread": False}, [message("a", thread_ts="0.5")], False, id="not a reply"),
    ],
)
def test_messages(expected: dict[str, Any], messages: list[SlackMessage], held: bool) -> None:
    result = outcome({"messages": [expected]}, messages=messages)
    assert result.held == held
    assert result.held or any(text in result.detail for text in ("not 1", "not 0")), result.detail


@pytest.mark.parametrize(
    ("said", "held"),
    [
        pytest.param(message("orders is fine", api_id=None), True, id="nothing"),
        pytest.param(message("api is over", api_id=None), False, id="by name"),
        pytest.param(message("over", content='[{"text": "api: 9"}]', api_id=None), False, id="in the blocks"),
        pytest.param(message("over"), False, id="by the outbox"),
        pytest.param(message("payments-api and api-gateway", api_id=None), True, id="other names that hold the word"),
        pytest.param(message("fine", posted_text="api", api_id=None), False, id="before an edit"),
    ],
)
def test_silence(said: SlackMessage, held: bool) -> None:
    assert outcome({"silence": ["api"]}, messages=[said]).held == held


@pytest.mark.parametrize(
    ("expected", "held"),
    [
        pytest.param({"api": "api", "state": "resolved", "fired": 2, "resolved": 4}, True, id="all of it"),
        pytest.param({"api": "api", "fired": 3}, False, id="another cycle"),
        pytest.param({"api": "api", "end_reason": "limit_raised"}, False, id="another reason"),
        pytest.param({"api": "other", "count": 0}, True, id="none of another"),
        pytest.param({"count": 0}, False, id="none at all"),
        pytest.param({"api": "api", "peak": 9}, True, id="peak"),
    ],
)
def test_episodes(expected: dict[str, Any], held: bool) -> None:
    result = outcome({"episodes": [expected]}, episodes=[EPISODE])
    assert result.held == held
    assert held or "fired in 2, resolved in 4 (replicas_fell)" in result.detail


def test_clusters_and_rejections() -> None:
    assert outcome({"clusters": [{"cycles": "1-4", "cluster": "eu-1", "status": "complete"}]}).held
    dark = outcome({"clusters": [{"cycles": 2, "cluster": "eu-1", "status": "failed"}]})
    assert not dark.held and "cycle 2: complete" in dark.detail
    rows = [{"document_id": "prod.a.b", "reason": "max_replicas: must be a whole number"}]
    assert outcome({"rejections": [{"document": "prod.a.b", "text": "MAX_REPLICAS"}]}, rejections=rows).held
    assert not outcome({"rejections": [{"document": "prod.a.b", "text": "scope"}]}, rejections=rows).held
    assert "prod.a.b" in outcome({"rejections": [{"document": "prod.a.c"}]}, rejections=rows).detail


def failing(**evidence: Any) -> list[str]:
    """Return the invariants that do not hold."""
    outcomes = check(minimal(), LeftBehind(**{"collection_runs": COLLECTED, **evidence}))
    return [result.name for result in not_held(outcomes)]


def test_invariants_of_any_run() -> None:
    assert failing() == []
    assert failing(failed_runs=["ped_replica_watch 10:00: failed"]) == ["every DAG run succeeded"]
    assert failing(verdicts=[VERDICT, VERDICT]) == ["no verdict stands twice in the ledger"]
    assert failing(collection_runs=COLLECTED[:3]) == ["every cluster has one collection_runs row in every cycle"]
    assert failing(notifications=[{"status": "ambiguous", "reason": "first", "channel": "C", "error": "x"}]) == [
        "nothing is left unsent in the outbox"
    ]
    assert failing(messages=[message("same"), message("same", ts="2.0")]) == ["no message was posted twice"]


FILES = [
    f"audits/backfill/20260302T100000Z/{name}"
    for name in ("verdicts.csv", "limits.csv", "coverage.csv", "manifest.json")
]
RUNS = [("manual__1", "backfill", "success"), ("manual__2", "backfill", "success")]


@pytest.mark.parametrize(
    ("seen", "broken"),
    [
        pytest.param(LeftByBackfill(RUNS, 0, 0, 0, FILES), "", id="all well"),
        pytest.param(LeftByBackfill(RUNS[:1], 0, 0, 0, FILES), "runs executed", id="a run too few"),
        pytest.param(LeftByBackfill([], 0, 0, 0, FILES), "runs executed", id="a vacuous pass"),
        pytest.param(
            LeftByBackfill([RUNS[0], ("x", "manual", "success")], 0, 0, 0, FILES), "runs executed", id="no backfill"
        ),
        pytest.param(LeftByBackfill(RUNS, 1, 0, 0, FILES), "new Slack messages", id="it spoke"),
        pytest.param(LeftByBackfill(RUNS, 0, 1, 0, FILES), "new outbox rows", id="it wanted to speak"),
        pytest.param(LeftByBackfill(RUNS, 0, 0, 3, FILES), "new evidence objects", id="it collected"),
        pytest.param(LeftByBackfill(RUNS, 0, 0, 0, FILES[:3]), "wrote", id="a file is missing"),
        pytest.param(
            LeftByBackfill(RUNS, 0, 0, 0, FILES, is_live_ledger_kept=False), "judged live", id="it rewrote the ledger"
        ),
    ],
)
def test_the_backfill(seen: LeftByBackfill, broken: str) -> None:
    scenario = minimal(backfill={"cycles": "1-2"})
    missed = not_held(check(scenario, LeftBehind(collection_runs=COLLECTED, backfill=seen)))
    assert [broken in result.name for result in missed] == [True] * bool(broken)


def test_what_the_backfill_knows_is_held_against_the_newest_revision() -> None:
    expected = {**WITHIN, "verdict": "over_limit"}
    scenario = minimal(backfill={"cycles": "1-2", "expect": {"verdicts": [expected]}})
    seen = LeftByBackfill(RUNS, 0, 0, 0, FILES, verdicts=[VERDICT])
    [missed] = not_held(check(scenario, LeftBehind(collection_runs=COLLECTED, backfill=seen)))
    assert missed.name.startswith("backfill: as known now")
    assert "is within_limit" in missed.detail
