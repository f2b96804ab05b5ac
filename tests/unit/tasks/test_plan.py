"""What a run is planned to do, what its pods are told, and how long it waits for limits."""

import datetime as dt
import json
from types import SimpleNamespace
from typing import Any

import pytest

from pedwatch.config import Config
from pedwatch.cycles import PERIOD
from pedwatch.errors import LedgerError
from pedwatch.tasks import plan, replica_watch

CYCLE = dt.datetime(2026, 3, 2, 10, 5, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def config(clusters: int = 2, **collector: Any) -> Config:
    """Return a configuration with that many clusters."""
    return Config.model_validate(
        {
            "project": "p",
            "bucket": "evidence",
            "firestore": {"project": "p"},
            "collector": {"image": "i:1", **collector},
            "clusters": [{"name": f"c{place}", "environment": "prod"} for place in range(clusters)],
            "label_keys": {"api_id": "example.com/api", "team_id": "example.com/team", "also": ["tier", "app"]},
            "slack": {"platform_channel": "C0PLATFORM"},
        }
    )


class Ledger:
    """A warehouse that knows when the limits were synced, and learns it while it is asked."""

    def __init__(self, *known_at: dt.datetime | None) -> None:
        self._answers = list(known_at)
        self.asked = 0

    def run(self, name: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Answer the one statement that is asked here; the last answer stands."""
        assert (name, parameters) == ("limits/known_at.sql", {"cycle": CYCLE})
        self.asked += 1
        return [{"known_at": self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]}]


def wait(
    ledger: Ledger, known_at: dt.datetime | None = None, patience: float = 60
) -> tuple[dict[str, Any], list[float]]:
    """Wait for the limits of the cycle; return what was found, and the pauses it took."""
    pauses: list[float] = []
    return plan.await_limits(ledger, CYCLE, known_at, patience, pauses.append), pauses  # type: ignore[arg-type]


def test_a_scheduled_run_is_live_and_its_plan_is_json() -> None:
    found = plan.plan_run(CYCLE, CYCLE + SECOND, CYCLE + 20 * SECOND, "scheduled", {"label": "backfill"}, PERIOD)
    assert json.loads(json.dumps(found)) == found
    assert (found["cycle"], found["origin"], found["run_type"]) == ("2026-03-02T10:05:00+00:00", "live", "scheduled")
    assert (found["may_collect"], found["may_notify"], found["label"]) == (True, True, "backfill")


def test_a_clock_that_is_a_minute_behind_loses_no_cycle_in_green() -> None:
    found = plan.plan_run(CYCLE, CYCLE, CYCLE - 60 * SECOND, "scheduled", {}, PERIOD)
    assert (found["cycle"], found["origin"], found["may_notify"]) == (CYCLE.isoformat(), "live", True)
    with pytest.raises(LedgerError, match=r"90 s before cycle 20260302T100500Z.*set the worker's clock right"):
        plan.plan_run(CYCLE, CYCLE, CYCLE - 90 * SECOND, "scheduled", {}, PERIOD)
    assert plan.plan_run(CYCLE, CYCLE, CYCLE - 90 * SECOND, "manual", {}, PERIOD)["origin"] == "backfill"


def test_a_run_without_an_interval_takes_the_cycle_before_it() -> None:
    found = plan.plan_run(None, CYCLE + 137 * SECOND, CYCLE + 140 * SECOND, "manual", {}, PERIOD)
    assert (found["cycle"], found["may_notify"], found["label"]) == (CYCLE.isoformat(), False, "watch")


def test_a_manual_run_tells_only_with_leave() -> None:
    assert plan.plan_run(CYCLE, CYCLE, CYCLE, "manual", {"allow_notify": True}, PERIOD)["may_notify"]


@pytest.mark.parametrize("run_type", ["backfill", "scheduled", "manual"])
def test_the_past_is_compared_and_no_more(run_type: str) -> None:
    found = plan.plan_run(CYCLE, CYCLE, CYCLE + dt.timedelta(hours=1), run_type, {"allow_notify": True}, PERIOD)
    assert (found["origin"], found["may_collect"], found["may_notify"]) == ("backfill", False, False)
    told: dict[str, Any] = {}
    ti = SimpleNamespace(xcom_push=lambda key, value: told.update({key: value}))
    assert replica_watch.fold_episodes(found, ti=ti) == "write_evidence"
    assert set(told[replica_watch.FOLDED].values()) == {0}
    assert replica_watch.notify(found) == {}


@pytest.mark.parametrize(("waiting", "task"), [(0, "nothing_to_say"), (1, "notify")])
def test_slack_is_called_only_when_something_waits(waiting: int, task: str) -> None:
    assert replica_watch.next_task({"origin": "live"}, {"deliverable": waiting}) == task


def test_each_pod_is_told_its_clusters_and_nothing_secret() -> None:
    given = config(3, max_pods=2, environment={"EXTRA": "x"})
    first, second = plan.collector_environment(given, given.clusters, CYCLE, CYCLE + 20 * SECOND, "/kube")
    assert (first["PEDWATCH_BATCH"], second["PEDWATCH_BATCH"]) == ("c0 +1", "c1")
    assert [target["name"] for target in json.loads(first["REPLICA_COLLECTOR_CLUSTERS_JSON"])] == ["c0", "c2"]
    assert first["REPLICA_COLLECTOR_CYCLE"] == "2026-03-02T10:05:00Z"
    assert first["REPLICA_COLLECTOR_OUTPUT"] == "gs://evidence"
    assert first["REPLICA_COLLECTOR_LABEL_API_ID"] == "example.com/api"
    assert first["REPLICA_COLLECTOR_LABEL_ALSO"] == "app,tier", "sorted, so that the pod's spec is the same each cycle"
    assert first["PEDWATCH_CLOSES_AT"] == "2026-03-02T10:06:50+00:00", "90 s after the run began"
    assert first["EXTRA"] == "x"
    assert all(isinstance(value, str) for value in first.values())
    assert "REPLICA_COLLECTOR_IMPERSONATE" not in first, "a pod is who it runs as, unless it is told"


def test_a_pod_is_told_whom_to_be_and_where_to_ask() -> None:
    account = "ped-replica-collector@p.iam.gserviceaccount.com"
    given = config(1, impersonate=account, iam_endpoint="https://iam.psc.example")
    (pod,) = plan.collector_environment(given, given.clusters, CYCLE, CYCLE, "/kube")
    assert pod["REPLICA_COLLECTOR_IMPERSONATE"] == account
    assert pod["REPLICA_COLLECTOR_IAM_ENDPOINT"] == "https://iam.psc.example"


@pytest.mark.parametrize(
    ("collector", "told"),
    [
        (
            {"service_account_name": "ped-replica-collector"},
            "nobody can make .* composer-user-workloads; .* impersonate",
        ),
        ({"impersonate": "ped-replica-collector"}, "impersonate"),
        ({"impersonate": "a@example.com"}, "impersonate"),
        ({"environment": {"https_proxy": "http://proxy"}}, "https_proxy: the collector uses no proxy"),
        ({"iam_endpoint": "http://127.0.0.1:1"}, "iam_endpoint"),
    ],
)
def test_an_identity_that_cannot_be_is_refused(collector: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        config(1, **collector)


def test_limits_that_were_fresh_at_the_load_are_not_asked_for_again() -> None:
    ledger = Ledger(None)
    assert wait(ledger, CYCLE) == ({"known_at": CYCLE.isoformat(), "is_stale": False}, [])
    assert ledger.asked == 0


def test_a_live_run_waits_for_its_own_cycles_sync() -> None:
    found, pauses = wait(Ledger(CYCLE - SECOND, CYCLE - SECOND, CYCLE + SECOND), CYCLE - SECOND)
    assert (found["is_stale"], pauses) == (False, [1, 2]), "a sync that is nearly done holds nothing up"


def test_after_a_minute_it_judges_by_what_is_known_and_says_so() -> None:
    found, pauses = wait(Ledger(CYCLE - 300 * SECOND), CYCLE - 300 * SECOND)
    assert found == {"known_at": "2026-03-02T10:00:00+00:00", "is_stale": True}
    assert (sum(pauses), len(pauses)) == (60, 9), "each is a statement"


@pytest.mark.parametrize(("origin", "after", "seconds"), [("live", 25, 35.0), ("live", 140, 0.0), ("backfill", 2, 0.0)])
def test_the_minute_begins_with_the_run(origin: str, after: int, seconds: float) -> None:
    assert plan.patience({"origin": origin, "started_at": CYCLE.isoformat()}, CYCLE + after * SECOND, PERIOD) == seconds


def test_without_patience_they_are_asked_for_once() -> None:
    ledger = Ledger(CYCLE - SECOND)
    assert wait(ledger, patience=0) == ({"known_at": (CYCLE - SECOND).isoformat(), "is_stale": True}, [])
    assert ledger.asked == 1


@pytest.mark.parametrize("patience", [60, 0])
def test_without_any_sync_nothing_can_be_judged(patience: float) -> None:
    with pytest.raises(LedgerError, match=r"no sync in 90 days.*ped_limits_sync"):
        wait(Ledger(None), patience=patience)
