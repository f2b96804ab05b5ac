"""The audit's tasks as Airflow calls them: a wrong param fails at once and for good, a fresh day waits."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from pedwatch import settings
from pedwatch.audit.request import AuditRequest
from pedwatch.config import Retention
from pedwatch.cycles import PERIOD
from pedwatch.errors import NothingCollectedYetError
from pedwatch.tasks import replica_audit

NOW = dt.datetime(2026, 3, 10, 0, 10, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def sandbox_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten past midnight, days in UTC."""
    monkeypatch.setattr(settings, "now", lambda: NOW)
    config = SimpleNamespace(report_timezone="UTC", period=PERIOD, retention=Retention())
    monkeypatch.setattr(settings, "load_config", lambda: config)


def run(start: dt.datetime | None = None, end: dt.datetime | None = None, kind: str = "scheduled") -> SimpleNamespace:
    """Return what tasks see of a run."""
    return SimpleNamespace(data_interval_start=start, data_interval_end=end, run_type=kind)


def test_the_daily_run_audits_its_interval_and_waits_until_it_is_settled() -> None:
    day = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)
    request = replica_audit.plan_audit(dag_run=run(day, day + dt.timedelta(days=1)), params={"label": "daily"})
    assert AuditRequest.from_json(request).folder == "2026-03-09"
    assert not replica_audit.is_settled(request)
    earlier = replica_audit.plan_audit(dag_run=run(day - dt.timedelta(days=1), day), params={"label": "daily"})
    assert replica_audit.is_settled(earlier)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"from_date": "2026-03-09", "to_date": "2026-03-01"}, "Last day .* before First day"),
        ({"from_date": "2026-03-10"}, "still to come"),
        ({"label": "UPPER"}, "use lower-case letters"),
    ],
)
def test_a_wrong_param_fails_at_once_and_is_not_tried_again(params: dict[str, Any], says: str) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=says):
        replica_audit.plan_audit(dag_run=run(), params=params)


@pytest.mark.parametrize("kind", ["scheduled", "backfill", "manual"])
def test_the_night_after_an_installation_is_no_failure(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who asks for such a day is told that there is none; the schedule leaves it out."""
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    from pedwatch.audit.bucket import period_pack
    from pedwatch.hooks import clients

    def nothing(*_: Any) -> dict[str, Any]:
        raise NothingCollectedYetError("nothing was collected yet before 2026-03-10 00:00 UTC")

    monkeypatch.setattr(clients, "warehouse", lambda config: None)
    monkeypatch.setattr(clients, "storage_client", lambda config: None)
    monkeypatch.setattr(period_pack, "write_pack", nothing)
    day = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)
    request = replica_audit.plan_audit(dag_run=run(day, day + dt.timedelta(days=1)), params={"label": "daily"})
    expected = AirflowFailException if kind == "manual" else AirflowSkipException
    with pytest.raises(expected, match="nothing was collected yet"):
        replica_audit.write_pack_of_run(request, run(kind=kind))
